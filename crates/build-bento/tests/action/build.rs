//! Builds that end well.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::project::{BENTOFILE, Project, SERVICE, venv};

/// What BentoML's own command prints of a Bento.
fn get(project: &Project, tag: &str) -> String {
    let mut command = Command::new(venv().join("bin/bentoml"));
    command.args(["get", tag, "-o", "json"]).env("BENTOML_HOME", project.home()).env("BENTOML_DO_NOT_TRACK", "true");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn all_inputs_reach_the_bento_and_the_outputs_say_what_bentoml_says() {
    let service = SERVICE.replace("import bentoml\n", "import bentoml\nprint('arg:', bentoml.use_arguments().size)\n");
    let project = Project::empty()
        .file("my app/service.py", &service)
        .file("my app/config/build it.yaml", &format!("{BENTOFILE}labels:\n  team: old\n  kept: 'é'\n"))
        .with("context", "my app")
        .with("bentofile", "config/build it.yaml")
        .with("version", "V1.2")
        .with("name", "renamed")
        .with("bento-labels", "team=new\n\nnote=a = b\n")
        .with("args", "size=big=1");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["bento-tag"], "renamed:v1.2");
    assert_eq!(result.outputs["bento-name"], "renamed");
    assert_eq!(result.outputs["bento-version"], "v1.2");
    assert_eq!(result.outputs["bento-path"], project.home().join("bentos/renamed/v1.2").display().to_string());
    let theirs = get(&project, "renamed:latest");
    assert_eq!(result.outputs["metadata"].trim(), theirs.trim());
    assert_eq!(result.outputs["bento-metadata"], result.outputs["metadata"]);
    let metadata: Value = serde_json::from_str(&theirs).unwrap();
    assert_eq!(metadata["labels"], serde_json::json!({"team": "new", "kept": "é", "note": "a = b"}));
    assert_eq!(metadata["args"], serde_json::json!({"size": "big=1"}));
    let summary = result.summary.clone().unwrap();
    assert!(summary.contains("renamed:v1.2") && summary.contains("BentoML"), "{summary}");
    let log = result.log_text();
    assert!(log.contains("arg: big=1") && log.contains("Build configuration: "), "{log}");
    assert_eq!(project.stored("tmp"), [""; 0], "the staging folder is gone");

    // The same version a second time: the store keeps the first, as with BentoML's own command.
    let again = project.build();
    assert_eq!(again.exit_code, Some(9), "{}", again.log_text());
    assert!(again.errors()[0].contains("renamed:v1.2 already"), "{:?}", again.errors());
    assert_eq!(get(&project, "renamed:v1.2"), theirs);
}

#[test]
fn what_the_service_prints_is_neither_obeyed_nor_taken_for_an_answer() {
    let prints = "\
import sys
print('::error file=x.py,line=1::not ours')
print('::set-output name=bento-tag::evil:1')
print('::add-mask::Echo')
print('##[error]not ours either', file=sys.stderr)
print('__tag__:evil:1')
print('token is', 's3cret-of-the-job')
sys.stdout.write('no line end')
";
    let project = Project::service(&format!("{prints}{SERVICE}"))
        .with("cloud-api-token", "cloud-s3cret")
        .with("cloud-endpoint", "http://127.0.0.1:9")
        .secret("s3cret-of-the-job");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.outputs["bento-tag"].starts_with("echo:"), "{:?}", result.outputs);
    assert!(result.annotations.is_empty(), "{:?}", result.annotations);
    let log = result.log_text();
    assert!(log.contains("not ours either") && log.contains("__tag__:evil:1") && log.contains("no line end"), "{log}");
    assert!(!log.contains("s3cret-of-the-job") && log.contains("token is ***"), "{log}");
}

#[test]
fn the_service_sees_its_environment_but_no_inputs() {
    let looks = "\
import os, sys
assert not [name for name in os.environ if name.startswith('INPUT_')], os.environ
assert os.environ['OWN'] == 'kept' and os.environ['BENTO_CLOUD_API_KEY'] == 'cloud-s3cret'
assert sys.argv == ['bentoml', 'build'] and __name__ == 'service'
print('leaks', os.environ['BENTO_CLOUD_API_KEY'])
import threading, time
threading.Thread(target=time.sleep, args=(3600,)).start()
";
    let project = Project::service(&format!("{looks}{SERVICE}"))
        .env("OWN", "kept")
        .env("FORCE_COLOR", "1")
        .with("cloud-api-token", "cloud-s3cret");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let log = result.log_text();
    assert!(log.contains("leaks ***") && !log.contains("cloud-s3cret") && !log.contains('\u{1b}'), "{log}");
    assert!(result.duration.as_secs() < 60, "a thread that never ends does not hold the job");
}

