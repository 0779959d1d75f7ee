//! Kinds of Bentos: the image is the one that `bentoml containerize` makes of them.

use crate::container::answer;
use crate::image::{config, files};
use crate::lab::{Lab, docker};

/// Makes both images and compares them.
fn compare(lab: &Lab, tag: &str, env: &[(&str, &str)]) -> String {
    let name = lab.image("x");
    let name = name.trim_end_matches(":x");
    let (theirs, ours) = (format!("{name}-theirs:1"), format!("{name}-ours:1"));
    lab.bentoml_with("bentoml", &["containerize", tag, "--backend", "buildx", "--image-tag", &theirs], env);
    let result = lab.run(&[("bento-tag", tag), ("load", "true"), ("tags", &ours)], env, |step| step);
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!((files(&ours), config(&ours)), (files(&theirs), config(&theirs)));
    docker(&["image", "rm", "--force", &theirs]);
    ours
}

#[test]
fn a_bento_with_an_image_of_its_own() {
    let service = "import bentoml\nimport click\n\
        image = bentoml.images.Image().python_packages('click').system_packages('curl').run('echo made > /made')\n\
        @bentoml.service(image=image, envs=[{'name': 'GREETING', 'value': 'Hi, '}, {'name': 'SECRET', 'stage': 'build'}])\n\
        class Greeter:\n    @bentoml.api\n    def greet(self, name: str) -> str:\n        import os\n        return os.environ['GREETING'] + name\n";
    let lab = Lab::of(
        &[("service.py", service), ("bentofile.yaml", "service: service:Greeter\npython:\n  lock_packages: false\n")],
        "v1",
    );
    let ours = compare(&lab, "greeter:v1", &[("SECRET", "a-build-secret")]);
    assert_eq!(docker(&["run", "--rm", "--entrypoint", "cat", &ours, "/made"]), "made\n");
    assert_eq!(answer(&ours), "Hi, you");
    docker(&["image", "rm", "--force", &ours]);
}

#[test]
fn a_bento_with_docker_options_of_the_first_kind() {
    let service = "from bentoml.io import JSON, Text\nfrom bentoml.legacy import Service\n\
        svc = Service('old')\n@svc.api(input=JSON(), output=Text())\ndef greet(asked):\n    import os\n    return os.environ['GREETING'] + asked['name']\n";
    let bentofile = "service: service:svc\ndocker:\n  distro: debian\n  setup_script: setup.sh\n  env:\n    GREETING: Hey\npython:\n  lock_packages: false\n";
    let files =
        [("service.py", service), ("setup.sh", "#!/bin/sh\necho made > /made\n"), ("bentofile.yaml", bentofile)];
    let lab = Lab::of(&files, "v1");
    let ours = compare(&lab, "old:v1", &[]);
    assert_eq!(docker(&["run", "--rm", "--entrypoint", "cat", &ours, "/made"]), "made\n");
    assert_eq!(answer(&ours), "Heyyou");
    docker(&["image", "rm", "--force", &ours]);
}
