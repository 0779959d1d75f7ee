//! Which Python is chosen, and what the plan says of it.

mod common;

use common::Machine;

fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }
}

/// PATH: 3.10 (and a python3.12); tool cache: 3.11.7, 3.12.3 and an incomplete 3.13.0; pyenv: 3.9.18.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.fake_python("bin/python3", "3.10.4");
    machine.fake_python("bin/python3.12", "3.12.9");
    for version in ["3.11.7", "3.12.3", "3.13.0"] {
        machine.fake_python(&format!("tools/Python/{version}/{}/bin/python", arch()), version);
        if version != "3.13.0" {
            machine.write(&format!("tools/Python/{version}/{}.complete", arch()), "");
        }
    }
    machine.fake_python("pyenv/versions/3.9.18/bin/python", "3.9.18");
    for name in ["cpython-3.8.19-linux", "cpython-3.8.20-linux-x86_64-gnu", "cpython-3.8-linux-x86_64-gnu"] {
        machine.fake_python(&format!("uv-pythons/{name}/bin/python"), "3.8.20");
    }
    machine.fake_python("uv-pythons/cpython-3.13.1+freethreaded-linux-x86_64-gnu/bin/python", "3.13.1");
    machine
}

#[tokio::test]
async fn each_form_has_its_place() {
    for (form, version, place) in [
        ("", "3.10.4", "on PATH"),
        ("3.x", "3.12.3", "in the tool cache"),
        ("3.11", "3.11.7", "in the tool cache"),
        ("3.12.9", "3.12.9", "on PATH"),
        ("3.10", "3.10.4", "on PATH"),
        ("3.9", "3.9.18", "with pyenv"),
        ("3.8", "3.8.20", "with uv"),
        ("3.7\n3.10\n3.11", "3.10.4", "on PATH"),
    ] {
        let mut machine = machine();
        machine.set("python-version", form);
        let plan = machine.plan().await.expect(form).to_string();
        assert!(plan.contains(&format!("use Python {version} {place}: ")), "{form}: {plan}");
    }
}

#[tokio::test]
async fn the_tool_cache_is_looked_for_under_its_older_name_too() {
    let mut machine = machine();
    machine.env.set("AGENT_TOOLSDIRECTORY", machine.path("agent"));
    machine.fake_python(&format!("agent/Python/3.12.4/{}/bin/python", arch()), "3.12.4");
    machine.write(&format!("agent/Python/3.12.4/{}.complete", arch()), "");
    for (form, version) in [("3.12", "3.12.4"), ("3.11", "3.11.7")] {
        machine.set("python-version", form);
        let plan = machine.plan().await.expect("a plan").to_string();
        assert!(plan.contains(&format!("use Python {version} in the tool cache: ")), "{plan}");
    }
}

#[tokio::test]
async fn the_version_file_counts_where_no_version_is_given() {
    let mut machine = machine();
    machine.write("workspace/.python-version", "# ours\r\n3.7\r\n3.11\r\n");
    machine.set("python-version-file", ".python-version");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.11.7 in the tool cache"), "{plan}");
    machine.set("python-version", "3.10");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.10.4") && plan.contains(".python-version is not read"), "{plan}");
}

#[tokio::test]
async fn the_version_file_of_the_workspace_counts_where_no_input_names_one() {
    let mut machine = machine();
    machine.write("workspace/.python-version", "3.11\n");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.11.7 in the tool cache: "), "{plan}");
    assert!(plan.contains(", fits 3.11 (.python-version)\n"), "{plan}");
    machine.set("python-version", "3.10");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.10.4") && !plan.contains(".python-version"), "{plan}");
    // pyenv-virtualenv's name of an environment.
    machine.set("python-version", "");
    machine.write("workspace/.python-version", "team\n");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.10.4 on PATH"), "{plan}");
    assert!(
        plan.contains(".python-version is passed over: ") && plan.contains("\"team\" is not a valid version"),
        "{plan}"
    );
}

#[tokio::test]
async fn remarks_are_in_the_plan_and_nothing_is_done() {
    let mut machine = machine();
    machine.set("cache", "pip");
    machine.set("architecture", "x86");
    machine.set("bentoml-version", "1.4.39");
    let plan = machine.plan().await.expect("a plan").to_string();
    let lines: Vec<_> = plan.lines().collect();
    assert_eq!(lines.len(), 3, "{plan}");
    assert!(lines[0].starts_with("no Python for x86 was found"), "{plan}");
    assert!(lines[2].starts_with("install bentoml 1.4.39 into a new virtual environment in"), "{plan}");
    assert!(lines[2].ends_with("which is not on PATH and will be fetched with pip"), "{plan}");
    machine.assert_nothing_left();
}

#[tokio::test]
async fn a_miss_lists_what_was_found_and_where() {
    let mut machine = machine();
    machine.set("python-version", "3.14");
    let plan = machine.plan().await.expect("uv may install it").to_string();
    let found =
        "there are 3.10.4, 3.12 on PATH; 3.12.3, 3.11.7 in the tool cache; 3.9.18 with pyenv; 3.8.20, 3.8.19 with uv";
    assert!(plan.starts_with(&format!("no Python fits 3.14: {found}: uv installs one\n")), "{plan}");
    assert!(!plan.contains("3.13."), "incomplete, or of another kind: {plan}");

    machine.env.set("UV_PYTHON_DOWNLOADS", "never");
    let error = machine.plan().await.expect_err("a miss");
    assert_eq!(error.cause(), actions_core::Cause::NotFound);
    assert!(error.full_text().starts_with(&format!("no Python fits 3.14: {found}. Run ")), "{}", error.full_text());
}

#[tokio::test]
async fn programs_that_are_no_python_are_passed_over() {
    let mut machine = Machine::new();
    machine.program("bin/python", "#!/bin/sh\necho 'command not found' >&2; exit 127\n");
    machine.program("bin/python3", "#!/bin/sh\necho hello\n");
    let other = machine.path("other");
    machine.append_path(&other);
    machine.fake_python("other/python3", "3.11.2");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("use Python 3.11.2 on PATH"), "{plan}");
}
