//! Build configurations: what BentoML reads of each, beside ours.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use actions_core::Env;
use bento_format::Project;
use bento_format::project::absolute;
use serde_json::{Value, json};
use testkit::{python_on, succeed};

const VARIABLES: [(&str, &str); 3] = [("FLAVOR", "cpu"), ("EMPTY", ""), ("LIBS", "libs")];

/// The files that paths of the configurations may lead to.
const FILES: [&str; 4] = ["requirements.txt", "requirements-cpu.txt", "deps/dev.txt", "wheels/t-1-py3-none-any.whl"];

/// Files of a project: its build configuration, or several.
type Case = Vec<(&'static str, String)>;

fn yaml(text: &str) -> Case {
    vec![("bentofile.yaml", text.to_owned())]
}

fn toml(text: &str) -> Case {
    vec![("pyproject.toml", text.to_owned())]
}

fn table() -> Vec<Case> {
    let mut cases = vec![
        vec![],
        yaml(""),
        yaml("- service: x\n"),
        yaml("service: 5\nname: 12\n"),
        yaml("service: on\nname: 1.10\n"),
        yaml("service: 'a:B'\nname: ~\n"),
        yaml("python:\n"),
        yaml("python: requirements.txt\n"),
        yaml("python: [a]\n"),
        yaml("models:\n"),
        yaml("models: [a:1, {tag: 'b:latest', filter: 'label:x=y'}, {tag: c, alias: d}]\n"),
        yaml("models: [5]\n"),
        yaml("models: [{alias: x}]\n"),
        yaml("models: ['a:']\n"),
        yaml("models: ['A B:1']\n"),
        toml(""),
        toml("[project]\nname = 'x'\ndependencies = ['numpy>=2', './libs']\n"),
        toml("[project]\nname = 'x'\n[tool.bentoml.build]\nname = 'y'\nservice = 'a:B'\n"),
        toml("[project]\ndependencies = ['numpy']\n[tool.bentoml.build.python]\npackages = ['idna']\n"),
        toml("[project]\ndependencies = [1]\n"),
        toml("[tool.bentoml.build]\nmodels = ['a:1', {tag = 'b'}]\npython.requirements_txt = 'requirements.txt'\n"),
        toml("[tool.bentoml]\nbuild = 'x'\n"),
        toml("[tool.bentoml.build]\nservice = \n"),
        vec![("bentofile.yaml", "service: a\n".to_owned()), ("pyproject.toml", "[project]\nname = 'x'\n".to_owned())],
        vec![("bentofile.yml", "service: a\n".to_owned())],
    ];
    for path in [
        "requirements.txt",
        "./requirements-${FLAVOR}.txt",
        "requirements-$FLAVOR.txt",
        "$EMPTY./deps/dev.txt",
        "deps/../requirements.txt",
        "~/own.txt",
        "~",
        "~root",
        "~nobody-of-this-name/x",
        "requirements-${UNKNOWN}.txt",
        "${FLAVOR",
        "$$FLAVOR",
        "missing.txt",
        "/etc/hostname",
        "",
    ] {
        cases.push(yaml(&format!("python:\n  requirements_txt: {}\n", json!(path))));
        cases.push(yaml(&format!("python:\n  wheels: [{}]\n", json!(path))));
        cases.push(toml(&format!("[tool.bentoml.build.python]\nrequirements_txt = {}\n", json!(path))));
    }
    cases
}

/// A xorshift generator: the configurations must be the same everywhere.
struct Random(u64);

impl Random {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from[usize::try_from(self.0 >> 33).unwrap_or(0) % from.len()]
    }
}

/// A configuration with some keys, each with a value that it takes or one that it does not.
fn random(random: &mut Random) -> Case {
    const VALUES: &[&str] = &[
        "requirements.txt",
        "'./requirements-${FLAVOR}.txt'",
        "[numpy, 'idna>=3']",
        "[./libs, '-e ./libs', '--pre']",
        "[\"wheels/t-1-py3-none-any.whl\"]",
        "[]",
        "~",
        "''",
        "yes",
        "false",
        "3.10",
        "[1.0]",
        "[~]",
        "{a: b}",
        "https://host.example/simple",
        "[https://host.example/simple, 'https://b.example']",
        "\"a $FLAVOR\"",
    ];
    let keys = [
        "requirements_txt",
        "packages",
        "index_url",
        "no_index",
        "trusted_host",
        "extra_index_url",
        "pip_args",
        "wheels",
    ];
    let mut text = String::from("service: s\npython:\n  lock_packages: false\n");
    for key in keys {
        if random.pick(&["set", "", ""]) == "set" {
            writeln!(text, "  {key}: {}", random.pick(VALUES)).expect("it is a text");
        }
    }
    yaml(&text)
}

