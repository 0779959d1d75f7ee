//! What is set for pip on a machine holds for what setup installs, or is named.

mod common;

use common::{Machine, run};

/// A machine whose packages lie in a folder that nobody but pip's settings names.
fn machine() -> Machine {
    let mut machine = Machine::with_python();
    machine.packages(&["bentoml-9.0", "pip-99", "one-1", "one-2", "one-3rc1"]);
    let left_out = |name: &str| name.starts_with("PIP_") || ["UV_FIND_LINKS", "UV_OFFLINE"].contains(&name);
    machine.env = machine.env.iter().filter(|(name, _)| !left_out(&name.to_string_lossy())).collect();
    machine.env.set("HOME", machine.path("home"));
    machine.env.set("UV_CACHE_DIR", machine.path("uv-cache"));
    machine.set("packages", "one");
    machine
}

fn version_of_one(venv: &str) -> String {
    let answer = run(format!("{venv}/bin/one"), &[]);
    answer.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_files_and_variables_hold() {
    let mut machine = machine();
    machine.write("workspace/none.txt", "");
    let plain = machine.env.clone();
    let packages = machine.path("packages").display().to_string();
    let constraints = machine.write("c.txt", "one<2\n").display().to_string();
    let file = format!("[global]\nfind-links =\n    {packages}\n    /nowhere\nno-index = yes\ntimeout = 60\n");
    for (file, variables, version) in [
        (&*file, &[][..], "2"),
        (&*format!("{file}[install]\nconstraint = {constraints}\n"), &[], "1"),
        (&*format!("{file}[install]\npre = true\n"), &[], "3rc1"),
        // A variable comes before a file, an empty one does not.
        (&*format!("{file}pre = true\n"), &[("PIP_PRE", "false")], "2"),
        (&*format!("{file}pre = true\n"), &[("PIP_PRE", "")], "3rc1"),
        ("", &[("PIP_FIND_LINKS", &*packages), ("PIP_NO_INDEX", "1"), ("PIP_CONSTRAINT", &*constraints)], "1"),
        // uv's own setting comes before both.
        (&*format!("{file}constraint = {constraints}\n"), &[("UV_CONSTRAINT", "none.txt")], "2"),
    ] {
        machine.write("home/.config/pip/pip.conf", file);
        machine.env = plain.clone();
        variables.iter().for_each(|(name, value)| machine.env.set(*name, *value));
        let ran = machine.run().await;
        ran.result.as_ref().unwrap_or_else(|error| panic!("{file} {variables:?}: {}", error.full_text()));
        assert_eq!(version_of_one(ran.output("venv")), version, "{file} {variables:?}");
    }
}
