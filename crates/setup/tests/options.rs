//! What is installed besides BentoML, from which index, with which uv.

mod common;

use actions_core::Cause;
use common::{Machine, run};

const PACKAGES: [&str; 9] =
    ["bentoml-9.0", "bentoml-9.1", "bentoml-10.0", "pip-99", "grpcio-1", "hatch-1", "towncrier-2", "one-1", "two-1"];

fn machine() -> Machine {
    let mut machine = Machine::with_python();
    machine.packages(&PACKAGES);
    machine
}

#[tokio::test]
async fn ranges_extras_requirements_packages_and_tools() {
    let mut machine = machine();
    machine.write("workspace/requirements.txt", "one==1\n");
    for (input, value) in [
        ("bentoml-version", ">=9.0, <10"),
        ("extras", "grpc"),
        ("requirements", "requirements.txt"),
        ("packages", "two>=1 ; python_version > '3'"),
        ("tools", "hatch towncrier"),
    ] {
        machine.set(input, value);
    }
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert_eq!(ran.output("bentoml-version"), "9.1");
    for part in ["its extra grpc, ", "requirements.txt, two>=1", ", hatch, towncrier into a new virtual"] {
        assert!(ran.plan.contains(part), "{}", ran.plan);
    }
    let bin = format!("{}/bin", ran.output("venv"));
    for name in ["grpcio", "one", "two", "hatch", "towncrier"] {
        assert!(run(format!("{bin}/{name}"), &[]).starts_with(&format!("{name}, version ")));
    }
    let bytecode = run("sh", &["-c", &format!("ls {}/lib/python*/site-packages/one/__pycache__", ran.output("venv"))]);
    assert!(bytecode.contains("__init__.cpython-"), "{bytecode}");
}

#[tokio::test]
async fn a_commit_of_the_repository_and_an_address() {
    let machine = machine();
    let wheel = machine.path("packages/bentoml-9.0-py3-none-any.whl");
    let mut machine = machine;
    machine.set("bentoml-version", &format!("file://{}", wheel.display()));
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert_eq!((ran.output("bentoml-version"), ran.output("cache-key")), ("9.0", ""));
    machine.set("bentoml-version", "0123abcdef");
    machine.set("bentoml-repository", &format!("file://{}", machine.path("none").display()));
    let error = machine.run().await.error();
    assert!(error.contains("@0123abcdef"), "{error}");
}

#[tokio::test]
async fn credentials_of_a_context_that_is_an_address_are_not_shown() {
    for (context, seen) in [
        (
            "https://ci:c0ntext-s3cret@127.0.0.1:9/x.git",
            "the project at https://127.0.0.1:9/x.git asks for is not installed",
        ),
        (
            "ssh://git:c0ntext-s3cret@127.0.0.1/x.git",
            "the project at ssh://git@127.0.0.1/x.git asks for is not installed",
        ),
        ("https://ci:c0nt#ext-s3cret@127.0.0.1:9/x.git", "input context: the address holds #, ? or / before an @"),
        ("https://ci:c0nt/ext-s3cret@127.0.0.1:9/x.git", "input context: the address holds #, ? or / before an @"),
    ] {
        let mut machine = Machine::with_python();
        machine.set("install-project-dependencies", "true");
        machine.set("context", context);
        let text = match machine.plan().await {
            Ok(plan) => plan.to_string(),
            Err(error) => error.full_text(),
        };
        assert!(text.contains(seen) && !text.contains("c0nt"), "{text}");
    }
    assert_eq!(actions_core::runner::mask::redact("c0ntext-s3cret"), "***");
}

