//! Several outputs, several platforms, pushes without a tag, and Bentos in files.

use serde_json::Value;

use crate::lab::{Lab, docker, registry_get};

#[test]
fn a_push_and_a_loaded_image_in_one_step() {
    let lab = Lab::greeter(1000).quick();
    let image = lab.image("both");
    let outputs = "type=image,push=true,compression=zstd,force-compression=true\ntype=docker";
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("outputs", outputs), ("tags", image.as_str())];
    let result = lab.step(&with);
    assert!(result.succeeded(), "{}", result.log_text());
    let get = |reference: &str| registry_get(&format!("{}/manifests/{reference}", lab.repository()));
    let manifest = get(get("both")["manifests"][0]["digest"].as_str().unwrap());
    assert!(manifest["layers"][0]["mediaType"].as_str().unwrap().contains("zstd"), "{manifest:#}");
    // Both hold the model: the one in the registry as a layer that was added, the one here as BuildKit built it.
    let look = ["run", "--rm", "--pull", "never", "--entrypoint", "cat", image.as_str(), "models/greetings/latest"];
    assert_eq!(docker(&look), "v1");
    docker(&["image", "rm", "--force", &image]);
    assert_eq!(docker(&["run", "--rm", "--entrypoint", "cat", &image, "models/greetings/latest"]), "v1");
    docker(&["image", "rm", "--force", &image]);
}

#[test]
fn a_push_by_digest_writes_no_tag() {
    let lab = Lab::greeter(1000).quick();
    let image = lab.image("x");
    let name = image.trim_end_matches(":x");
    let output = format!("type=image,name={name},push-by-digest=true,name-canonical=true,push=true");
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("outputs", &output)]);
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(
        (result.outputs["tags"].as_str(), result.outputs["image"].as_str()),
        ("[]", format!("{name}@{}", result.outputs["digest"]).as_str())
    );
    let index = registry_get(&format!("{}/manifests/{}", lab.repository(), result.outputs["digest"]));
    assert!(index["manifests"].is_array(), "{index:#}");
    let tags = registry_get(&format!("{}/tags/list", lab.repository()));
    assert!(tags["tags"].as_array().is_none_or(Vec::is_empty), "{tags}");
}

#[test]
fn all_platforms_have_the_same_layer_of_the_model() {
    let lab = Lab::greeter(1000);
    // Nothing runs in this build: no other machine's programs are needed.
    std::fs::write(lab.workspace().join("Dockerfile"), "FROM scratch\nCOPY . /home/bentoml/bento/\n").unwrap();
    let image = lab.image("platforms");
    let platforms = ("platforms", "linux/amd64,linux/arm64");
    let with =
        [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str()), platforms];
    let result = lab.step(&with);
    assert!(result.succeeded(), "{}", result.log_text());
    let get = |reference: &str| registry_get(&format!("{}/manifests/{reference}", lab.repository()));
    let index = get("platforms");
    let images: Vec<_> =
        index["manifests"].as_array().unwrap().iter().filter(|entry| entry["platform"]["os"] == "linux").collect();
    let architectures: Vec<_> =
        images.iter().map(|entry| entry["platform"]["architecture"].as_str().unwrap()).collect();
    assert_eq!(architectures, ["amd64", "arm64"]);
    let model = |entry: &&Value| {
        get(entry["digest"].as_str().unwrap())["layers"].as_array().unwrap().last().unwrap()["digest"].clone()
    };
    let models: Vec<_> = images.iter().map(model).collect();
    assert_eq!(models[0], models[1]);
    let summary = result.summary.unwrap();
    assert_eq!(summary.matches("model greetings:v1").count(), 1, "{summary}");
}

#[test]
fn an_exported_bento_needs_no_store_and_rules_name_its_tags() {
    let lab = Lab::greeter(1000).quick();
    let file = lab.workspace().join("greeter.bento").display().to_string();
    lab.bentoml("bentoml", &["export", "greeter:v1", &file]);
    let dry = lab.step(&[("bento-tag", "greeter.bento"), ("dry-run", "true")]);
    assert!(dry.succeeded() && dry.log_text().contains("With model greetings:v1 (1"), "{}", dry.log_text());
    assert!(dry.state.is_empty() && !dry.log_text().contains("unpacking"), "{:?}", dry.state);
    let image = lab.image("x");
    let with = [
        ("bento-tag", "greeter.bento"),
        ("file", "Dockerfile"),
        ("push", "true"),
        ("images", image.trim_end_matches(":x")),
        ("tag-rules", "type=bento\ntype=raw,value={{bento_name}},suffix=-x"),
    ];
    let elsewhere = lab.folder("nothing").display().to_string();
    let result = lab.run(&with, &[("BENTOML_HOME", &elsewhere)], |step| step);
    assert!(result.succeeded(), "{}", result.log_text());
    let tags = registry_get(&format!("{}/tags/list", lab.repository()));
    let mut tags: Vec<_> = tags["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["greeter-x", "v1"]);
    let again = lab.step(&[&with[..1], &[("bento-tag", "greeter:v1")], &with[1..]].concat());
    assert_eq!(again.outputs["layers-reused"], "1", "the model in the file is that of the store: {}", again.log_text());
}
