//! What the project asks for is installed besides, read without importing it.

mod common;

use common::{Machine, run};

const PACKAGES: [&str; 12] = [
    "bentoml-9.0",
    "pip-99",
    "one-1",
    "two-1",
    "three-1",
    "four-1",
    "five-1",
    "half-1",
    "seven-1",
    "seven-2",
    "eight-1",
    "never-1",
];

const SERVICE: &str = r#"
import bentoml
raise SystemExit("imported")

NAMES = ["five"]
image = (
    bentoml.images.Image(python_version="3.11")
    .python_packages("four", *NAMES)
    .requirements_file("image.txt")
    .pyproject_toml("sub/pyproject.toml")
    .python_packages(*bentoml.names())
)
"#;

fn machine() -> Machine {
    let mut machine = Machine::with_python();
    machine.packages(&PACKAGES);
    machine.set("install-project-dependencies", "true");
    machine
}

fn has(venv: &str, name: &str) -> bool {
    std::path::Path::new(venv).join("bin").join(name).exists()
}

#[tokio::test]
async fn of_the_build_configuration_the_project_and_the_image() {
    let mut machine = machine();
    machine.set("context", "app");
    machine.write("workspace/app/bentofile.yaml", "service: pkg.service:Svc\npython:\n  packages: [one, 'seven<2']\n");
    machine.write("workspace/app/pyproject.toml", "[project]\nname = 'x'\ndependencies = ['three']\n");
    machine.write("workspace/app/pkg/service.py", SERVICE);
    machine.write("workspace/app/image.txt", "half\n");
    machine
        .write("workspace/app/sub/pyproject.toml", "[project]\ndependencies = ['eight']\ndynamic = ['dependencies']\n");
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    let venv = ran.output("venv");
    for name in ["one", "three", "four", "five", "half", "seven", "eight"] {
        assert!(has(venv, name), "{name}: {}", ran.plan);
    }
    assert!(!has(venv, "two") && !has(venv, "never"));
    assert!(run(format!("{venv}/bin/seven"), &[]).ends_with("version 1"));
    assert!(ran.plan.contains("service.py:11: what the image asks for there is known only when"), "{}", ran.plan);
    assert!(ran.plan.contains("sub/pyproject.toml are dynamic"), "{}", ran.plan);
}

#[tokio::test]
async fn of_pyproject_alone_and_a_file_in_place_of_packages() {
    let machine = machine();
    machine.write(
        "workspace/pyproject.toml",
        "[tool.bentoml.build.python]\nrequirements_txt = 'r.txt'\npackages = ['never']\nfind_links = ['/nowhere']\n",
    );
    machine.write("workspace/r.txt", "-r more.txt\ntwo\n");
    machine.write("workspace/more.txt", "one\n");
    // A file without an image.
    machine.write("workspace/service.py", "import bentoml\n");
    let plan = machine.plan().await.expect("a plan").to_string();
    assert!(plan.contains("--find-links /nowhere, ") || plan.contains(", --find-links /nowhere"), "{plan}");
    machine.write(
        "workspace/pyproject.toml",
        "[tool.bentoml.build.python]\nrequirements_txt = 'r.txt'\npackages = ['never']\n",
    );
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert!(has(ran.output("venv"), "one") && has(ran.output("venv"), "two") && !has(ran.output("venv"), "never"));
}