/// A uv that writes down how it was called.
const SPY: &str = "#!/bin/sh
[ \"$1\" = --version ] && echo uv 1.0.0 && exit
echo \"$@\" >> \"$SPY\"; /usr/bin/env >> \"$SPY.env\"; exit 3
";

#[tokio::test]
async fn credentials_of_an_index_are_on_no_command_line() {
    let mut machine = Machine::with_python();
    machine.program("bin/uv", SPY);
    machine.env.set("SPY", machine.path("spy"));
    machine.set("index-url", "https://me:s3cr3t-index@127.0.0.1:9/simple");
    machine.set("extra-index-url", "https://t0ken-index@127.0.0.1:9/a\nhttps://127.0.0.1:9/b");
    let ran = machine.run().await;
    let (arguments, env) = (machine.read("spy"), machine.read("spy.env"));
    assert!(!arguments.is_empty() && !arguments.contains("127.0.0.1"), "{arguments}");
    assert!(env.contains("UV_DEFAULT_INDEX=https://me:s3cr3t-index@127.0.0.1:9/simple"), "{env}");
    assert!(env.contains("UV_INDEX=https://t0ken-index@127.0.0.1:9/a https://127.0.0.1:9/b"), "{env}");
    assert!(!ran.plan.contains("index@") && !ran.error().contains("index@"), "{}{}", ran.plan, ran.error());
    assert_eq!(actions_core::runner::mask::redact("s3cr3t-index t0ken-index"), "*** ***");
}

#[tokio::test]
async fn credentials_of_requirements_are_on_no_command_line_either() {
    let mut machine = Machine::with_python();
    // Also what the file is that it gets: who may read it, and what is in it.
    let spy = SPY.replace(
        "exit 3",
        "for file; do case $file in *requirements.txt) /usr/bin/stat -c %a $file; /bin/cat $file;; \
        esac; done >> \"$SPY.files\"; [ $1 = venv ] || exit 3",
    );
    machine.program("bin/uv", &spy);
    machine.env.set("SPY", machine.path("spy"));
    machine.write("workspace/ours.txt", "--extra-index-url https://u:of%2Dfile-s3cret@127.0.0.1:9/x\nthree\n");
    machine.set("requirements", "ours.txt");
    machine.set("packages", "one @ https://me:p%40ckage-s3cret@127.0.0.1:9/one.whl\ntwo @ git+ssh://git@127.0.0.1/two");
    let ran = machine.run().await;
    let (arguments, files) = (machine.read("spy"), machine.read("spy.files"));
    assert!(arguments.contains("--requirements ") && !arguments.contains("s3cret"), "{arguments}");
    assert!(files.starts_with("600\nbentoml>=1.0.25\none @ https://me:p%40ckage-s3cret@"), "{files}");
    assert!(!ran.plan.contains("s3cret") && ran.plan.contains("one @ https://127.0.0.1:9/one.whl"), "{}", ran.plan);
    let seen = "p%40ckage-s3cret p@ckage-s3cret of%2Dfile-s3cret of-file-s3cret git@";
    assert_eq!(actions_core::runner::mask::redact(seen), "*** *** *** *** git@");
    machine.assert_nothing_left();
}

#[tokio::test]
async fn the_asked_for_uv_is_used_or_fetched() {
    let mut machine = Machine::with_python();
    machine.program("bin/uv", SPY);
    machine.set("uv-version", "1.0.0");
    assert!(machine.plan().await.expect("a plan").to_string().contains("with uv 1.0.0 ("));
    machine.set("uv-version", "");
    machine.program("bin/uv", &SPY.replace("uv 1.0.0", "uv 0.7.2"));
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(!plan.contains("with uv 0.7.2"), "too old: {plan}");
    machine.set("uv-version", "0.9.1");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.ends_with("with uv 0.9.1, which is not on PATH and will be fetched with pip"), "{plan}");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_done() {
    for (input, value, part) in [
        ("extras", "grpc --pre", "input extras: \"--pre\" is not a valid name"),
        ("tools", "hatch $(id)", "input tools: \"$(id)\" is not a valid name"),
        ("packages", "one\n--index-url=x", "input packages: \"--index-url=x\" is an option"),
        ("requirements", "missing.txt", "missing.txt: it is not there"),
        ("index-url", "s3cret", "input index-url: it is not a URL"),
        ("extra-index-url", "ftp://s3cret", "input extra-index-url: it is neither https:// nor http://"),
        (
            "uv-version",
            "latest",
            "input uv-version: \"latest\" is not a valid version of uv. Write an exact one such as ",
        ),
        (
            "uv-version",
            "0.9.x",
            "input uv-version: \"0.9.x\" is not a valid version of uv. Write an exact one such as ",
        ),
        (
            "uv-version",
            ">=0.9",
            "input uv-version: \">=0.9\" is not a valid version of uv. Write an exact one such as ",
        ),
        ("uv-version", "0.7.2", "input uv-version: uv 0.7.2 is too old. The oldest that can be used is 0.7.3."),
        ("bentoml-version", ">=1,=2", "is not a version of BentoML"),
    ] {
        let mut machine = Machine::new();
        machine.set(input, value);
        let error = machine.run().await.result.expect_err(input);
        assert_eq!(error.cause(), Cause::Input, "{input}");
        let text = error.full_text();
        assert!(text.contains(part) && !text.contains("s3cret"), "{text}");
        machine.assert_nothing_left();
    }
}
