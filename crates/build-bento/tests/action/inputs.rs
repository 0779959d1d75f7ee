//! Inputs that are wrong, and dry runs: nothing runs, nothing is written.

use crate::project::{BENTOFILE, Project};

#[test]
fn wrong_inputs_are_named_and_nothing_is_built() {
    for (input, value, says) in [
        ("context", "nowhere", "input context: there is no folder"),
        ("context", "https://example.com/a.git#x:../..", "leads out of the repository"),
        ("bentofile", "other.yaml", "input bentofile: other.yaml does not exist; tried"),
        ("version", "not a version", "cannot be the version"),
        ("version", &"v".repeat(64), "at most 63 characters"),
        ("name", "a:b", "cannot be the name"),
        ("bento-labels", "a=b\nteam", "input bento-labels: the line \"team\" has no `=`"),
        ("args", "=x", "input args: the line \"=x\" has no key"),
        ("dry-run", "maybe", "input dry-run: \"maybe\" is not a boolean"),
    ] {
        let project = Project::echo().with(input, value);
        let result = project.build();
        assert_eq!((result.exit_code, result.annotations.len()), (Some(2), 1), "{}", result.log_text());
        let message = &result.annotations[0].message;
        assert!(message.contains(says), "{message}");
        assert!(!project.home().exists());
    }
}

#[test]
fn a_bentofile_that_is_no_yaml_is_an_error_at_its_line() {
    let project = Project::echo().file("bentofile.yaml", "service: service:Echo\nlabels: {a: b\nname: x\n");
    let result = project.build();
    assert_eq!(result.exit_code, Some(2), "{}", result.log_text());
    let error = &result.annotations[0];
    assert_eq!((error.file.as_deref(), error.line), (Some("bentofile.yaml"), Some(3)), "{error:?}");
}

#[test]
fn a_dry_run_prints_the_plan_and_does_nothing() {
    let project = Project::echo()
        .file("bentofile.yaml", &format!("{BENTOFILE}models:\n- weights:v1\n"))
        .with("dry-run", "true")
        .with("version", "7")
        .with("bento-labels", "team=ml")
        .with("cloud-api-token", "cloud-s3cret");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let log = result.log_text();
    for line in
        ["Context: ", "bentofile.yaml", "Version: 7", "Label: team=ml", "Model: weights:v1 will be", "BentoML 1."]
    {
        assert!(log.contains(line), "{line:?} is missing in {log}");
    }
    assert!(result.outputs.is_empty() && !project.home().exists());
}

#[test]
fn without_bentoml_the_error_says_to_use_setup() {
    let result = Project::echo().env("PATH", "/nowhere").build();
    assert_eq!(result.exit_code, Some(2), "{}", result.log_text());
    assert!(result.errors()[0].contains("uses: …/setup"), "{:?}", result.errors());
}
