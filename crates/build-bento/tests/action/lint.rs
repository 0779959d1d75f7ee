//! What is said of a project before it is built, and by a run that only looks.

use runner_sim::{Level, StepResult};

use crate::project::{BENTOFILE, Project, SERVICE};

/// Level, file, line and column of what was said, in the order of the log.
fn said(result: &StepResult) -> Vec<(Level, String, Option<u32>, Option<u32>)> {
    let annotations = result.annotations.iter();
    annotations.map(|one| (one.level, one.file.clone().unwrap_or_default(), one.line, one.col)).collect()
}

/// A run that only looks, where no Python can be started.
fn looked(project: Project) -> StepResult {
    let project = project.with("lint-only", "true").env("PATH", "/nowhere");
    let result = project.build();
    assert!(!project.home().exists() && !result.outputs.contains_key("bento-tag"), "{}", result.log_text());
    result
}

/// The message at a line of the build configuration.
fn at(result: &StepResult, line: u32) -> &str {
    let found = result.annotations.iter().find(|one| one.line == Some(line));
    &found.unwrap_or_else(|| panic!("nothing at line {line}: {:?}", result.annotations)).message
}

#[test]
fn every_unknown_key_is_an_error_at_its_place_and_nothing_is_started() {
    let text = "service: service:Echo\nlabel: {a: b}\npython:\n  lock_package: false\n  pakages: [x]\n\
                models:\n- {tag: 'a:1', alas: b}\n";
    let project = Project::service("raise SystemExit('it was imported')\n").file("bentofile.yaml", text);
    let built = project.build();
    assert_eq!((built.exit_code, built.errors().len()), (Some(2), 4), "{}", built.log_text());
    assert!(!built.log_text().contains("it was imported"));
    for (line, column, meant) in [(2, 1, "labels"), (4, 3, "lock_packages"), (5, 3, "packages"), (7, 16, "alias")] {
        assert!(at(&built, line).contains(&format!("Did you mean {meant}?")), "{}", at(&built, line));
        let error = (Level::Error, "bentofile.yaml".to_owned(), Some(line), Some(column));
        assert!(said(&built).contains(&error), "{:?}", said(&built));
    }
    let looked = looked(project);
    assert_eq!((looked.exit_code, looked.errors().len()), (Some(2), 4), "{}", looked.log_text());
}

#[test]
fn every_value_of_a_wrong_type_is_an_error_at_its_place() {
    let text = "service: service:Echo\nlabels: [a]\npython:\n  no_index: 'yes'\n  packages: numpy\n";
    let result = looked(Project::echo().file("bentofile.yaml", text));
    assert_eq!((result.exit_code, result.errors().len()), (Some(2), 3), "{}", result.log_text());
    assert!(at(&result, 2).contains("labels holds a list; BentoML takes a mapping"), "{}", at(&result, 2));
    assert!(at(&result, 4).contains("python.no_index holds a text"), "{}", at(&result, 4));
    assert!(at(&result, 5).contains("a list of texts"), "{}", at(&result, 5));
}

#[test]
fn a_table_of_pyproject_toml_is_looked_at_by_the_same_rules() {
    let text = "[project]\nname = 'x'\n[tool.bentoml.build]\nservice = 'service:Echo'\nincluded = ['*']\n\
                [tool.bentoml.build.docker]\ncuda = '12'\n";
    let result = looked(Project::empty().file("service.py", SERVICE).file("pyproject.toml", text));
    assert_eq!((result.exit_code, result.errors().len()), (Some(2), 2), "{}", result.log_text());
    assert!(at(&result, 5).contains("Did you mean include?"), "{}", at(&result, 5));
    assert!(at(&result, 7).contains("docker.cuda"), "{}", at(&result, 7));
}

#[test]
fn values_that_yaml_reads_as_something_else_are_warned_of() {
    let text = format!(
        "{BENTOFILE}labels:\n  version: 1.10\n  country: NO\n  zip: 01234\n  plain: 5\n  on: true\n  quoted: '1.10'\n\
         envs:\n- {{name: TIME, value: 12:30:00}}\n"
    );
    let result = looked(Project::echo().file("bentofile.yaml", &text));
    assert!(result.succeeded(), "{}", result.log_text());
    for (line, words) in [(5, "\"1.1\""), (6, "\"False\""), (7, "\"668\""), (12, "\"45000\"")] {
        assert!(at(&result, line).contains(words), "{}", at(&result, line));
    }
    assert_eq!(result.annotations.len(), 4, "{:?}", result.annotations);
}

#[test]
fn patterns_that_match_nothing_are_warned_of() {
    let text = format!(
        "{BENTOFILE}include:\n- '*.py'\n- 'modles/'\n- '[a'\nexclude:\n- 'test/'\n- '__pycache__/'\n- '*.pyc'\n- tests/\n"
    );
    let project = Project::echo().file("bentofile.yaml", &text).file("tests/x.py", "");
    let result = looked(project);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(at(&result, 6).contains("include.1 matches no file: \"modles/\""), "{}", at(&result, 6));
    assert!(at(&result, 7).contains("bracket is never closed"), "{}", at(&result, 7));
    assert!(at(&result, 9).contains("exclude.0 matches no file"), "{}", at(&result, 9));
    assert_eq!(result.annotations.len(), 3, "{:?}", result.annotations);
}

