//! Images on this machine, and Dockerfiles that are only written.

use crate::lab::{Lab, docker};

#[test]
fn a_loaded_image_holds_the_model() {
    let lab = Lab::greeter(1000);
    let image = lab.image("loaded");
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("load", "true"), ("tags", &image)]);
    assert!(result.succeeded(), "{}", result.log_text());
    let look = "cd models && stat -c '%n %a %u:%g %s' greetings greetings/latest greetings/v1/weights.bin && cat greetings/latest";
    let found = docker(&["run", "--rm", "--entrypoint", "sh", &image, "-c", look]);
    let expected = "greetings 755 1034:1034 4096\ngreetings/latest 644 1034:1034 2\ngreetings/v1/weights.bin 644 1034:1034 1000\nv1";
    assert_eq!(found, expected);
    assert!(result.outputs["imageid"].starts_with("sha256:"), "{}", result.outputs["imageid"]);
    docker(&["image", "rm", "--force", &image]);
}

#[test]
fn the_dockerfile_alone_can_be_had() {
    let lab = Lab::greeter(10);
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("dockerfile-only", "out.Dockerfile")]);
    assert!(result.succeeded(), "{}", result.log_text());
    let text = std::fs::read_to_string(lab.workspace().join("out.Dockerfile")).unwrap();
    assert!(text.contains("\nFROM ") && text.contains("--mount=type=cache"), "{text}");
}

#[test]
fn a_cache_that_cannot_be_written_fails_no_good_build() {
    let lab = Lab::greeter(10);
    lab.dockerfile("RUN true");
    let result = lab.step(&[
        ("bento-tag", "greeter:v1"),
        ("file", "Dockerfile"),
        ("cache-to", "type=registry,ref=127.0.0.1:1/no/cache:1"),
    ]);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.log_text().contains("error writing"), "{}", result.log_text());
}
