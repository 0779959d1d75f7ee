//! `bentoml-version: main` from a git repository on this machine, which holds a small package of that name.

mod common;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{Machine, run};
use python_env::{PythonRequest, find_with_bentoml};
use setup::{Request, Reuse};

/// A build back end in the tree: nothing has to be fetched to build the package.
const BACK_END: &str = r#"
import os, time, zipfile
NAME = "bentoml-1.5.0.dev3"
FILES = {
    "bentoml/__init__.py": "__version__ = '1.5.0.dev3'\ndef main(): print('bentoml, version', __version__)\n",
    NAME + ".dist-info/METADATA": "Metadata-Version: 2.1\nName: bentoml\nVersion: 1.5.0.dev3\n",
    NAME + ".dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    NAME + ".dist-info/entry_points.txt": "[console_scripts]\nbentoml = bentoml:main\n",
}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    if os.path.exists("slow"):
        open(open("slow").read(), "w").close()
        time.sleep(60)
    name = NAME + "-py3-none-any.whl"
    record = "".join(file + ",,\n" for file in FILES) + NAME + ".dist-info/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for file, text in [*FILES.items(), (NAME + ".dist-info/RECORD", record)]:
            wheel.writestr(file, text)
    return name
"#;

const PROJECT: &str = "\
[build-system]
requires = []
build-backend = \"back_end\"
backend-path = [\".\"]
[project]
name = \"bentoml\"
version = \"1.5.0.dev3\"
";

/// A machine with git, and the repository's address as the input. `more` is a further file of the repository.
fn machine(more: Option<(&str, &str)>) -> Machine {
    let mut machine = Machine::with_python();
    let git = PathBuf::from(run("sh", &["-c", "command -v git"]));
    machine.append_path(git.parent().expect("a folder"));
    machine.write("repository/pyproject.toml", PROJECT);
    machine.write("repository/back_end.py", BACK_END);
    if let Some((file, text)) = more {
        machine.write(&format!("repository/{file}"), text);
    }
    let repository = machine.path("repository").to_string_lossy().into_owned();
    let git = |arguments: &[&str]| {
        let common = ["-C", &repository, "-c", "user.name=Test", "-c", "user.email=test@localhost"];
        run(&git, &[&common, arguments].concat());
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=A package"]);
    machine.set("bentoml-version", "main");
    machine.set("bentoml-repository", &format!("file://{repository}"));
    machine
}

#[tokio::test]
async fn the_main_branch_is_built_and_installed() {
    let machine = machine(None);
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert_eq!(ran.output("bentoml-version"), "1.5.0.dev3");
    let bin = machine.read("GITHUB_PATH").trim().to_owned();
    assert_eq!(run(format!("{bin}/bentoml"), &[]), "bentoml, version 1.5.0.dev3");
    is_found(&machine, &bin).await;
    is_reused_whatever_its_python(machine, &bin).await;
}

/// By its Python on PATH, and by its command alone.
async fn is_found(machine: &Machine, bin: &str) {
    std::os::unix::fs::symlink(format!("{bin}/bentoml"), machine.path("bin/bentoml")).expect("a link");
    for path in [bin, &*machine.path("bin").to_string_lossy()] {
        let mut ctx = machine.context();
        ctx.env.set("PATH", path);
        let found = find_with_bentoml(&ctx).await.expect("looked").expect("found");
        assert_eq!(found.prefix.join("bin"), PathBuf::from(bin));
    }
    std::fs::remove_file(machine.path("bin/bentoml")).expect("removed");
    assert_eq!(find_with_bentoml(&Machine::new().context()).await.expect("looked"), None);
}

/// As deploy-bento asks for it: the wanted Python counts only when an environment is made.
async fn is_reused_whatever_its_python(mut machine: Machine, bin: &str) {
    let mut request = Request::new("1.5.0.dev3".parse().expect("a version"));
    request.python = Some(PythonRequest::new(vec!["3.99".parse().expect("a version")]));
    request.reuse = Reuse::OfAnyPython;
    let mut path = std::ffi::OsString::from(bin);
    path.push(":");
    path.push(machine.env.get("PATH").unwrap_or_default());
    let without = machine.context();
    machine.env.set("PATH", path);
    let there = setup::ensure(&request, &machine.context()).await.expect("there");
    assert_eq!((there.created, there.bin.to_string_lossy().as_ref()), (false, bin));
    request.reuse = Reuse::OfChosenPython;
    let error = setup::ensure(&request, &machine.context()).await.expect_err("no such Python");
    assert!(error.to_string().starts_with("no Python fits 3.99: there are "), "{error}");

    let mut env = without.env;
    there.activate(&mut env).expect("active");
    assert!(env.get("PATH").is_some_and(|path| path.starts_with(bin)));
}

#[tokio::test]
async fn a_package_that_does_not_build_leaves_nothing_behind() {
    let machine = machine(None);
    machine.write("repository/back_end.py", "raise SystemExit('no luck today')");
    let repository = machine.path("repository").to_string_lossy().into_owned();
    run("git", &["-C", &repository, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qam", "Broken"]);
    let ran = machine.run().await;
    assert!(ran.error().contains("failed to install bentoml @ git+file://"), "{}", ran.error());
    assert!(ran.error().contains("no luck today"), "{}", ran.error());
    machine.assert_nothing_left();
}

#[tokio::test]
async fn cancelled_while_it_builds_it_ends_at_once_and_leaves_nothing_behind() {
    let started = tempfile::tempdir().expect("a folder").keep().join("started");
    let machine = machine(Some(("slow", &started.to_string_lossy())));
    let cancel = machine.cancel.clone();
    let watched = started.clone();
    let canceller = tokio::spawn(async move {
        while !watched.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    });
    let ran = machine.run().await;
    let took = canceller.await.expect("cancelled").elapsed();
    assert_eq!(ran.result.expect_err("cancelled").cause(), actions_core::Cause::Cancelled);
    assert!(took < Duration::from_secs(5), "{took:?}");
    machine.assert_nothing_left();
    std::fs::remove_dir_all(started.parent().expect("a folder")).expect("removed");
}