#[test]
fn a_service_of_the_working_directory_needs_no_bentofile() {
    let image = SERVICE.replace(
        "@bentoml.service\n",
        "@bentoml.service(image=bentoml.images.Image(python_version='3.12', lock_python_packages=False))\n",
    );
    let project = Project::empty().file("app/main.py", &image).with("context", "app.main:Echo").with("version", "1");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["bento-tag"], "echo:1");
    assert!(result.summary.unwrap().contains("3.12"));
}

/// BentoML 1.1 and 1.2 build in a second Python and read the tag from its output; this makes 1.4 look like them.
#[test]
fn a_bentoml_that_would_scrape_its_own_output_builds_without_that() {
    let project = Project::echo()
        .file("hook/sitecustomize.py", "import bentoml.bentos\nbentoml.bentos._parse_tag_from_outputs = None\n")
        .with("version", "1")
        .with("name", "other")
        .with("bento-labels", "team=ml");
    let hook = project.workspace().join("hook").display().to_string();
    let project = project.env("PYTHONPATH", &hook);
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["bento-tag"], "other:1");
    let metadata: Value = serde_json::from_str(&result.outputs["metadata"]).unwrap();
    assert_eq!(metadata["labels"], serde_json::json!({"team": "ml"}));

    let result = project.with("args", "a=b").with("version", "2").build();
    assert_eq!(result.exit_code, Some(2), "{}", result.log_text());
    assert!(result.errors()[0].starts_with("input args: BentoML 1."), "{:?}", result.errors());
}

#[test]
fn a_git_context_is_fetched_at_its_reference() {
    let repository = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(repository.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let app = repository.path().join("my app");
    std::fs::create_dir(&app).unwrap();
    // A module beside the folder, whose own import is not installed.
    std::fs::write(repository.path().join("beside.py"), "import torch\n").unwrap();
    let service = format!("import sys\nsys.path.append('..')\nimport beside\n{SERVICE}");
    std::fs::write(app.join("service.py"), service).unwrap();
    std::fs::write(app.join("bentofile.yaml"), BENTOFILE).unwrap();
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "works"]);
    git(&["tag", "v1"]);
    std::fs::write(app.join("service.py"), "import bentoml\nraise ValueError('on main')\n").unwrap();
    git(&["commit", "--quiet", "-a", "-m", "broken"]);
    let url = format!("file://{}", repository.path().display());

    let good = Project::empty().with("context", &format!("{url}#v1:my app")).with("version", "1");
    let result = good.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["bento-tag"], "echo:1");
    assert!(result.log_text().contains("built without torch"), "{}", result.log_text());

    let broken = Project::empty().with("context", &format!("{url}#:my app")).build();
    assert_eq!(broken.exit_code, Some(6), "{}", broken.log_text());
    let error = &broken.annotations[0];
    assert_eq!((error.file.as_deref(), error.line), (Some("my app/service.py"), Some(2)), "{error:?}");

    for (context, says) in [("#v1:other", "no folder other"), ("#nowhere", "nowhere")] {
        let result = Project::empty().with("context", &format!("{url}{context}")).build();
        assert_eq!((result.exit_code, result.errors().len()), (Some(2), 1), "{}", result.log_text());
        assert!(result.errors()[0].contains(says), "{:?}", result.errors());
    }
}

#[test]
fn the_example_builds_from_an_absolute_path_outside_the_workspace() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/summarization").canonicalize().unwrap();
    let project = Project::empty()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .with("context", example.to_str().unwrap())
        .with("version", "1");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["bento-tag"], "summarization:1");
    let mut files: Vec<_> = std::fs::read_dir(Path::new(&result.outputs["bento-path"]).join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["bentofile.yaml", "service.py", "summarizer.py"]);
}
