//! What BuildKit states stays attached to what BuildKit built; the image with the models has a statement of ours.

use serde_json::Value;

use crate::lab::{Lab, base, docker, registry_get};

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
    assert_eq!(bare["mediaType"], "application/vnd.oci.image.manifest.v1+json", "docker's own has no annotations");
    assert_eq!(bare["annotations"]["com.bentoml.bento.tag"], "greeter:v1");
}

/// A generator of BuildKit's protocol that finds nothing: the usual one is an image of a registry that no test reaches.
const GENERATOR: &str = r#"
RUN printf '%s\n' '#!/bin/sh' 'printf %s '"'"'{"_type": "https://in-toto.io/Statement/v0.1", "subject": [], "predicateType": "https://spdx.dev/Document", "predicate": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "scanned"}}'"'"' >"$BUILDKIT_SCAN_DESTINATION/scan.spdx.json"' >/scan && chmod 755 /scan
ENTRYPOINT ["/scan"]
"#;

#[test]
fn an_sbom_is_about_the_image_without_models_and_stays_with_it() {
    let lab = Lab::greeter(1000).quick();
    let generator = lab.image("generator");
    let folder = lab.folder("generator");
    std::fs::write(folder.join("Dockerfile"), format!("FROM {}{GENERATOR}", base())).unwrap();
    docker(&["buildx", "build", "--push", "--provenance=false", "--tag", &generator, &folder.display().to_string()]);
    let image = lab.image("listed");
    let result = lab.step(&[
        ("bento-tag", "greeter:v1"),
        ("file", "Dockerfile"),
        ("push", "true"),
        ("tags", &image),
        ("sbom", &format!("generator={generator}")),
    ]);
    assert!(result.succeeded(), "{}", result.log_text());
    let get = |digest: &str| registry_get(&format!("{}/manifests/{digest}", lab.repository()));
    let index = get(&result.outputs["digest"]);
    let entries = index["manifests"].as_array().unwrap();
    let base = entries.iter().find(|entry| annotation(entry, "type") == "image-without-models").unwrap();
    let theirs = entries.iter().find(|entry| annotation(entry, "digest") == base["digest"]).unwrap();
    let layers = get(theirs["digest"].as_str().unwrap())["layers"].clone();
    let kind = |layer: &Value| layer["annotations"]["in-toto.io/predicate-type"].as_str().unwrap().to_owned();
    let listed = layers.as_array().unwrap().iter().find(|layer| kind(layer) == "https://spdx.dev/Document").unwrap();
    let statement = registry_get(&format!("{}/blobs/{}", lab.repository(), listed["digest"].as_str().unwrap()));
    let subject = format!("sha256:{}", statement["subject"][0]["digest"]["sha256"].as_str().unwrap());
    assert_eq!(base["digest"], subject);
    assert_eq!(statement["predicate"]["name"], "scanned");
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
