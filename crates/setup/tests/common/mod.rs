//! A machine for the tests: its PATH, folders and environment are the test's own, Python, uv and the package index are
//! real.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use actions_core::action::{Action, Cancel, Context, Inputs, Report, Values};
use actions_core::{Env, Result};
use python_env::{Interpreter, PINNED_UV, Uv};
use setup::{Plan, Setup};
use tempfile::TempDir;

/// What the way to the package index may need from this machine's environment.
const KEPT: [&str; 4] = ["PIP_", "UV_", "SSL_", "HOME"];

/// Writes wheels of small packages: folder, then `name-version`, or `name-version:requirement;requirement`. With a `!` behind it, it
/// cannot be imported.
const WHEELS: &str = r#"
import os, sys, zipfile
for given in sys.argv[2:]:
    broken = given.endswith("!")
    given, _, needs = given.rstrip("!").partition(":")
    name, version = given.split("-")
    info = f"{name}-{version}.dist-info/"
    files = {
        f"{name}/__init__.py": "import gone_since_then\n" * broken + f"__version__ = '{version}'\ndef main(): print('{name}, version', __version__)\n",
        info + "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            + "".join(f"Requires-Dist: {need}\n" for need in needs.split(";") if need),
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        info + "entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    if name == "bentoml":
        files[info + "METADATA"] += "Provides-Extra: grpc\nRequires-Dist: grpcio; extra == 'grpc'\n"
    if name == "bulk":
        files["bulk/data"] = "x" * 16_000_000
    record = "".join(file + ",,\n" for file in files) + info + "RECORD,,\n"
    with zipfile.ZipFile(os.path.join(sys.argv[1], f"{name}-{version}-py3-none-any.whl"), "w") as wheel:
        for file, text in [*files.items(), (info + "RECORD", record)]:
            wheel.writestr(file, text)
"#;

pub(crate) struct Machine {
    root: TempDir,
    pub(crate) env: Env,
    pub(crate) cancel: Cancel,
}

/// What a run of the action left behind.
pub(crate) struct Ran {
    pub(crate) result: Result<()>,
    pub(crate) plan: String,
    pub(crate) outputs: Vec<(String, String)>,
}

impl Machine {
    /// An empty PATH, folders of its own; uv and its cache are shared by the tests.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let kept = std::env::vars().filter(|(name, _)| {
            KEPT.iter().any(|prefix| name.starts_with(prefix)) || name.to_lowercase().ends_with("_proxy")
        });
        let mut env: Env = kept.collect();
        for (name, path) in [
            ("PATH", root.path().join("bin")),
            ("RUNNER_TEMP", root.path().join("temp")),
            ("RUNNER_TOOL_CACHE", root.path().join("tools")),
            ("GITHUB_WORKSPACE", root.path().join("workspace")),
            ("PYENV_ROOT", root.path().join("pyenv")),
            ("UV_PYTHON_INSTALL_DIR", root.path().join("uv-pythons")),
        ] {
            fs::create_dir_all(&path).expect("a folder");
            env.set(name, path);
        }
        // Where nothing persists; a test that wants it otherwise says so.
        env.set("RUNNER_ENVIRONMENT", "github-hosted");
        for name in ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"] {
            env.set(name, root.path().join(name));
        }
        env.set("UV_CACHE_DIR", shared.join("uv-cache"));
        Self { root, env, cancel: Cancel::default() }
    }

    /// The same with a real `python3` on PATH that has nothing installed, whatever this machine's own has, and a tool cache
    /// that keeps uv from test to test.
    pub(crate) fn with_python() -> Self {
        let mut machine = Self::new();
        machine.env.set("RUNNER_TOOL_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools"));
        machine.append_path(&machine.bare_python());
        machine
    }

    /// The real uv on PATH, and no Python.
    pub(crate) async fn with_uv() -> Self {
        let other = Self::with_python();
        let ctx = other.context();
        let uv = match Uv::find(&ctx).await.expect("looked") {
            Some(uv) => uv,
            None => {
                let python = other.path("bare/bin/python");
                let python = Interpreter::query(&python, &ctx).await.expect("a Python");
                Uv::fetch(PINNED_UV, &python, Duration::from_secs(300), &ctx).await.expect("a uv")
            }
        };
        let machine = Self::new();
        std::os::unix::fs::symlink(uv.program, machine.path("bin/uv")).expect("a link");
        machine
    }

    /// The folder of a real Python without packages, not even pip.
    pub(crate) fn bare_python(&self) -> PathBuf {
        let bare = self.path("bare");
        run(real_python(), &["-m", "venv", "--without-pip", &bare.to_string_lossy()]);
        bare.join("bin")
    }

    pub(crate) fn append_path(&mut self, folder: &Path) {
        let path = format!("{}:{}", self.env.get("PATH").unwrap_or_default(), folder.display());
        self.env.set("PATH", path);
    }

    pub(crate) fn set(&mut self, input: &str, value: &str) {
        self.env.set(format!("INPUT_{}", input.to_uppercase()), value);
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: &str) -> PathBuf {
        let file = self.path(relative);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, text).expect("a file");
        file
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }

    /// A program that answers as this version of Python would. Real ones of several versions are on few machines; what is
    /// tested with these is the choice among them.
    pub(crate) fn fake_python(&self, relative: &str, version: &str) -> PathBuf {
        let file = self.path(relative);
        let answer = format!(
            r#"{{"executable":"{0}","version":"{version}","prefix":"/p","base_prefix":"/p","platform":"linux-{1}","scripts":"/p/bin","path":[]}}"#,
            file.display(),
            std::env::consts::ARCH,
        );
        self.program(relative, &format!("#!/bin/sh\necho '{answer}'\n"))
    }

    /// A folder of small packages `name-version` in place of the package index; bentoml's has its command.
    pub(crate) fn packages(&mut self, names: &[&str]) {
        let folder = self.path("packages");
        fs::create_dir_all(&folder).expect("a folder");
        run(real_python(), &[&["-c", WHEELS, &folder.to_string_lossy()], names].concat());
        // As the workspace sees it: the same on all machines, as the address of an index would be.
        for (name, value) in [("UV_FIND_LINKS", "../packages"), ("UV_OFFLINE", "1")] {
            self.env.set(name, value);
        }
    }

    /// What uv and pip ask for over the network fails at once.
    pub(crate) fn without_network(&mut self) {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            for name in [name.to_owned(), name.to_lowercase()] {
                self.env.set(name, "http://127.0.0.1:9");
            }
        }
        for (name, value) in [("NO_PROXY", ""), ("no_proxy", ""), ("PIP_FIND_LINKS", ""), ("PIP_RETRIES", "0")] {
            self.env.set(name, value);
        }
    }

    /// The program that ships, as `cargo build -p bento-actions` makes it.
    pub(crate) fn program_that_ships() -> PathBuf {
        let folder = std::env::var_os("BENTO_ACTIONS_BIN")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debug"), PathBuf::from);
        let program = folder.join("bento-actions");
        assert!(program.is_file(), "{} is missing: run `cargo build -p bento-actions`", program.display());
        program
    }

    /// The cache of GitHub Actions.
    pub(crate) fn with_cache(&mut self, server: &runner_sim::cache::Server) {
        self.env.set("ACTIONS_RESULTS_URL", server.results_url());
        self.env.set("ACTIONS_RUNTIME_TOKEN", server.token());
        self.env.set("GITHUB_STATE", self.path("GITHUB_STATE"));
    }

    /// The post step, with the state that the step left.
    pub(crate) async fn post(&self) -> Result<()> {
        let mut ctx = self.context();
        let state = self.read("GITHUB_STATE");
        let mut lines = state.lines();
        while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            ctx.env.set(format!("STATE_{name}"), value.join("\n"));
        }
        Setup::post(&ctx).await
    }

    pub(crate) fn program(&self, relative: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let file = self.write(relative, text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        file
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(self.env.clone(), self.cancel.clone())
    }

    pub(crate) async fn plan(&self) -> Result<Plan> {
        let inputs = setup::Inputs::read(&Values::of(&self.env))?;
        Setup::plan(inputs, &self.context()).await
    }

    /// Inputs, plan, effects, as the frame does it.
    pub(crate) async fn run(&self) -> Ran {
        let mut report = Report::new(Setup::SPEC);
        let mut text = String::new();
        let result = match self.plan().await {
            Ok(plan) => {
                text = plan.to_string();
                Setup::execute(plan, &self.context(), &mut report).await
            }
            Err(error) => Err(error),
        };
        Ran { result, plan: text, outputs: report.outputs().to_vec() }
    }

    /// The names in the folder for temporary files.
    pub(crate) fn temp_files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("temp")).expect("the folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// Nothing for later steps, nothing in the folder for temporary files.
    pub(crate) fn assert_nothing_left(&self) {
        assert_eq!(self.temp_files(), Vec::<String>::new());
        assert_eq!(self.read("GITHUB_PATH") + &self.read("GITHUB_ENV"), "");
    }
}

impl Ran {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn error(&self) -> String {
        self.result.as_ref().expect_err("an error").full_text()
    }
}

/// The program behind this machine's `python3`.
pub(crate) fn real_python() -> PathBuf {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let asked = asked.expect("the tests need python3 (3.9 or newer) on PATH");
    PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim())
}

/// Runs a program to its end and returns its standard output.
pub(crate) fn run(program: impl AsRef<Path>, arguments: &[&str]) -> String {
    let ended = Command::new(program.as_ref()).args(arguments).output().expect("it starts");
    assert!(ended.status.success(), "{:?}: {}", program.as_ref(), String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}