/// What ours reads, in the words of project.py.
fn ours(folder: &Path, env: &Env) -> Value {
    let project = match Project::read(folder, None, env) {
        Ok(project) => project,
        Err(error) => return json!({ "refused": error.full_text() }),
    };
    let real = |path: &PathBuf| path.canonicalize().ok();
    let python = &project.python;
    let source = |option: &str| -> Vec<String> {
        let values = python.sources.iter().filter_map(|line| line.value.strip_prefix(option)?.strip_prefix(' '));
        values.map(str::to_owned).collect()
    };
    json!({
        "service": project.service.map(|service| service.value).unwrap_or_default(),
        "name": project.name.map(|name| name.value),
        "models": project.models.iter().map(|model| json!([model.value.tag.to_string(), model.value.filter])).collect::<Vec<_>>(),
        "requirements": match &python.requirements { Some(file) => json!(real(&file.value)), None => json!("") },
        "packages": python.packages.iter().map(|line| line.value.clone()).collect::<Vec<_>>(),
        "wheels": python.wheels.iter().map(|wheel| real(&wheel.value)).collect::<Vec<_>>(),
        "index_url": source("--index-url").pop().unwrap_or_default(),
        "extra_index_url": source("--extra-index-url"),
        "trusted_host": source("--trusted-host"),
        "no_index": python.sources.iter().any(|line| line.value == "--no-index"),
        "pip_args": python.pip_args.as_ref().map(|value| value.value.clone()).unwrap_or_default(),
    })
}

#[test]
fn a_projects_files_are_read_as_bentoml_reads_them() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("own.txt"), "").unwrap();
    let mut seed = Random(0x5eed_5eed_5eed_5eed);
    let generated = (0..400).map(|_| random(&mut seed)).collect::<Vec<_>>();
    let cases: Vec<_> = table().into_iter().chain(generated).collect();
    let variables: Vec<_> = VARIABLES.into_iter().chain([("HOME", home.to_str().unwrap())]).collect();
    let folders: Vec<_> = (0..cases.len()).map(|number| root.path().join(number.to_string())).collect();
    for (folder, case) in folders.iter().zip(&cases) {
        for (name, text) in case.iter().map(|(name, text)| (*name, text.as_str())).chain(FILES.map(|name| (name, ""))) {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }
    let (asked, answered) = (root.path().join("asked"), root.path().join("answered"));
    let env: serde_json::Map<_, _> = variables.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    let questions: Vec<_> = folders.iter().map(|folder| json!({ "folder": folder, "env": env })).collect();
    fs::write(&asked, json!(questions).to_string()).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bentoml/project.py");
    succeed(python_on(&root.path().join("store")).arg(program).arg(&asked).arg(&answered));
    let answers: Vec<Value> = serde_json::from_slice(&fs::read(answered).unwrap()).unwrap();

    let env: Env = variables.into_iter().collect();
    let mut wrong = Vec::new();
    let mut refused = 0;
    for ((folder, case), mut theirs) in folders.iter().zip(&cases).zip(answers) {
        let ours = ours(folder, &env);
        if let Some(packages) = theirs.get_mut("packages").and_then(Value::as_array_mut) {
            // BentoML locks them inside a copy of the project.
            packages.iter_mut().for_each(|line| *line = json!(absolute(line.as_str().unwrap(), folder, &env)));
        }
        if theirs.get("requirements").is_some_and(|file| file != "") {
            theirs["packages"] = json!([]);
        }
        refused += usize::from(theirs.get("refused").is_some());
        let same = match (ours.get("refused"), theirs.get("refused")) {
            (Some(_), Some(_)) => true,
            _ => ours == theirs,
        };
        if !same {
            wrong.push(format!("{case:?}\n   ours: {ours}\n theirs: {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(refused > 50 && refused < cases.len() - 50, "{refused} of {} were refused", cases.len());
}

/// uv takes the lines of a project from its folder; made absolute, from any.
#[test]
fn packages_that_are_paths_are_found_from_any_folder() {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("project");
    for name in ["tools", "more"] {
        fs::create_dir_all(project.join("libs").join(name)).unwrap();
        let metadata = format!("[project]\nname = '{name}'\nversion = '1'\n");
        fs::write(project.join("libs").join(name).join("pyproject.toml"), metadata).unwrap();
    }
    let env: Env = VARIABLES.into_iter().collect();
    for line in [
        "./libs/tools",
        "libs/tools",
        "-e ./libs/tools",
        "--editable=libs/tools",
        "tools @ ./libs/tools",
        "tools @ libs/tools",
        "tools @ file:libs/tools",
        "tools @ file:./libs/tools",
        "file:libs/tools",
        "${LIBS}/tools",
        "./${LIBS}/../libs/tools[gpu] ; python_version >= '3'",
    ] {
        let lock = |line: &str, folder: &Path| {
            fs::write(root.path().join("requirements.in"), line).unwrap();
            let python = python_on(root.path());
            let uv = Path::new(python.get_program()).with_file_name("uv");
            let mut command = std::process::Command::new(uv);
            command.args(["pip", "compile", "--offline", "--no-header", "--format", "pylock.toml"]);
            command.arg(root.path().join("requirements.in")).envs(VARIABLES).current_dir(folder);
            let output = command.output().unwrap();
            let locked = String::from_utf8_lossy(&output.stdout);
            (locked.contains("name = \"tools\""), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (found, said) = lock(line, &project);
        assert!(found, "{line}: {said}");
        let ours = absolute(line, &project, &env);
        let (found, said) = lock(&ours, Path::new("/"));
        assert!(found, "{line} became {ours}: {said}");
    }
}
