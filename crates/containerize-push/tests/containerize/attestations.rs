//! What BuildKit states stays attached to what BuildKit built; the image with the models has a statement of ours.

use serde_json::Value;

use crate::lab::{Lab, docker, registry_get};

fn annotation<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry["annotations"][format!("vnd.docker.reference.{name}")].as_str().unwrap_or_default()
}

#[test]
fn statements_stay_with_what_they_are_about() {
    let lab = Lab::greeter(1000).quick();
    let image = lab.image("stated");
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let result = lab.step(&[&with[..], &[("provenance", "mode=max")]].concat());
    assert!(result.succeeded(), "{}", result.log_text());
    let name = lab.repository();
    let get = |digest: &str| registry_get(&format!("{name}/manifests/{digest}"));
    let index = get(&result.outputs["digest"]);
    let entries = index["manifests"].as_array().unwrap();
    let about = |digest: &str, kind: &str| {
        let found =
            entries.iter().find(|entry| (annotation(entry, "digest"), annotation(entry, "type")) == (digest, kind));
        found.unwrap_or_else(|| panic!("no {kind} of {digest}: {index:#}"))
    };
    let ours = entries[0]["digest"].as_str().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["platform"]["os"] == "linux").count(), 1, "one image to pull");
    // The image without models is named, so no registry collects it, and BuildKit's statement is about it.
    let base = about(ours, "image-without-models")["digest"].as_str().unwrap();
    let theirs = get(about(base, "attestation-manifest")["digest"].as_str().unwrap());
    assert_eq!(theirs["layers"][0]["mediaType"], "application/vnd.in-toto+json");
    assert!(get(base)["layers"].as_array().unwrap().len() < get(ours)["layers"].as_array().unwrap().len());
    // Ours names it and the model; the engine's own tools read it, and pull the image.
    about(ours, "attestation-manifest");
    let told = docker(&["buildx", "imagetools", "inspect", &image, "--format", "{{json .Provenance}}"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let materials = told["SLSA"]["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    let digest = |material: &Value| format!("sha256:{}", material["digest"]["sha256"].as_str().unwrap());
    let digests: Vec<_> = materials.iter().map(digest).collect();
    let model = get(ours)["layers"].as_array().unwrap().last().unwrap()["digest"].as_str().unwrap().to_owned();
    assert_eq!(digests, [base.to_owned(), model]);
    docker(&["pull", "--quiet", &image]);
    docker(&["image", "rm", "--force", &image]);

    let without = lab.step(&[&with[..], &[("provenance", "false")]].concat());
    assert!(without.succeeded(), "{}", without.log_text());
    let bare = get(&without.outputs["digest"]);
    assert!(bare["manifests"].as_array().is_none_or(|entries| entries.len() == 1), "{bare:#}");
}

#[test]
fn without_models_the_image_and_its_statements_are_the_engine_s() {
    let lab = Lab::plain().quick();
    let image = lab.image("plain");
    let with = [("bento-tag", "plain:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let result = lab.step(&[&with[..], &[("provenance", "mode=max")]].concat());
    assert!(result.succeeded(), "{}", result.log_text());
    let index = registry_get(&format!("{}/manifests/{}", lab.repository(), result.outputs["digest"]));
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2, "{index:#}");
    assert_eq!(annotation(&index["manifests"][1], "digest"), index["manifests"][0]["digest"]);
    assert_eq!(index["annotations"]["com.bentoml.bento.tag"], "plain:v1");
    let told = docker(&["buildx", "imagetools", "inspect", &image, "--format", "{{json .Provenance}}"]);
    assert!(told.contains("mobyproject.org/buildkit"), "{told}");
}