#[test]
fn patterns_that_bentoml_refuses_are_errors_at_their_place() {
    for (pattern, says) in [("'../shared'", "leads out of the build context"), ("'a\\'", "it ends with a backslash")] {
        let project = Project::echo().file("bentofile.yaml", &format!("{BENTOFILE}include:\n- '*.py'\n- {pattern}\n"));
        let result = project.build();
        assert_eq!((result.exit_code, result.annotations.len()), (Some(2), 1), "{}", result.log_text());
        assert!(at(&result, 6).contains(says), "{}", at(&result, 6));
        assert_eq!(project.stored("bentos/echo"), [""; 0]);
    }
    let ignoring = Project::echo().file(".bentoignore", "*.md\n!\n").build();
    assert_eq!((ignoring.exit_code, ignoring.annotations.len()), (Some(2), 1), "{}", ignoring.log_text());
    assert_eq!(ignoring.annotations[0].file.as_deref(), Some(".bentoignore"));
}

#[test]
fn large_files_and_secrets_that_would_be_packed_are_named() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMII\n";
    let project = Project::echo()
        .file(".env", "TOKEN=s3cret-of-the-file\n")
        .file(".env.example", "TOKEN=\n")
        .file("certs/server.pem", key)
        .file("certs/ca.pem", "-----BEGIN CERTIFICATE-----\n")
        .file("left-out/id_rsa", key)
        .file("left-out/.bentoignore", "*");
    let large = std::fs::File::create(project.workspace().join("weights.bin")).unwrap();
    large.set_len(11 * 1024 * 1024).unwrap();
    let result = looked(project);
    assert!(result.succeeded(), "{}", result.log_text());
    let messages: Vec<_> = result.annotations.iter().map(|one| one.message.as_str()).collect();
    let [large, secrets] = messages[..] else { panic!("{messages:?}") };
    assert!(large.contains("weights.bin (11 MiB)"), "{large}");
    assert!(secrets.contains(".env, certs/server.pem. "), "{secrets}");
    assert!(!result.log_text().contains("s3cret-of-the-file"));
}

#[test]
fn links_to_nothing_are_errors_where_they_would_be_packed() {
    let project = Project::echo();
    for link in ["loop", "gone"] {
        std::os::unix::fs::symlink(if link == "loop" { link } else { "nowhere" }, project.workspace().join(link))
            .unwrap();
    }
    std::os::unix::fs::symlink(".", project.workspace().join("folder")).unwrap();
    let result = project.build();
    assert_eq!((result.exit_code, result.errors().len()), (Some(2), 2), "{}", result.log_text());
    assert!(result.errors().iter().all(|error| error.contains("is a link to nothing, or to itself")));
    assert_eq!(project.stored("bentos/echo"), [""; 0]);
    let without = project.file("bentofile.yaml", &format!("{BENTOFILE}exclude: [loop, gone]\n")).build();
    assert!(without.succeeded(), "{}", without.log_text());
}

#[test]
fn models_that_are_not_here_are_warned_of_where_nobody_can_ask_a_cloud() {
    let result = looked(Project::echo().file("bentofile.yaml", &format!("{BENTOFILE}models:\n- weights:v1\n")));
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(at(&result, 5).contains("weights:v1 is not in the local store"), "{}", at(&result, 5));
}

#[test]
fn the_deployment_configuration_beside_a_project_is_looked_at() {
    let kubernetes = "apiVersion: apps/v1\nkind: Deployment\n";
    let sound = Project::echo().file("deployment.yaml", kubernetes);
    assert_eq!(said(&looked(sound)), []);
    let text = "name: x\nservices:\n  Echo:\n    scalin: {min_replicas: 1}\n    envs: [{name: A, value: '${A}'}]\n";
    let odd = looked(Project::echo().file("deployment.yaml", text));
    assert!(odd.succeeded(), "{}", odd.log_text());
    assert!(at(&odd, 4).contains("Did you mean `scaling`?") && at(&odd, 5).contains("a variable"), "{odd:?}");
    let wrong = looked(Project::echo().file("deployment.yaml", "name: x\nservices:\n  Echo: 5\n"));
    assert_eq!(wrong.exit_code, Some(2), "{}", wrong.log_text());
    assert_eq!(said(&wrong), [(Level::Error, "deployment.yaml".to_owned(), Some(3), None)]);
}

#[test]
fn a_sound_project_is_green() {
    let result = looked(Project::echo());
    assert_eq!((result.exit_code, said(&result)), (Some(0), Vec::new()), "{}", result.log_text());
    assert!(result.summary.unwrap().contains("Project looked through"));
}
