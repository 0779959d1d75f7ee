//! The engine's API, for machines without the docker CLI: it is hidden here. Podman is served by the same code.

use crate::image::{config, files};
use crate::lab::{Lab, docker, registry_get};

/// The image by BuildKit and the one by the API hold the same, pushed and loaded.
#[test]
fn without_the_command_line_program_the_api_makes_the_same_image() {
    let lab = Lab::greeter(3_000_000).quick();
    // Rules of what is left out are the client's to obey, here and there.
    let bento = lab.home().join("bentos/greeter/v1");
    std::fs::write(bento.join(".dockerignore"), "apis\n!apis/schema.json\n").unwrap();
    let empty = lab.folder("empty").display().to_string();
    let image = lab.image("api");
    let with = |image: &str, more: &[(&'static str, &'static str)]| {
        let all =
            [("bento-tag", "greeter:v1".to_owned()), ("file", "Dockerfile".to_owned()), ("tags", image.to_owned())];
        all.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect::<Vec<_>>()
    };
    let run = |with: Vec<(&'static str, String)>, path: &[(&str, &str)]| {
        let with: Vec<_> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let result = lab.run(&with, path, |step| step);
        assert!(result.succeeded(), "{}", result.log_text());
        result
    };
    let by_buildkit = lab.image("buildkit");
    run(with(&by_buildkit, &[("push", "true")]), &[]);
    let hidden = [("PATH", empty.as_str())];
    let pushed = run(with(&image, &[("push", "true"), ("oci-backend", "docker")]), &hidden);
    assert_eq!(pushed.outputs["layers-reused"], "1", "the model is the same layer");
    let tags = registry_get(&format!("{}/tags/list", lab.repository()));
    assert_eq!(tags["tags"], serde_json::json!(["api", "buildkit"]), "a staging tag is left");
    let loaded = lab.image("loaded");
    let local = run(with(&loaded, &[("load", "true"), ("oci-backend", "docker")]), &hidden);
    assert!(local.outputs["imageid"].starts_with("sha256:"), "{:?}", local.outputs);
    // The file of the rules itself has a rule more, as with docker's own client.
    let files = |image: &str| {
        let mut files = files(image);
        files.retain(|line| !line.contains("/.dockerignore "));
        files
    };
    let expected = files(&by_buildkit);
    assert!(expected.iter().any(|line| line.contains("/models/greetings/v1/weights.bin")), "{expected:?}");
    assert!(expected.iter().any(|line| line.contains("/apis/schema.json")), "{expected:?}");
    assert!(!expected.iter().any(|line| line.contains("/apis/openapi.yaml")), "{expected:?}");
    assert_eq!(files(&image), expected);
    assert_eq!(files(&loaded), expected);
    let known = |image: &str| {
        let config = config(image);
        ["Env", "WorkingDir", "Cmd", "User"].map(|key| config[key].clone())
    };
    assert_eq!(known(&image), known(&by_buildkit));
    for image in [by_buildkit, image, loaded] {
        docker(&["image", "rm", "--force", &image]);
    }
}

#[test]
fn an_engine_that_does_not_listen_and_secrets_that_it_cannot_keep() {
    let lab = Lab::greeter(10);
    let with = [("bento-tag", "greeter:v1"), ("oci-backend", "podman"), ("file", "Dockerfile")];
    let nobody = [("CONTAINER_HOST", "unix:///nowhere/podman.sock")];
    lab.dockerfile("RUN --mount=type=secret,id=a true");
    let secret = lab.run(&with, &nobody, |step| step);
    assert_eq!((secret.exit_code, secret.errors().len()), (Some(2), 1), "{}", secret.log_text());
    assert!(secret.errors()[0].contains("RUN --mount") && secret.errors()[0].contains("oci-backend: buildx"));
    lab.dockerfile("RUN true");
    let alone = lab.run(&with, &nobody, |step| step);
    assert_eq!((alone.exit_code, alone.errors().len()), (Some(5), 1), "{}", alone.log_text());
    assert!(alone.errors()[0].contains("no service of podman at unix:///nowhere/podman.sock answers"));
}
