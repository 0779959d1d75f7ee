//! Every way in which BentoML 1.4 refuses a project, raised by BentoML itself, and what a person reads of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use actions_core::Env;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Build, Failure, explain};
use crate::locate;

const SERVICE: &str = "import bentoml\n\n\n@bentoml.service\nclass Echo:\n    @bentoml.api\n    def echo(self, text: str) -> str:\n        return text\n";

const TWO_OF_A_NAME: &str = "\
import bentoml
@bentoml.service(name='same')
class B: pass
@bentoml.service(name='same')
class C: pass
@bentoml.service
class A:
    b = bentoml.depends(B)
    c = bentoml.depends(C)
";
const UV_IS_MISSING: &str = "\
import importlib.metadata as metadata, os, sys
from bentoml._internal.configuration import get_uv_command
version, python = metadata.version, sys.executable
def gone(name):
    raise metadata.PackageNotFoundError(name)
os.environ['PATH'], sys.executable, metadata.version = '/nowhere', '/bin/false', gone
try:
    get_uv_command.__wrapped__()
finally:
    sys.executable, metadata.version = python, version
";

/// A project that does not build: its files, and what is said of it.
struct Case {
    /// The text of bentofile.yaml, and files besides it; a service.py is there where none is named.
    files: Vec<(&'static str, Vec<u8>)>,
    /// Run in the place of a build.
    code: &'static str,
    code_is: u8,
    at: (&'static str, u32),
    says: &'static [&'static str],
}

fn case(bentofile: &str, code_is: u8, at: (&'static str, u32), says: &'static [&'static str]) -> Case {
    Case { files: vec![("bentofile.yaml", bentofile.into())], code: "", code_is, at, says }
}

impl Case {
    fn file(mut self, name: &'static str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.push((name, contents.into()));
        self
    }

    fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }
}

/// A line of bentofile.yaml.
const fn line(number: u32) -> (&'static str, u32) {
    ("bentofile.yaml", number)
}

fn forms() -> Vec<Case> {
    vec![
        case("", 2, ("bentofile.yaml", 0), &["holds nothing", "a mapping"]),
        case("labels: {a: b}\npython:\n", 2, line(2), &["python holds nothing"]),
        case("labels: {a: b}\ndocker:\n", 2, line(2), &["docker holds nothing", "Remove the key"]),
        case("labels: [a]\n", 2, line(1), &["labels holds a list", "a mapping of texts"]),
        case("include: 5\n", 2, line(1), &["include holds a number", "a list of patterns"]),
        case("models: 5\n", 2, line(1), &["models holds a number"]),
        case("envs:\n  LOG_LEVEL: INFO\n", 2, line(1), &["envs holds a mapping", "name, value and stage"]),
        case("envs:\n- value: x\n", 2, line(2), &["envs.0 has no name"]),
        case("envs:\n- name: A\n  stage: never\n", 2, line(3), &["envs.0.stage", "never", "'all', 'build', 'runtime'"]),
        case("args: 5\n", 2, line(1), &["args holds a number"]),
        case("python:\n  packages: numpy\n", 2, line(2), &["python.packages holds a text", "a list"]),
        case("python:\n  no_index: 'yes'\n", 2, line(2), &["python.no_index holds a text"]),
        case("label: {a: b}\n", 2, line(1), &["does not know: label", "Did you mean labels?"]),
        case("python:\n  lock_package: no\n", 2, line(2), &["lock_package", "Did you mean lock_packages?"]),
        case("docker:\n  distribution: x\n", 2, line(2), &["does not know: distribution"]),
        case("models:\n- a:1\n- {tag: 'b:1', aliass: x}\n", 2, line(3), &["aliass", "Did you mean alias?"]),
        case("docker:\n  distro: ubuntu22.04\n", 2, line(2), &["'distro' must be in", "debian", "(got 'ubuntu22.04')"]),
        case(
            "docker:\n  cuda_version: '1'\n",
            2,
            line(2),
            &["docker.cuda_version", "Unsupported cuda version", "12.8"],
        ),
        case("docker:\n  python_version: three\n", 2, line(2), &["docker.python_version", "in quotes"]),
        case("docker:\n  python_version: 3.10\n", 2, line(2), &["3.1 is not supported", "as the number 3.1"]),
        case(
            "docker:\n  distro: debian\n  python_version: 3.1\n",
            2,
            line(3),
            &["3.1 is not supported", "as the number 3.1"],
        ),
        case(
            "docker:\n  distro: alpine\n  cuda_version: '12'\n",
            2,
            line(3),
            &["docker.cuda_version", "does not support CUDA"],
        ),
        case(
            "docker:\n  distro: amazonlinux\nconda:\n  dependencies: [a]\n",
            2,
            line(3),
            &["conda", "does not supports conda"],
        ),
        case("docker:\n  env: ['A B']\n", 2, line(2), &["docker.env", "NAME=value"]),
        case("docker:\n  env: ./missing.env\n", 2, line(2), &["docker.env", "missing.env"]),
        case("conda:\n  dependencies: [a, {conda: [b]}]\n", 2, line(2), &["conda.dependencies", "at most one mapping"]),
        case("conda:\n  dependencies: [a, {pip: [1.5]}]\n", 2, line(2), &["conda.dependencies", "in quotes"]),
        case(
            "conda:\n  dependencies: [a, {pip: [b]}]\n  pip: [c]\n",
            2,
            line(2),
            &["conda.dependencies", "one of the two"],
        ),
    ]
}

fn paths() -> Vec<Case> {
    vec![
        case("include: ['../other']\n", 2, line(1), &["include", "outside of the build context"]),
        case(
            "python:\n  requirements_txt: missing.txt\n",
            2,
            line(2),
            &["python.requirements_txt names the file missing.txt"],
        ),
        case(
            "python:\n  requirements_txt: r-${KIND}.txt\n",
            2,
            line(2),
            &["r-${KIND}.txt, which does not exist", "r-gpu.txt)"],
        ),
        case("python:\n  requirements_txt: /etc/hostname\n", 2, line(2), &["/etc/hostname, which", "Absolute path"]),
        case(
            "python:\n  requirements_txt: ../service.py\n",
            2,
            line(2),
            &["which", "outside of current working directory"],
        )
        .file("../service.py", ""),
        case("python:\n  requirements_txt: .deps/r.txt\n", 2, line(2), &["hidden files"]).file(".deps/r.txt", ""),
        case("description: 'file: missing.md'\n", 2, line(1), &["description names the file missing.md"]),
        case("python:\n  wheels: [x.whl]\n", 2, line(2), &["python.wheels.0 names the file x.whl"]),
        case("conda:\n  environment_yml: e.yml\n", 2, line(2), &["conda.environment_yml names the file e.yml"]),
        case(
            "python: {lock_packages: false}\ndocker:\n  dockerfile_template: D\n",
            2,
            line(3),
            &["docker.dockerfile_template names the file D"],
        ),
        case("docker:\n  setup_script: s.sh\n", 2, line(2), &["docker.setup_script names the file s.sh"]),
        case(
            "python: {lock_packages: false}\ndocker:\n  cuda_version: '12'\n  setup_script: s.sh\n",
            2,
            line(4),
            &["docker.setup_script names the file s.sh"],
        ),
        case(
            "python: {lock_packages: false}\ndocker:\n  cuda_version: '12'\n  setup_script: s.sh\n",
            2,
            line(4),
            &["s.sh is not executable", "chmod"],
        )
        .file("s.sh", "#!/bin/sh\n"),
    ]
}

fn services() -> Vec<Case> {
    vec![
        case("service: servise:Echo\n", 6, line(1), &["no service", "servise"]),
        case("labels: {a: b}\nservice: service:Eco\n", 6, line(2), &["Eco", "not found in module"]),
        case("service: ':Echo'\n", 6, line(1), &["Invalid import target"]),
        case("service: notes.txt\n", 6, line(1), &["no service", ".txt"]).file("notes.txt", ""),
        case("service: /etc/hostname\n", 6, line(1), &["no service", "not found in working directory"]),
        case("service: service\n", 6, line(1), &["No service found"]).file("service.py", "x = 1\n"),
        case("service: service\n", 6, line(1), &["Multiple"]).file(
            "service.py",
            "import bentoml\nfrom bentoml.legacy import Service\na = Service('a')\nb = Service('b')\n",
        ),
        case("{}\n", 6, ("bentofile.yaml", 0), &["no service"]).file("service.py", "").file("gone", ""),
        case(
            "service: service:Echo\nname: Bad Name!\npython: {lock_packages: false}\n",
            2,
            line(2),
            &["name is not valid", "lower-case"],
        ),
        case("{}\n", 6, ("bentofile.yaml", 0), &["no service", "service.py"]).file("no service.py", ""),
        case(
            "service: service:A\npython: {lock_packages: false}\n",
            6,
            line(1),
            &["Dependency conflict", "another name"],
        )
        .file("service.py", TWO_OF_A_NAME),
        case("service: service:Echo\n", 6, ("service.py", 2), &["Unsupported distro: mint", "debian"])
            .file("service.py", "import bentoml\nimage = bentoml.images.Image(distro='mint')\n"),
        case("service: service:Echo\n", 6, ("service.py", 4), &["API methods cannot start with '__'"]).file(
            "service.py",
            "import bentoml\n@bentoml.service\nclass Echo:\n    @bentoml.api\n    def __echo(self) -> str: ...\n",
        ),
        case("service: service:Echo\n", 6, ("service.py", 2), &["MissingDependencyException", "the module torch"])
            .file("service.py", "import bentoml\nbentoml.pytorch.load_model('w:v1')\n"),
        case("service: service:Echo\n", 6, ("service.py", 2), &["has no attribute servise", "service.py raised"])
            .file("service.py", "import bentoml\n@bentoml.servise\nclass Echo: ...\n"),
        case("service: service:Echo\n", 6, ("service.py", 2), &["Must specify at least one"])
            .file("service.py", "import bentoml\nbentoml.depends()\n"),
        case("service: service:Echo\n", 6, ("service.py", 3), &["Argument error", "size"]).file(
            "service.py",
            "import bentoml, pydantic\nclass A(pydantic.BaseModel): size: int\nbentoml.use_arguments(A)\n",
        ),
        case("service: service:Echo\n", 2, ("service.py", 1), &["service.py cannot be read as text", "0xe9"])
            .file("service.py", b"NAME = 'caf\xe9'\n".to_vec()),
        case("service: service:Echo\n", 2, ("service.py", 0), &["service.py cannot be read as text", "UTF-16"])
            .file("service.py", b"\xff\xfei\0m\0".to_vec()),
    ]
}

fn contents() -> Vec<Case> {
    let locked = "python:\n  requirements_txt: r.txt\n  lock_packages: false\n";
    vec![
        case(locked, 6, ("r.txt", 2), &["include base.txt", "-r base.txt", "does not take along"])
            .file("r.txt", "# all\n-r base.txt\n")
            .file("base.txt", "idna\n"),
        case(locked, 2, ("r.txt", 0), &["r.txt cannot be read as text", "UTF-16"])
            .file("r.txt", b"\xff\xfei\0d\0".to_vec()),
        case(locked, 2, ("r.txt", 2), &["r.txt cannot be read as text"]).file("r.txt", b"idna\n# caf\xe9\n".to_vec()),
        case("name: x\nlabels: {a: \"", 2, line(2), &["cannot be read as text"])
            .file("bentofile.yaml", b"name: x\nlabels: {a: \"\xe9\"}\n".to_vec()),
        case("python: {lock_packages: false}\n", 2, (".bentoignore", 1), &[".bentoignore cannot be read as text"])
            .file(".bentoignore", b"caf\xe9\n".to_vec()),
        case("docker:\n  env: e.env\n", 2, ("e.env", 1), &["e.env cannot be read as text"])
            .file("e.env", b"A=caf\xe9\n".to_vec()),
        case("python:\n  packages: [acme-private-zz==9.9]\n", 6, line(2), &["cannot be locked"]),
        case(
            "python:\n  lock_packages: false\n  packages:\n  - 'git+file:///nowhere/x.git'\n",
            2,
            line(3),
            &["Failed to clone", "/nowhere/x.git: git clone ended with 128"],
        ),
        case(
            "models:\n- vae:yqylcduxx2oeuaav\n",
            4,
            line(2),
            &["the model vae:yqylcduxx2oeuaav", "no API token", "cloud-api-token"],
        ),
        case("service: service:Echo\n", 4, ("service.py", 2), &["the model weights", "cloud-api-token"])
            .file("service.py", "import bentoml\nw = bentoml.models.get('weights:v1')\n"),
        case("service: service:Echo\n", 4, ("service.py", 2), &["the model weights", "cloud-api-token"])
            .file("service.py", "import bentoml\nw = bentoml.models.BentoModel('weights:v1').resolve()\n"),
        case("service: service:Echo\n", 4, ("service.py", 2), &["the model weights", "cloud-api-token"])
            .file("service.py", "import bentoml\nw = bentoml.models.get('weights')\n"),
        case(
            "python:\n  packages: [acme-private-zz==9.9]\ndocker:\n  cuda_version: '12'\n",
            6,
            line(2),
            &["cannot be locked"],
        ),
        case("{}", 2, ("", 0), &["BENTOML_CONFIG_OPTIONS"]).code(
            "from bentoml._internal.configuration.containers import BentoMLConfiguration as C\n\
             C(override_config_values='a=1 a.b=2')",
        ),
        case("{}", 2, ("", 0), &["BENTOML_CONFIG", "Invalid configuration"])
            .file("b.yaml", "version: 1\nservices: 5\n")
            .code("from bentoml._internal.configuration import load_config\nload_config('b.yaml')"),
        case("{}", 6, ("", 0), &["Failed to install uv", "uses: "]).code(UV_IS_MISSING),
        case("{}", 5, ("", 0), &["TooManyRedirects: too many", "HF_ENDPOINT"])
            .code("import httpx\nraise httpx.TooManyRedirects('too many')"),
        case("{}", 5, ("", 0), &["URLError", "refused"])
            .code("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1/x')"),
        case("service: service:Echo\n", 5, ("service.py", 2), &["ConnectError"])
            .file("service.py", "import httpx\nhttpx.get('http://127.0.0.1:1/x', trust_env=False)\n"),
        case("service: service:Echo\n", 6, ("service.py", 4), &["raised KeyError"]).file(
            "service.py",
            "import urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:1/x')\nexcept OSError: pass\n{}['a']\n",
        ),
        case("{}", 2, ("", 0), &["BENTOML_CONFIG", "not found"])
            .code("from bentoml._internal.configuration import load_config\nload_config('x.yaml')"),
        case("{}", 2, ("", 0), &["BENTOML_CONFIG", "does not end with"])
            .code("from bentoml._internal.configuration import load_config\nload_config('x.txt')"),
    ]
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<Value>,
    raises: Vec<Raise>,
}

/// A `raise` statement of BentoML.
#[derive(Deserialize)]
struct Raise {
    file: String,
    owner: String,
    says: String,
    hit: bool,
}

/// Lets BentoML refuse each project in its folder.
fn asked(folders: &[PathBuf], cases: &[Case], root: &Path) -> Answers {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = testkit::venv();
    let (questions, answers) = (root.join("questions"), root.join("answers"));
    let asked: Vec<_> = folders
        .iter()
        .zip(cases)
        .map(|(folder, case)| json!({ "folder": folder, "code": case.code, "env": { "KIND": "gpu" } }))
        .collect();
    fs::write(&questions, json!(asked).to_string()).unwrap();
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(here.join("tests/raised.py")).arg(here.join("src/driver.py")).arg(questions).arg(&answers);
    command.env("BENTOML_HOME", root.join("store")).env("BENTOML_DO_NOT_TRACK", "true").env("UV_OFFLINE", "1");
    command.env("PATH", format!("{}:/usr/bin:/bin", venv.join("bin").display()));
    for name in ["BENTO_CLOUD_API_KEY", "BENTO_CLOUD_API_ENDPOINT", "BENTOML_CONFIG"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(answers).unwrap()).unwrap()
}

#[test]
fn what_bentoml_refuses_is_said_at_its_place() {
    // BentoML refuses files below folders with a dot in front.
    let root = tempfile::Builder::new().prefix("raised-").tempdir().unwrap();
    let cases: Vec<_> = [forms(), paths(), services(), contents()].into_iter().flatten().collect();
    let folders: Vec<_> = (0..cases.len()).map(|number| root.path().join(number.to_string()).join("project")).collect();
    for (folder, case) in folders.iter().zip(&cases) {
        fs::create_dir_all(folder).unwrap();
        let has_own = case.files.iter().any(|(name, _)| name.ends_with("service.py") && !name.contains('/'));
        let service = (!has_own).then(|| ("service.py", SERVICE.into()));
        for (name, contents) in
            service.into_iter().chain(case.files.clone()).filter(|(name, _)| *name != "no service.py")
        {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, contents).unwrap();
        }
    }
    let answers = asked(&folders, &cases, root.path());
    let env: Env = [("KIND", "gpu")].into_iter().collect();
    let mut wrong = Vec::new();
    for ((folder, case), answer) in folders.iter().zip(&cases).zip(&answers.answers) {
        let error = match locate::local(".", None, folder, &env) {
            Err(error) => error,
            Ok(located) => {
                let failure: Failure = serde_json::from_value(answer.clone()).unwrap();
                let build = Build {
                    located: &located,
                    bentoml: Some("1.4"),
                    workspace: folder,
                    env: &env,
                    has_token: false,
                    said: &[],
                    uses: &[],
                    lacking: &[],
                };
                explain(&failure, &build)
            }
        };
        let text = error.full_text();
        let at = error.location().map(|at| {
            let file = at.file.strip_prefix(folder).unwrap_or(&at.file).display().to_string();
            (file, at.line.unwrap_or_default())
        });
        let at = at.unwrap_or_default();
        let missing: Vec<_> = case.says.iter().filter(|words| !text.contains(**words)).collect();
        assert!(!text.contains(": None"), "{text}");
        if !missing.is_empty() || error.cause() as u8 != case.code_is || (at.0.as_str(), at.1) != case.at {
            let config = String::from_utf8_lossy(&case.files[0].1);
            wrong.push(format!("{config}{missing:?} {at:?} {:?}\n  {text}\n  {answer}", error.cause()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    every_raise_is_known(&answers.raises);
}

/// Each `raise` on the way of a build is one that a case above went through, or is listed with the reason why none can.
fn every_raise_is_known(raises: &[Raise]) {
    assert!(raises.len() > 80, "only {} statements were found", raises.len());
    let list = include_str!("unreachable.txt");
    let rows: Vec<Vec<_>> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let is_of = |row: &[&str], raise: &Raise| {
        raise.file.ends_with(row[0]) && (row[1] == "*" || raise.owner == row[1]) && raise.says.contains(row[2])
    };
    let unknown: Vec<_> = raises
        .iter()
        .filter(|raise| !raise.hit && !rows.iter().any(|row| is_of(row, raise)))
        .map(|raise| format!("{} | {} | {}", raise.file, raise.owner, raise.says))
        .collect();
    assert!(unknown.is_empty(), "{} are neither tested nor listed:\n{}", unknown.len(), unknown.join("\n"));
    let stale: Vec<_> = rows.iter().filter(|row| !raises.iter().any(|raise| is_of(row, raise))).collect();
    assert!(stale.is_empty(), "these do not exist: {stale:?}");
}
