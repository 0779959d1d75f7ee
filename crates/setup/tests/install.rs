//! The action from its inputs to an environment that works, with the real uv and the real package index.

mod common;

use common::{Machine, run};

const BENTOML: &str = "1.4.39";

#[tokio::test]
async fn an_exact_version_is_installed_and_then_there_already() {
    let mut machine = Machine::with_python();
    machine.set("bentoml-version", BENTOML);
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert_eq!(ran.output("bentoml-version"), BENTOML);
    assert!(ran.plan.contains("install bentoml 1.4.39 into a new virtual environment"), "{}", ran.plan);

    // One folder, under its own name, first on the PATH of later steps.
    let version = ran.output("python-version");
    assert_eq!(machine.temp_files(), [format!("bentoml-{BENTOML}-python-{version}")]);
    let folder = machine.path("temp").join(&machine.temp_files()[0]);
    assert_eq!(machine.read("GITHUB_PATH"), format!("{}/bin\n", folder.display()));
    assert!(machine.read("GITHUB_ENV").contains(&format!("VIRTUAL_ENV<<")));
    assert_eq!(ran.output("python-path"), folder.join("bin/python").to_string_lossy());

    // What was renamed still runs, as a command, as a module and with a pip of its own.
    assert!(run(folder.join("bin/bentoml"), &["--version"]).contains(BENTOML));
    assert_eq!(run(folder.join("bin/python"), &["-c", "import bentoml; print(bentoml.__version__)"]), BENTOML);
    assert!(run(folder.join("bin/pip"), &["--version"]).contains(&*folder.to_string_lossy()));

    // A second step of the job finds it.
    let path = format!("{}/bin:{}", folder.display(), machine.env.get("PATH").expect("PATH"));
    machine.env.set("PATH", path);
    for wanted in [BENTOML, ""] {
        machine.set("bentoml-version", wanted);
        let again = machine.run().await;
        again.result.as_ref().expect("there already");
        assert!(again.plan.contains("it is there already"), "{}", again.plan);
        assert_eq!(again.outputs, ran.outputs);
    }
    assert_eq!(machine.temp_files().len(), 1);
    assert_eq!(machine.read("GITHUB_PATH").lines().count(), 1, "nothing is put on PATH twice");
}
