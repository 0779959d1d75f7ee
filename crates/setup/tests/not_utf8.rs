//! Paths and variables that are not UTF-8 are carried through as they are, or refused by name: nothing is replaced in silence.

#![cfg(target_os = "linux")]

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use actions_core::Cause;
use common::{Machine, run};

const ODD: &[u8] = b"caf\xe9";

fn odd(folder: PathBuf) -> PathBuf {
    let folder = folder.join(OsStr::from_bytes(ODD));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn machine() -> Machine {
    let mut machine = Machine::with_python();
    machine.packages(&["bentoml-9.0", "one-1", "two-1", "pip-99"]);
    // The workspace has another name from here on.
    machine.env.set("UV_FIND_LINKS", machine.path("packages"));
    machine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_and_a_variable_are_carried_through() {
    let mut machine = machine();
    let workspace = odd(machine.path("jobs"));
    machine.env.set("GITHUB_WORKSPACE", &workspace);
    machine.env.set("ODD", OsStr::from_bytes(ODD));
    std::fs::write(workspace.join(".python-version"), "3.x\n").expect("written");
    std::fs::write(workspace.join("r.txt"), "one\n-c c.txt\n").expect("written");
    std::fs::write(workspace.join("c.txt"), "two<2\n").expect("written");
    std::fs::write(workspace.join("bentofile.yaml"), "python:\n  requirements_txt: r.txt\n").expect("written");
    machine.set("requirements", "r.txt");
    machine.set("install-project-dependencies", "true");
    let uv = python_env::Uv::find(&machine.context()).await.expect("looked").expect("an earlier test has fetched it");
    let seen = machine.path("seen");
    let spy = format!("#!/bin/sh\nprintf %s \"$ODD\" >{}\nexec {} \"$@\"\n", seen.display(), uv.program.display());
    machine.program("bin/uv", &spy);
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert!(ran.plan.contains(".python-version"), "{}", ran.plan);
    assert!(Path::new(ran.output("venv")).join("bin/one").is_file());
    assert!(run(format!("{}/bin/bentoml", ran.output("venv")), &["--version"]).contains("9.0"));
    assert_eq!(std::fs::read(seen).expect("uv was started"), ODD);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_uv_does_not_take_is_refused_by_its_name() {
    let mut machine = machine();
    let workspace = odd(machine.path("jobs"));
    machine.env.set("GITHUB_WORKSPACE", &workspace);
    machine.set("install-project-dependencies", "true");
    let wheel = "one-1-py3-none-any.whl";
    std::fs::copy(machine.path("packages").join(wheel), workspace.join(wheel)).expect("copied");
    std::fs::write(workspace.join("r.txt"), format!("./{wheel}\n")).expect("written");
    for (file, text) in [
        ("bentofile.yaml", "python:\n  requirements_txt: r.txt\n".to_owned()),
        ("bentofile.yaml", format!("python:\n  packages: [./{wheel}]\n")),
        ("bentofile.yaml", format!("python:\n  wheels: [{wheel}]\n")),
        ("bentofile.yaml", "python:\n  find_links: [wheels]\n".to_owned()),
        ("pyproject.toml", format!("[project]\ndependencies = ['one @ ./{wheel}']\n")),
    ] {
        std::fs::write(workspace.join(file), &text).expect("written");
        let error = machine.run().await.result.expect_err(&text);
        assert_eq!(error.cause(), Cause::Input, "{text}");
        assert!(error.full_text().contains(" is not UTF-8: uv takes no such path. "), "{}", error.full_text());
        std::fs::remove_file(workspace.join(file)).expect("removed");
    }
    machine.env.set("RUNNER_TEMP", &workspace);
    assert!(machine.run().await.error().contains("is not valid UTF-8"));
}
