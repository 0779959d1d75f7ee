//! Builds that are not needed: the Bento is there already. And where versions come from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_cloud::{Config, Server};
use runner_sim::StepResult;
use tokio::runtime::Runtime;

use crate::project::{BENTOFILE, Project, SERVICE, venv};

const LABEL: &str = "bento-actions-digest";

/// The outputs of a run that ends well, without those that say how it went.
fn outputs(result: &StepResult, is_hit: bool) -> Vec<(String, String)> {
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.outputs["cache-hit"], is_hit.to_string(), "{}", result.log_text());
    let outputs = result.outputs.iter().filter(|(name, _)| *name != "cache-hit");
    let mut outputs: Vec<_> = outputs.map(|(name, value)| (name.clone(), value.clone())).collect();
    outputs.sort();
    outputs
}

/// An environment of the same BentoML whose Python ends with an error: whatever starts it fails.
fn without_python(root: &Path) -> PathBuf {
    let (env, real) = (root.join("frozen"), venv());
    fs::create_dir_all(env.join("bin")).unwrap();
    fs::copy(real.join("pyvenv.cfg"), env.join("pyvenv.cfg")).unwrap();
    std::os::unix::fs::symlink(real.join("lib"), env.join("lib")).unwrap();
    for name in ["python", "python3"] {
        let file = env.join("bin").join(name);
        fs::write(&file, "#!/bin/sh\nexit 70\n").unwrap();
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(file, rights).unwrap();
    }
    env.join("bin")
}

#[test]
fn a_bento_of_the_same_contents_is_not_built_again_and_no_python_is_started() {
    let frozen = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", without_python(frozen.path()).display());
    for version_from in ["random", "digest"] {
        let project = Project::echo().with("skip-if-exists", "local").with("version-from", version_from);
        let first = project.build();
        let built = outputs(&first, false);
        let digest = first.outputs["digest"].clone();
        assert!(first.outputs["metadata"].contains(&format!("\"{LABEL}\": \"{digest}\"")), "{built:?}");
        if version_from == "digest" {
            assert_eq!(first.outputs["bento-version"], digest[..16]);
        }
        let project = project.env("PATH", &path);
        let second = project.build();
        assert_eq!(outputs(&second, true), built);
        assert!(second.summary.unwrap().contains("Nothing built"));
        assert_eq!(project.stored("tmp"), [""; 0]);
        // Other contents are built: here the Python that cannot start says so.
        let changed = project.file("service.py", &format!("{SERVICE}# more\n")).build();
        assert!(!changed.succeeded(), "{}", changed.log_text());
    }
}

#[test]
fn the_digest_follows_what_goes_into_the_bento_and_nothing_else() {
    let project = || Project::echo().with("skip-if-exists", "local").with("dry-run", "true");
    let digest = |project: Project| {
        let result = project.build();
        assert!(result.succeeded(), "{}", result.log_text());
        let log = result.log_text();
        let line = log.lines().find_map(|line| line.trim().strip_prefix("Digest: ").map(str::to_owned));
        line.unwrap_or_else(|| panic!("no digest in {log}"))
    };
    let plain = digest(project());
    let configured = |more: &str| project().file("bentofile.yaml", &format!("{BENTOFILE}{more}"));
    for same in [project().file("venv/x.py", "1"), project().file(".git/x", "1"), project().file("a/.DS_Store", "1")] {
        assert_eq!(digest(same), plain);
    }
    let excluding = digest(configured("exclude: [tests/]\n"));
    assert_eq!(digest(configured("exclude: [tests/]\n").file("tests/x.py", "1")), excluding);
    let others = [
        project().file("data.txt", "1"),
        project().file("lib/__init__.py", ""),
        project().with("bento-labels", "a=b"),
        project().with("args", "a=b"),
        project().with("name", "other"),
        configured("exclude: ['*.md']\n"),
        configured("exclude: []\n").file("README.md", "1"),
        configured("exclude: ['*.md']\n").file("README.md", "1"),
        configured("exclude: ['*.md']\n").file("README.md", "2"),
        configured("models: ['weights:v1']\n"),
    ];
    let others: BTreeSet<_> = others.into_iter().map(digest).chain([plain, excluding]).collect();
    assert_eq!(others.len(), 12, "{others:?}");
}

#[test]
fn a_version_that_is_there_with_other_contents_is_an_error_before_anything_is_built() {
    let project = Project::echo().with("name", "echo").with("version", "v1").with("skip-if-exists", "local");
    let first = outputs(&project.build(), false);
    assert_eq!(outputs(&project.build(), true), first);
    let changed = project.file("service.py", "raise SystemExit('it was imported')\n").build();
    assert_eq!((changed.exit_code, changed.annotations.len()), (Some(9), 1), "{}", changed.log_text());
    assert!(
        changed.errors()[0].contains("echo:v1 already, and it was built of something else"),
        "{:?}",
        changed.errors()
    );
}

#[test]
fn a_name_that_is_not_utf_8_is_packed_and_part_of_the_digest() {
    use std::os::unix::ffi::OsStrExt as _;
    let project = Project::echo().with("skip-if-exists", "local");
    let file = project.workspace().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
    fs::write(&file, "1").unwrap();
    let first = project.build();
    let built = outputs(&first, false);
    let packed = Path::new(&first.outputs["bento-path"]).join("src").join(file.file_name().unwrap());
    assert_eq!(fs::read_to_string(packed).unwrap(), "1");
    assert_eq!(outputs(&project.build(), true), built);
    fs::write(&file, "2").unwrap();
    assert_ne!(project.build().outputs["digest"], first.outputs["digest"]);
}

