//! A push: what comes out is what BentoML would have made, and the model goes to the registry once.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{Lab, docker, registry, registry_get};

/// Everything that the image keeps of the Bento, with owner and size. Two things differ on purpose: the mode of a model's
/// folder, which with BentoML is an accident, and the Dockerfile, which with BentoML is the one used.
fn files(image: &str) -> Vec<String> {
    let find = "find /home/bentoml -printf '%p %m %U:%G %s %y\\n' | sort";
    let list = docker(&["run", "--rm", "--entrypoint", "sh", image, "-c", find]);
    let same = |line: &str| match line.split(' ').next().unwrap_or_default() {
        path if path.ends_with("/env/docker/Dockerfile") => path.to_owned(),
        path if path.ends_with("/models/greetings/v1") => line.replace(" 700 ", " 755 "),
        _ => line.to_owned(),
    };
    list.lines().map(same).collect()
}

fn config(image: &str) -> Value {
    let mut config: Value = serde_json::from_str(&docker(&["inspect", "--format", "{{json .Config}}", image])).unwrap();
    if let Some(labels) = config["Labels"].as_object_mut() {
        labels.retain(|name, _| !name.starts_with("org.opencontainers.image.") && !name.starts_with("com.bentoml."));
    }
    if config["Labels"].as_object().is_none_or(serde_json::Map::is_empty) {
        config["Labels"] = Value::Null;
    }
    config
}

/// A container, removed when dropped.
struct Container(String);

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.0]);
    }
}

/// What the service in a container answers.
fn answer(image: &str) -> String {
    let container = Container(docker(&["run", "--detach", "--publish", "127.0.0.1::3000", image]).trim().to_owned());
    let port = docker(&["port", &container.0, "3000"]);
    let address = format!("http://{}/greet", port.trim());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let client = bento_core::http::client().unwrap();
        loop {
            let sent = client.post(&address).json(&serde_json::json!({"name": "you"})).send().await;
            match sent {
                Ok(response) if response.status().is_success() => break response.text().await.unwrap(),
                other if start.elapsed() > Duration::from_secs(40) => {
                    panic!("it does not serve: {other:?}\n{}", docker(&["logs", &container.0]))
                }
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    })
}

/// The digests of the layers that a pushed index names, platform by platform.
fn layers(repository: &str, digest: &str) -> Vec<String> {
    let index = registry_get(&format!("{repository}/manifests/{digest}"));
    let image = index["manifests"][0]["digest"].as_str().unwrap();
    let manifest = registry_get(&format!("{repository}/manifests/{image}"));
    manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

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
    let leftover = docker(&["images", "--format", "{{.Tag}}"]);
    assert!(!leftover.contains("bento-staging"), "the engine keeps a staging tag: {leftover}");
    for image in [theirs.as_str(), image, &second.outputs["image"]] {
        docker(&["image", "rm", "--force", image]);
    }
}
