//! What the source's links name is in the image, whichever engine builds it, as it is with BentoML.

use std::os::unix::fs::symlink;

use crate::lab::docker;

#[test]
fn a_link_of_the_source_is_packed_as_what_it_names() {
    let lab = crate::errors::hand_made_with("", "WORKDIR /home/bentoml/bento\nCOPY . ./");
    let bento = lab.home().join("bentos/shop/abc1");
    let outside = lab.folder("outside");
    std::fs::create_dir_all(bento.join("src")).unwrap();
    std::fs::create_dir_all(outside.join("package")).unwrap();
    std::fs::write(outside.join("shared.py"), "VALUE = 1\n").unwrap();
    std::fs::write(outside.join("package/part.py"), "VALUE = 2\n").unwrap();
    symlink(outside.join("shared.py"), bento.join("src/shared.py")).unwrap();
    symlink(outside.join("package"), bento.join("src/package")).unwrap();
    let empty = lab.folder("empty").display().to_string();
    for (backend, path) in [("buildx", None), ("docker", Some(("PATH", empty.as_str())))] {
        let image = lab.image(backend);
        let with = [("bento-tag", "shop:abc1"), ("oci-backend", backend), ("push", "true"), ("tags", image.as_str())];
        let result = lab.run(&with, path.as_slice(), |step| step);
        assert!(result.succeeded(), "{}", result.log_text());
        assert!(result.log_text().contains("src/shared.py is a link out of the Bento"), "{}", result.log_text());
        let look = "cat src/shared.py src/package/part.py; find . -type l";
        let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
        assert_eq!(found, "VALUE = 1\nVALUE = 2\n", "{backend}");
        docker(&["image", "rm", "--force", &image]);
    }
    symlink("/nowhere", bento.join("src/gone.py")).unwrap();
    let gone = lab.step(&[("bento-tag", "shop:abc1"), ("load", "true")]);
    assert_eq!((gone.exit_code, gone.errors().len()), (Some(2), 1), "{}", gone.log_text());
    assert!(gone.errors()[0].contains("src/gone.py is a link"), "{:?}", gone.errors());
}
