//! The action from its inputs to an environment that works, with the real uv and the real package index.

mod common;

use std::time::Duration;

use common::{Machine, run};
use python_env::{Interpreter, PINNED_UV, Uv};

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
    assert!(machine.read("GITHUB_ENV").contains("VIRTUAL_ENV<<"));
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
        for name in ["python-version", "python-path", "bentoml-version", "venv", "cache-hit", "cache-key"] {
            assert_eq!(again.output(name), ran.output(name), "{name}");
        }
        assert_eq!(again.output("uv-version"), "", "it was not needed");
    }
    assert_eq!(machine.temp_files().len(), 1);
    assert_eq!(machine.read("GITHUB_PATH").lines().count(), 1, "nothing is put on PATH twice");
}

#[tokio::test]
async fn uv_is_fetched_with_ensurepip_and_kept_in_the_tool_cache() {
    let machine = Machine::new();
    let ctx = machine.context();
    let python = Interpreter::query(&machine.bare_python().join("python"), &ctx).await.expect("a Python");
    assert_eq!(python.distribution("pip"), None);
    let uv = Uv::fetch(PINNED_UV, &python, Duration::from_secs(300), &ctx).await.expect("a uv");
    assert_eq!(uv.version.to_string(), PINNED_UV);
    assert!(uv.program.starts_with(machine.path("tools")), "{}", uv.program.display());
    assert_eq!(Uv::find(&ctx).await.expect("found").map(|found| found.program), Some(uv.program));
    machine.assert_nothing_left();
}

#[tokio::test]
async fn uv_is_fetched_with_pip_and_gone_afterwards_where_the_tool_cache_takes_nothing() {
    let mut machine = Machine::new();
    let bin = machine.bare_python();
    run(bin.join("python"), &["-m", "ensurepip"]);
    machine.env.set("RUNNER_TOOL_CACHE", machine.write("no-folder", ""));
    let ctx = machine.context();
    let python = Interpreter::query(&bin.join("python"), &ctx).await.expect("a Python");
    assert!(python.distribution("pip").is_some());
    let uv = Uv::fetch(PINNED_UV, &python, Duration::from_secs(300), &ctx).await.expect("a uv");
    assert!(uv.program.starts_with(machine.path("temp")), "{}", uv.program.display());
    assert!(run(&uv.program, &["--version"]).contains(PINNED_UV));
    drop(uv);
    machine.assert_nothing_left();
}

#[tokio::test]
async fn a_bentoml_without_its_command_is_not_there_already() {
    let mut machine = Machine::with_python();
    machine.packages(&["bentoml-9.0", "pip-99"]);
    let site = run(machine.path("bare/bin/python"), &["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
    let info = std::path::Path::new(&site).join("bentoml-9.0.dist-info");
    std::fs::create_dir_all(&info).expect("a folder");
    std::fs::write(info.join("METADATA"), "Name: bentoml\nVersion: 9.0\n").expect("a file");
    // A command of another Python is not one of this.
    machine.program("bin/bentoml", "#!/bin/sh\necho bentoml, version 9.0\n");
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert!(ran.plan.contains("bentoml 9.0 of ") && ran.plan.contains("it has no command bentoml"), "{}", ran.plan);
    assert!(run(format!("{}/bin/bentoml", ran.output("venv")), &["--version"]).contains("9.0"));
    // One on PATH that runs under it is: so an installation for one user alone has it.
    let python = machine.path("bare/bin/python");
    machine.program("bin/bentoml", &format!("#!{}\nprint('bentoml, version 9.0')\n", python.display()));
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("it is there already"), "{plan}");
    // One that does not start is none.
    machine.program("bin/bentoml", &format!("#!{}\nimport gone_since_then\n", python.display()));
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("is not used: it does not start: ModuleNotFoundError"), "{plan}");
    assert!(plan.contains("install bentoml"), "{plan}");
}

#[tokio::test]
async fn an_extra_that_bentoml_does_not_have_is_an_error() {
    let mut machine = Machine::with_python();
    machine.packages(&["bentoml-9.0", "pip-99"]);
    machine.set("extras", "grcp");
    let error = machine.run().await.error();
    assert_eq!(error, "input extras: bentoml 9.0 has no extra \"grcp\". It has grpc.");
    machine.assert_nothing_left();
}

#[tokio::test]
async fn constraints_hold_for_the_version_that_a_range_ends_with() {
    let mut machine = Machine::with_python();
    machine.packages(&[
        "bentoml-1.4.18:setuptools",
        "bentoml-1.4.25:setuptools",
        "setuptools-80",
        "setuptools-84",
        "pip-99",
    ]);
    // What other tests have taken from the index would do as well.
    machine.env.set("UV_CACHE_DIR", machine.path("uv-cache"));
    for (wanted, setuptools) in [("<1.4.20", "80"), ("1.4.18", "80"), ("", "84")] {
        machine.set("bentoml-version", wanted);
        let ran = machine.run().await;
        ran.result.as_ref().expect("installed");
        let version = "from importlib.metadata import version; print(version('setuptools'))";
        assert_eq!(run(ran.output("python-path"), &["-c", version]), setuptools, "{wanted}");
    }
}

/// The first and the last of each row of the table of constraints, with the real packages. `BENTO_TEST_ALL_RELEASES=1` tries every line
/// of releases, from the oldest that the action takes for "latest" to today's.
#[tokio::test]
async fn releases_start_after_they_were_installed() {
    let mut versions = vec!["1.0.25", "1.1.11", "1.2.0", "1.3.3", "1.4.19", "1.4.20"];
    if std::env::var_os("BENTO_TEST_ALL_RELEASES").is_some() {
        versions.extend(["1.1.0", "1.2.20", "1.3.0", "1.3.22", "1.4.0", "1.4.10", BENTOML]);
    }
    for version in versions {
        let mut machine = Machine::with_python();
        machine.set("bentoml-version", version);
        machine.set("compile-bytecode", "false");
        let ran = machine.run().await;
        ran.result.as_ref().unwrap_or_else(|error| panic!("{version}: {}", error.full_text()));
        assert_eq!(ran.output("bentoml-version"), version);
        assert!(run(format!("{}/bin/bentoml", ran.output("venv")), &["--version"]).contains(version), "{version}");
        // What services import; 1.0 and 1.1 have no `service`.
        let import = "import bentoml; getattr(bentoml, 'service', None); print(bentoml.__version__)";
        assert_eq!(run(ran.output("python-path"), &["-W", "ignore", "-c", import]), version);
    }
}
