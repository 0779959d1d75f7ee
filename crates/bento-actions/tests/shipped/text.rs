//! Files of the user's that are not UTF-8, and paths that are not: the one is named, the other is used.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

const SERVICE: &str = "import bentoml\n@bentoml.service\nclass Echo:\n    @bentoml.api\n    def echo(self, text: str) -> str:\n        return text\n";
const CONFIGURED: &str =
    "service: service:Echo\npython: {lock_packages: false, requirements_txt: r.txt}\ndocker: {env: e.env}\n";
const BENTO: &str =
    "name: echo\nversion: v1\nservice: service:Echo\ncreation_time: '2026-01-01T00:00:00+00:00'\nmodels: []\n";

/// Files that a person writes and that an action reads as text, and who reads them. What is read only where an engine or a
/// cloud answers is tried where it is read.
const READ: [(&[&str], &str); 17] = [
    (&["setup", "--install-project-dependencies"], "bentofile.yaml"),
    (&["setup", "--install-project-dependencies"], "pyproject.toml"),
    (&["setup", "--install-project-dependencies"], "r.txt"),
    (&["setup", "--requirements", "more.txt"], "more.txt"),
    (&["setup", "--python-version-file", ".python-version"], ".python-version"),
    (&["setup", "--python-version-file", ".tool-versions"], ".tool-versions"),
    (&["setup", "--python-version-file", "Pipfile"], "Pipfile"),
    (&["build-bento"], "bentofile.yaml"),
    (&["build-bento", "--bentofile", "pyproject.toml"], "pyproject.toml"),
    (&["build-bento"], "service.py"),
    (&["build-bento"], "r.txt"),
    (&["build-bento"], "e.env"),
    (&["build-bento"], ".bentoignore"),
    (&["deploy-bento", "--action", "apply", "--deployment-config", "deployment.yaml"], "deployment.yaml"),
    (&["containerize-push", "--bento-tag", "echo:v1"], "home/bentos/echo/v1/bento.yaml"),
    (&["containerize-push", "--bento-tag", "echo:v1"], "home/bentos/echo/v1/env/docker/Dockerfile"),
    (&["containerize-push", "--bento-tag", "echo:v1", "--file", "Dockerfile"], "Dockerfile"),
];

fn files() -> Vec<(&'static str, String)> {
    let service = "\n[project]\nname = 'echo'\n[tool.bentoml.build]\nservice = 'service:Echo'\n";
    vec![
        ("service.py", SERVICE.into()),
        ("bentofile.yaml", CONFIGURED.into()),
        ("pyproject.toml", service.into()),
        ("r.txt", String::new()),
        ("more.txt", String::new()),
        ("e.env", "A=b\n".into()),
        (".bentoignore", String::new()),
        (".python-version", "3.11\n".into()),
        (".tool-versions", "python 3.11\n".into()),
        ("Pipfile", "[requires]\npython_version = '3.11'\n".into()),
        ("deployment.yaml", "name: echo\nbento: echo:v1\n".into()),
        ("Dockerfile", "FROM scratch\n".into()),
        ("home/bentos/echo/v1/bento.yaml", BENTO.into()),
        ("home/bentos/echo/v1/env/docker/Dockerfile", "FROM scratch\n".into()),
    ]
}

fn project(root: &Path) {
    for (name, text) in files() {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

fn run(arguments: &[&str], root: &Path, home: &OsStr) -> Output {
    let mut action = Command::new(env!("CARGO_BIN_EXE_bento-actions"));
    action.args(arguments).current_dir(root).env_clear();
    action.env("PATH", format!("{}:/usr/bin:/bin", testkit::venv().join("bin").display())).env("HOME", root);
    action.env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "true").env("UV_OFFLINE", "1");
    action.env("BENTO_CLOUD_API_KEY", "none").env("BENTO_CLOUD_API_ENDPOINT", "http://127.0.0.1:1");
    action.output().unwrap()
}

#[test]
fn a_file_that_is_not_utf_8_ends_any_action_with_2_and_is_named() {
    let mut wrong = Vec::new();
    for (arguments, file) in READ {
        for (bytes, says) in [(&b"\xfe\xff\0a\0\n"[..], "UTF-16"), (b"a = 'caf\xe9'\n", "0xe9 is not UTF-8")] {
            // uv reads UTF-16 with its mark, and so does setup.
            if says == "UTF-16" && arguments[0] == "setup" && file.ends_with(".txt") {
                continue;
            }
            // BentoML refuses files below folders with a dot in front.
            let root = tempfile::Builder::new().prefix("text-").tempdir().unwrap();
            project(root.path());
            if file == "pyproject.toml" && arguments[0] == "setup" {
                fs::remove_file(root.path().join("bentofile.yaml")).unwrap();
            }
            fs::write(root.path().join(file), bytes).unwrap();
            let ended = run(arguments, root.path(), root.path().join("home").as_os_str());
            let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
            let error = said.lines().find(|line| line.starts_with("error:")).unwrap_or_default();
            let name = Path::new(file).file_name().unwrap().to_str().unwrap();
            let is_right = error.contains(name) && error.contains("cannot be read as text") && error.contains(says);
            if ended.status.code() != Some(2) || !is_right {
                wrong.push(format!("{arguments:?} {file} {says}: {:?} {error}\n{said}", ended.status.code()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_version_file_that_nobody_named_and_that_is_not_text_is_a_warning_that_says_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".python-version"), b"\xff\xfe3\0.\x001\x001\0\n\0").unwrap();
    let ended = run(&["setup", "--dry-run"], root.path(), root.path().join("home").as_os_str());
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    let warning = said.lines().find(|line| line.starts_with("warning:")).unwrap_or_default();
    let is_said = [".python-version is passed over", "UTF-16", "Set-Content -Encoding utf8"];
    assert!(is_said.iter().all(|words| warning.contains(words)) && ended.status.success(), "{said}");
}

#[test]
fn a_bento_is_built_into_a_store_whose_path_is_not_utf_8() {
    let root = tempfile::Builder::new().prefix("text-").tempdir().unwrap();
    project(root.path());
    let home = root.path().join(OsStr::from_bytes(b"st\xf6re"));
    let ended = run(&["build-bento", "--version", "v2"], root.path(), home.as_os_str());
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()));
    assert!(home.join("bentos/echo/v2/bento.yaml").is_file());
    assert!(!root.path().join("bentoml").exists(), "the default store is another one");
}
