//! What is wrong ends with one error that says what to do, and leaves nothing behind.

mod common;

use actions_core::Cause;
use common::Machine;

#[tokio::test]
async fn inputs_that_say_nothing_sensible() {
    for (input, value, part) in [
        ("bentoml-version", "newest", "input bentoml-version: \"newest\" is not a version of BentoML"),
        ("python-version", "three", "input python-version: \"three\" is not a valid version of Python"),
        ("python-version-file", "missing.txt", "missing.txt"),
        ("architecture", "z80", "input architecture: \"z80\" is not an architecture"),
        ("cache", "perhaps", "input cache: \"perhaps\" is neither true nor false"),
        ("dry-run", "maybe", "input dry-run: \"maybe\" is not a boolean"),
        ("install-timeout", "0", "input install-timeout: within 0 seconds nothing can be installed"),
        ("install-timeout", "1.5", "input install-timeout: \"1.5\" is not a duration"),
        ("bentoml-repository", "bentoml/BentoML", "input bentoml-repository: the address is not a URL"),
    ] {
        let mut machine = Machine::new();
        machine.set(input, value);
        let error = machine.run().await.result.expect_err(input);
        assert_eq!(error.cause(), Cause::Input, "{input}");
        assert!(error.full_text().contains(part), "{}", error.full_text());
        machine.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_repository_address_with_credentials_is_not_shown() {
    let mut machine = Machine::new();
    machine.set("bentoml-version", "main");
    for address in ["https://me:s3cret@localhost/x", "https://s3cret@localhost/x", "--s3cret"] {
        machine.set("bentoml-repository", address);
        let error = machine.run().await.error();
        assert!(error.starts_with("input bentoml-repository: ") && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn no_python_at_all() {
    let mut machine = Machine::new();
    for path in [machine.env.get("PATH").expect("PATH").to_owned(), String::new()] {
        machine.env.set("PATH", path);
        let ran = machine.run().await;
        assert!(ran.error().contains("no Python at all was found"), "{}", ran.error());
        assert!(ran.error().contains("actions/setup-python"), "{}", ran.error());
    }
    machine.assert_nothing_left();
}

#[tokio::test]
async fn a_version_that_does_not_exist_names_its_neighbours() {
    let mut machine = Machine::with_python();
    machine.set("bentoml-version", "1.4.3.1");
    let ran = machine.run().await;
    let error = ran.result.as_ref().expect_err("no such version");
    assert_eq!(error.cause(), Cause::Input);
    assert_eq!(error.full_text(), "there is no bentoml 1.4.3.1 to install. The nearest versions are 1.4.3 and 1.4.4.");
    machine.assert_nothing_left();
}

#[tokio::test]
async fn a_uv_that_fails() {
    let machine = Machine::with_python();
    machine.program("bin/uv", "#!/bin/sh\n[ \"$1\" = --version ] && echo uv 1.0.0 && exit\necho no luck >&2\nexit 3\n");
    let ran = machine.run().await;
    assert!(ran.plan.contains("with uv 1.0.0 ("), "{}", ran.plan);
    assert!(ran.error().starts_with("failed to make a virtual environment of "), "{}", ran.error());
    assert!(ran.error().contains("uv ended with exit code 3: no luck"), "{}", ran.error());
    machine.assert_nothing_left();
}

#[tokio::test]
async fn neither_uv_nor_pip_says_how_to_get_them() {
    let mut machine = Machine::new();
    let python = machine.fake_python("fake/python3", "3.11.2");
    let answers = machine.read("fake/python3").replace("#!/bin/sh\n", "#!/bin/sh\n[ $1 = -c ] || exit 1\n");
    std::fs::write(python, answers).expect("a program");
    machine.append_path(&machine.path("fake"));
    machine.env.set("PIP_CONFIG_FILE", "/dev/null");
    let ran = machine.run().await;
    assert!(ran.error().contains("uv is not on PATH, and ") && ran.error().contains("has no pip"), "{}", ran.error());
    assert!(ran.error().contains("Install uv before this step"), "{}", ran.error());
    machine.assert_nothing_left();
}

#[tokio::test]
async fn an_index_that_cannot_be_reached() {
    let mut machine = Machine::with_python();
    machine.env.set("RUNNER_TOOL_CACHE", machine.path("tools"));
    for (name, value) in [("PIP_INDEX_URL", "http://127.0.0.1:9/simple"), ("PIP_RETRIES", "0"), ("PIP_FIND_LINKS", "")]
    {
        machine.env.set(name, value);
    }
    let ran = machine.run().await;
    assert!(ran.error().starts_with("failed to fetch uv=="), "{}", ran.error());
    assert!(ran.error().ends_with("or use a Python that has pip."), "{}", ran.error());
    machine.assert_nothing_left();
}

#[tokio::test]
async fn a_folder_for_temporary_files_that_cannot_be_written() {
    let mut machine = Machine::with_python();
    machine.program("bin/uv", "#!/bin/sh\necho uv 1.0.0\n");
    // A file in its place: permissions do not stop root.
    let file = machine.write("no-folder", "");
    machine.env.set("RUNNER_TEMP", &file);
    let ran = machine.run().await;
    assert!(ran.error().contains(&*file.to_string_lossy()), "{}", ran.error());
    assert!(ran.error().contains("RUNNER_TEMP"), "{}", ran.error());
    machine.assert_nothing_left();
}

/// Halves of one secret, wherever an address can stand: neither is in the plan, in an error or in what a masked log shows.
#[tokio::test]
async fn no_input_shows_half_of_a_secret_in_an_address() {
    let addresses = [
        "https://u:half-a#half-b@host.invalid/x",
        "https://u:half-a/half-b@host.invalid/x",
        "https://half-a?half-b@host.invalid/x",
        "https://u:half-a@half-b@host.invalid/x",
        "https://half-ahalf-b@host.invalid/x",
        "ssh://u:half-ahalf-b@host.invalid/x",
    ];
    for input in ["context", "index-url", "extra-index-url", "python-mirror", "bentoml-repository", "bentoml-version"] {
        for address in addresses {
            let mut machine = Machine::new();
            machine.set("install-project-dependencies", "true");
            machine.set("bentoml-version", "main");
            machine.set(input, address);
            machine.append_path(machine.fake_python("fake/python3", "3.11.2").parent().expect("a folder"));
            let said = match machine.plan().await {
                Ok(plan) => actions_core::runner::mask::redact(&plan.to_string()),
                Err(error) => error.full_text(),
            };
            assert!(!said.contains("half-a") && !said.contains("half-b"), "{input}: {said}");
            let said_why = said.contains("address") || said.contains("URL") || said.contains("host.invalid");
            assert!(said_why || input.ends_with("index-url") || input == "python-mirror", "{input}: {said}");
        }
    }
    for package in
        ["x @ git+https://half-a/half-b@host.invalid/x", "--find-links https://u:half-a#half-b@host.invalid/x"]
    {
        let mut machine = Machine::new();
        machine.set("packages", package);
        machine.append_path(machine.fake_python("fake/python3", "3.11.2").parent().expect("a folder"));
        let said = match machine.plan().await {
            Ok(plan) => plan.to_string(),
            Err(error) => error.full_text(),
        };
        assert!(!said.contains("half-a") && !said.contains("half-b"), "{said}");
    }
}