#[tokio::test]
async fn options_that_say_where_packages_come_from_are_passed_on() {
    let mut machine = machine();
    machine.packages(&["ten-1", "ten-2rc1"]);
    machine.set("context", "app");
    // What the project has stands nowhere else.
    let folder = machine.path("packages");
    for (name, wheels) in [("one", "wheels"), ("two", "more")] {
        let to = machine.write(&format!("workspace/app/{wheels}/{name}-1-py3-none-any.whl"), "");
        std::fs::rename(folder.join(format!("{name}-1-py3-none-any.whl")), to).expect("moved");
    }
    machine.write(
        "workspace/app/bentofile.yaml",
        "python:\n  packages: [one, --prefer-binary]\n  find_links: [wheels]\n  no_index: true\n  \
         trusted_host: [127.0.0.1]\n  pip_args: --user\n",
    );
    let index = "--index-url https://me:0f-pr0ject@127.0.0.1:9/simple";
    machine.write(
        "workspace/app/service.py",
        &format!(
            "image = Image().python_packages('{index}', '--pre', '-f more', '--no-build x', 'two', 'ten')\n\
             image.python_packages('{index}')\n"
        ),
    );
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert!(has(ran.output("venv"), "one") && has(ran.output("venv"), "two"));
    assert_eq!(run(format!("{}/bin/ten", ran.output("venv")), &[]), "ten, version 2rc1");
    for part in [
        "the project's packages: the option \"--prefer-binary\" is left out",
        "the project's pip_args are for pip: they are left out",
        "python_packages: the option \"--no-build x\" is left out",
        "--index-url https://127.0.0.1:9/simple, --pre",
    ] {
        assert!(ran.plan.contains(part), "{part}: {}", ran.plan);
    }
    assert_eq!(actions_core::runner::mask::redact("0f-pr0ject"), "***");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_asks_for_is_part_of_the_key_and_what_stands_in_the_workspace_is_not_cached() {
    let server = runner_sim::cache::Server::start().await.expect("a server");
    let mut machine = machine();
    machine.with_cache(&server);
    let mut keys = Vec::new();
    for (bentofile, more) in [
        ("python:\n  packages: [one]\n", ""),
        ("python:\n  packages: [two]\n", ""),
        ("python:\n  requirements_txt: r.txt\n", "one"),
        ("python:\n  requirements_txt: r.txt\n", "two"),
    ] {
        machine.write("workspace/bentofile.yaml", bentofile);
        machine.write("workspace/r.txt", more);
        let ran = machine.run().await;
        ran.result.as_ref().expect("installed");
        keys.push(ran.output("cache-key").to_owned());
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4, "{keys:?}");

    let wheel = "python:\n  wheels: [one-1-py3-none-any.whl]\n";
    machine.write("workspace/bentofile.yaml", wheel);
    let from = machine.path("packages/one-1-py3-none-any.whl");
    std::fs::copy(from, machine.path("workspace/one-1-py3-none-any.whl")).expect("copied");
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert_eq!(ran.output("cache-key"), "");
    assert!(has(ran.output("venv"), "one"));
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place_and_what_is_missing_is_no_error() {
    let machine = machine();
    let plan = machine.plan().await.expect("nothing is fine").to_string();
    assert!(plan.contains("asks for no packages"), "{plan}");
    machine.write("workspace/service.py", "def broken(:\n");
    let plan = machine.plan().await.expect("no error").to_string();
    assert!(plan.contains("service.py asks for is not known: it does not parse"), "{plan}");
    for (bentofile, part) in [
        ("python: [\n", "bentofile.yaml"),
        ("python:\n  requirements_txt: none.txt\n", "the project's requirements_txt: failed to read"),
    ] {
        machine.write("workspace/bentofile.yaml", bentofile);
        let error = machine.run().await.error();
        assert!(error.contains(part), "{error}");
    }
    std::fs::remove_file(machine.path("workspace/bentofile.yaml")).expect("removed");
    machine.write("workspace/pyproject.toml", "[project]\ndependencies = [\n");
    let error = machine.run().await.result.expect_err("no TOML");
    assert!(error.to_string().contains("is not valid TOML") && error.location().is_some(), "{error}");
    machine.assert_nothing_left();
}

#[tokio::test]
async fn variables_and_paths_count_as_bentoml_counts_them() {
    let mut machine = machine();
    machine.set("context", "api");
    machine.env.set("FLAVOR", "cpu");
    machine.write("workspace/api/bentofile.yaml", "python:\n  requirements_txt: ./requirements-${FLAVOR}.txt\n");
    // BentoML locks a file of requirements in a folder that has the project's files.
    machine.write("workspace/api/requirements-cpu.txt", "one\n./two-1-py3-none-any.whl\n");
    let wheel = machine.path("packages/two-1-py3-none-any.whl");
    std::fs::rename(wheel, machine.path("workspace/api/two-1-py3-none-any.whl")).expect("moved");
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    assert!(has(ran.output("venv"), "one") && has(ran.output("venv"), "two"));

    machine.write("workspace/api/bentofile.yaml", "python:\n  packages: [./libs/tools, '-e ./libs/more']\n");
    let plan = machine.plan().await.expect("a plan").to_string();
    machine.write(
        "workspace/api/bentofile.yaml",
        "python:\n  index_url: https://ci:left-1n-it@127.0.0.1:9/simple\n  packages: [./libs/tools, '-e ./libs/more']\n",
    );
    let with_index = machine.plan().await.expect("a plan").to_string();
    assert!(with_index.contains("--index-url https://127.0.0.1:9/simple, "), "{with_index}");
    assert_eq!(actions_core::runner::mask::redact("left-1n-it"), "***");
    let libs = machine.path("workspace/api/libs");
    for line in [format!("{}/tools", libs.display()), format!("--editable {}/more", libs.display())] {
        assert!(plan.contains(&line), "{line}: {plan}");
    }
}