/// A repository with one commit of the project.
fn repository(project: Project) -> Project {
    git(&project, &["init", "--quiet", "--initial-branch", "main"]);
    git(&project, &["add", "."]);
    git(&project, &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "one"]);
    project
}

fn git(project: &Project, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(project.workspace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn versions_come_from_the_commit() {
    let planned = |project: &Project| {
        let result = project.build();
        assert!(result.succeeded(), "{}", result.log_text());
        let log = result.log_text();
        log.lines().find_map(|line| line.trim().strip_prefix("Version: ").map(str::to_owned)).unwrap()
    };
    let project = repository(Project::echo()).with("version-from", "git").with("dry-run", "true");
    let sha = git(&project, &["rev-parse", "HEAD"]);
    assert_eq!(planned(&project), sha[..12]);
    git(&project, &["tag", "Release/1.0"]);
    assert_eq!(planned(&project), "release-1.0");
    let project = project.file("service.py", &format!("{SERVICE}# more\n"));
    assert_eq!(planned(&project), "release-1.0-dirty");
    git(&project, &["checkout", "--quiet", "service.py"]);
    git(&project, &["tag", "-d", "Release/1.0"]);
    git(&project, &["tag", &"x".repeat(64)]);
    let long = project.build();
    assert_eq!((long.exit_code, long.annotations.len()), (Some(2), 1), "{}", long.log_text());
    assert!(long.errors()[0].contains("input version-from: git"), "{:?}", long.errors());
    let nowhere = Project::echo().with("version-from", "git").build();
    assert_eq!(nowhere.exit_code, Some(2), "{}", nowhere.log_text());
    assert!(nowhere.errors()[0].contains("git does not say the commit"), "{:?}", nowhere.errors());
}

#[test]
fn a_git_context_has_the_version_of_what_was_fetched() {
    let remote = repository(Project::echo());
    git(&remote, &["tag", "v1.2"]);
    let address = |reference: &str| format!("file://{}{reference}", remote.workspace().display());
    let by_tag = Project::empty().with("context", &address("#v1.2")).with("version-from", "git");
    assert_eq!(by_tag.build().outputs["bento-tag"], "echo:v1.2");
    let by_branch = Project::empty().with("context", &address("#main")).with("version-from", "git");
    let by_branch = by_branch.with("skip-if-exists", "local");
    let first = outputs(&by_branch.build(), false);
    assert_eq!(outputs(&by_branch.build(), true), first);
    assert!(first.contains(&("bento-version".into(), git(&remote, &["rev-parse", "HEAD"])[..12].into())), "{first:?}");
}

#[test]
fn inputs_that_contradict_each_other_are_refused() {
    for (inputs, says) in [
        (&[("version", "1"), ("version-from", "git")][..], "contradict each other"),
        (&[("version-from", "input")], "needs the input version"),
        (&[("version-from", "gut")], "did you mean git?"),
        (&[("skip-if-exists", "cloud")], "needs an API token"),
    ] {
        let project = inputs.iter().fold(Project::echo(), |project, (input, value)| project.with(input, value));
        let result = project.build();
        assert_eq!((result.exit_code, result.annotations.len()), (Some(2), 1), "{}", result.log_text());
        assert!(result.errors()[0].contains(says), "{:?}", result.errors());
        assert_eq!(project.stored("bentos"), [""; 0]);
    }
}

#[test]
fn a_bento_of_the_cloud_is_pulled_in_place_of_a_build() {
    let (runtime, data) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let mut config = Config::new(data.path().join("cloud"));
    config.token = Some("cloud-s3cret".to_owned());
    let server = runtime.block_on(Server::start(config)).unwrap();
    let project = || {
        let project = Project::echo().with("skip-if-exists", "cloud").with("cloud-api-token", "cloud-s3cret");
        project.with("cloud-endpoint", server.endpoint())
    };
    let first = project();
    let built = outputs(&first.build(), false);
    let tag = built.iter().find(|(name, _)| name == "bento-tag").unwrap().1.clone();
    let mut push = Command::new(venv().join("bin/bentoml"));
    push.args(["push", &tag]).env("BENTOML_HOME", first.home()).env("BENTOML_DO_NOT_TRACK", "true");
    push.env("BENTO_CLOUD_API_KEY", server.token()).env("BENTO_CLOUD_API_ENDPOINT", server.endpoint());
    let pushed = push.output().unwrap();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    // Another machine: its store is empty, and its Python cannot start.
    let path = format!("{}:/usr/bin:/bin", without_python(data.path()).display());
    let second = project().env("PATH", &path);
    let pulled = outputs(&second.build(), true);
    let same = |outputs: &[(String, String)]| {
        outputs.iter().filter(|(name, _)| name != "bento-path").cloned().collect::<Vec<_>>()
    };
    assert_eq!(same(&pulled), same(&built));
    assert_eq!(second.stored("bentos/echo").len(), 2, "the version and `latest`");
    // Other contents are not there.
    let other = project().file("data.txt", "1").env("PATH", &path).build();
    assert!(!other.succeeded(), "{}", other.log_text());
}
