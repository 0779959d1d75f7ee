//! A push: what comes out is what BentoML would have made, and the model goes to the registry once.

use crate::container::answer;
use crate::image::{config, files, layers};
use crate::lab::{Lab, docker, registry, registry_get};

#[test]
fn the_image_is_bentoml_s_and_the_model_travels_once() {
    let lab = Lab::greeter(3_000_000);
    let theirs = format!("{}-theirs:1", lab.image("x").trim_end_matches(":x"));
    lab.bentoml("bentoml", &["containerize", "greeter:v1", "--backend", "buildx", "--image-tag", &theirs]);

    let (one, other) = (lab.image("v1"), format!("{}-other:v1", lab.image("x").trim_end_matches(":x")));
    let tags = format!("{one},{other}");
    let first = lab.step(&[("bento-tag", "greeter:latest"), ("push", "true"), ("tags", &tags)]);
    assert!(first.succeeded(), "{}", first.log_text());
    let image = &first.outputs["image"];
    assert_eq!(*image, format!("{}/{}@{}", registry(), lab.repository(), first.outputs["digest"]));
    assert_eq!((files(image), config(image)), (files(&theirs), config(&theirs)));
    assert_eq!(answer(image), "Hello, you");
    let elsewhere = docker(&["buildx", "imagetools", "inspect", &other]);
    assert!(elsewhere.contains(&first.outputs["digest"]), "{elsewhere}");
    assert_eq!(first.outputs["tags"], format!("[\"{one}\",\"{other}\"]"));
    assert_eq!(first.outputs["layers-reused"], "0");
    let summary = first.summary.as_ref().unwrap();
    assert!(summary.contains("model greetings:v1") && summary.contains("new"), "{summary}");
    let tags = registry_get(&format!("{}/tags/list", lab.repository()));
    assert_eq!(tags["tags"], serde_json::json!(["v1"]), "a staging tag is left");

    lab.build("v2", "# another line\n");
    let second = lab.step(&[("bento-tag", "greeter:v2"), ("push", "true"), ("tags", &lab.image("v2"))]);
    assert!(second.succeeded(), "{}", second.log_text());
    assert_eq!(second.outputs["layers-reused"], "1");
    let (before, after) =
        (layers(lab.repository(), &first.outputs["digest"]), layers(lab.repository(), &second.outputs["digest"]));
    assert_eq!(before.last(), after.last(), "the model's layer");
    assert_ne!(before, after, "the source's layer");
    let all = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let ours = |line: &&str| line.contains(lab.repository()) && line.contains(":bento-staging");
    assert_eq!(all.lines().find(ours), None, "the engine keeps a staging tag");
    for image in [theirs.as_str(), image, &second.outputs["image"]] {
        docker(&["image", "rm", "--force", image]);
    }
}
