//! Models that the project names: pulled where there is access, left to BentoML where there is none.

use std::path::Path;
use std::process::Command;

use local_cloud::{Config, Server};
use tokio::runtime::Runtime;

use crate::project::{BENTOFILE, Project, SERVICE, venv};

/// A cloud that holds the model `weights:v1`, pushed by the real client.
fn cloud(data: &Path, runtime: &Runtime) -> Server {
    let mut config = Config::new(data.join("cloud"));
    config.token = Some("cloud-s3cret".to_owned());
    let server = runtime.block_on(Server::start(config)).unwrap();
    let home = data.join("home");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(venv().join("bin").join(program));
        command
            .args(arguments)
            .env("BENTOML_HOME", &home)
            .env("BENTOML_DO_NOT_TRACK", "true")
            .env("BENTO_CLOUD_API_KEY", server.token())
            .env("BENTO_CLOUD_API_ENDPOINT", server.endpoint());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let make =
        "import bentoml\nwith bentoml.models.create('weights:v1') as m: open(m.path_of('w.txt'), 'w').write('42')";
    run("python", &["-c", make]);
    run("bentoml", &["models", "push", "weights:v1"]);
    server
}

/// A service that needs the model while it is imported.
fn project(tag: &str) -> Project {
    let reads = "print('weights:', open(bentoml.models.get('weights:v1').path_of('w.txt')).read())\n";
    Project::service(&SERVICE.replace("import bentoml\n", &format!("import bentoml\n{reads}")))
        .file("bentofile.yaml", &format!("{BENTOFILE}models:\n- {tag}\n"))
}

#[test]
fn missing_models_are_pulled_when_there_is_access() {
    let runtime = Runtime::new().unwrap();
    let data = tempfile::tempdir().unwrap();
    let server = cloud(data.path(), &runtime);
    let access =
        |project: Project| project.with("cloud-api-token", "cloud-s3cret").with("cloud-endpoint", server.endpoint());

    let good = access(project("weights:v1"));
    let result = good.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.log_text().contains("weights: 42"), "{}", result.log_text());
    assert!(result.outputs["metadata"].contains("\"weights:v1\""), "{}", result.outputs["metadata"]);
    assert!(result.summary.as_ref().unwrap().contains("weights:v1"));
    server.clear_requests();
    assert!(good.build().succeeded());
    assert!(server.requests().is_empty(), "what is in the store is not asked for: {:?}", server.requests());

    let unknown = access(project("weights:v2")).build();
    assert_eq!((unknown.exit_code, unknown.errors().len()), (Some(4), 1), "{}", unknown.log_text());
    assert!(unknown.errors()[0].contains("weights:v2"), "{:?}", unknown.errors());

    let denied = access(project("weights:v1")).with("cloud-api-token", "wr0ng").build();
    assert_eq!((denied.exit_code, denied.errors().len()), (Some(3), 1), "{}", denied.log_text());

    let alone = project("weights:v1").build();
    assert_eq!((alone.exit_code, alone.errors().len()), (Some(4), 1), "{}", alone.log_text());
    assert!(alone.errors()[0].contains("weights:v1 is not in the local store"), "{:?}", alone.errors());
    assert!(alone.errors()[0].contains("cloud-api-token"), "{:?}", alone.errors());
    runtime.block_on(server.shutdown());
}

#[test]
fn a_missing_model_that_a_class_declares_is_shown_at_its_line() {
    let project = Project::service(&format!("{SERVICE}    weights = bentoml.models.BentoModel('weights:v1')\n"));
    let result = project.build();
    assert_eq!((result.exit_code, result.annotations.len()), (Some(4), 1), "{}", result.log_text());
    let error = &result.annotations[0];
    assert_eq!((error.file.as_deref(), error.line), (Some("service.py"), Some(9)), "{error:?}");
}
