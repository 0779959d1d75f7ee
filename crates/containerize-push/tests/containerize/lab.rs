//! A store with Bentos made by BentoML, an engine, a registry, and the action run on them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use runner_sim::{Job, Step, StepResult};
use uuid::Uuid;

use crate::IS_ACTION;

const SERVICE: &str = "\
import pathlib

import bentoml


@bentoml.service
class Greeter:
    weights = bentoml.models.BentoModel('greetings:v1')

    @bentoml.api
    def greet(self, name: str) -> str:
        return pathlib.Path(self.weights.path, 'greeting.txt').read_text() + name
";

/// A workspace, a store, and names in the registry that no other test uses.
pub(crate) struct Lab {
    root: tempfile::TempDir,
    repository: String,
}

impl Lab {
    /// An empty store.
    pub(crate) fn new() -> Self {
        engine();
        let root = tempfile::Builder::new().prefix("containerize-push-test-").tempdir().unwrap();
        for folder in ["workspace", "project", "home"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root, repository: format!("test-{}", Uuid::new_v4().simple()) }
    }

    /// A store with the model `greetings:v1`, and a Bento `greeter` that reads it.
    pub(crate) fn greeter(model_bytes: u64) -> Self {
        let lab = Self::new();
        let make = format!(
            "import bentoml, os\nwith bentoml.models.create('greetings:v1') as m:\n    \
             open(m.path_of('greeting.txt'), 'w').write('Hello, ')\n    \
             open(m.path_of('weights.bin'), 'wb').write(os.urandom({model_bytes}))"
        );
        lab.bentoml("python", &["-c", &make]);
        std::fs::write(
            lab.project().join("bentofile.yaml"),
            "service: service:Greeter\npython:\n  lock_packages: false\n",
        )
        .unwrap();
        lab.build("v1", "");
        lab
    }

    /// A store with a Bento of these files, named by its bentofile or service.
    pub(crate) fn of(files: &[(&str, &str)], version: &str) -> Self {
        let lab = Self::new();
        lab.bento(files, version);
        lab
    }

    /// Builds a Bento of these files.
    pub(crate) fn bento(&self, files: &[(&str, &str)], version: &str) {
        for (name, text) in files {
            let file = self.project().join(name);
            std::fs::write(&file, text).unwrap();
            let mode = if name.ends_with(".sh") { 0o755 } else { 0o644 };
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        self.bentoml("bentoml", &["build", "--version", version]);
    }

    /// A store with a Bento `plain:v1` without a model.
    pub(crate) fn plain() -> Self {
        let service = "import bentoml\n\n\n@bentoml.service\nclass Plain:\n    pass\n";
        let bentofile = "service: service:Plain\npython:\n  lock_packages: false\n";
        Self::of(&[("service.py", service), ("bentofile.yaml", bentofile)], "v1")
    }

    /// With a `Dockerfile` in the workspace that installs nothing.
    pub(crate) fn quick(self) -> Self {
        self.dockerfile("RUN mkdir -p /home/bentoml/bento\nWORKDIR /home/bentoml/bento\nCOPY . ./");
        self
    }

    /// Builds `greeter` in this version, with more lines in its service.
    pub(crate) fn build(&self, version: &str, more: &str) {
        std::fs::write(self.project().join("service.py"), format!("{SERVICE}{more}")).unwrap();
        self.bentoml("bentoml", &["build", "--version", version]);
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The name of an image in the test's own repository.
    pub(crate) fn image(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", registry(), self.repository)
    }

    /// The test's repository.
    pub(crate) fn repository(&self) -> &str {
        &self.repository
    }

    /// Writes a `Dockerfile` into the workspace: the base image, and these lines.
    pub(crate) fn dockerfile(&self, lines: &str) {
        std::fs::write(self.workspace().join("Dockerfile"), format!("FROM {}\n{lines}\n", base())).unwrap();
    }

    /// A folder that is removed with the lab.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.root.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Runs a program of the virtual environment with BentoML.
    pub(crate) fn bentoml(&self, program: &str, arguments: &[&str]) {
        self.bentoml_with(program, arguments, &[]);
    }

    /// The same, with variables.
    pub(crate) fn bentoml_with(&self, program: &str, arguments: &[&str], env: &[(&str, &str)]) {
        let mut command = Command::new(testkit::venv().join("bin").join(program));
        command.args(arguments).current_dir(self.project());
        command.env("BENTOML_HOME", self.home()).env("BENTOML_DO_NOT_TRACK", "true").envs(env.iter().copied());
        output(&mut command);
    }

    /// Runs the action with these inputs.
    pub(crate) fn step(&self, with: &[(&str, &str)]) -> StepResult {
        self.run(with, &[], |step| step)
    }

    /// Runs the post step with these states.
    pub(crate) fn post(&self, states: &[(&str, &str)], env: &[(&str, &str)]) -> StepResult {
        let states: Vec<_> = states.iter().map(|(name, value)| (format!("STATE_{name}"), *value)).collect();
        let env: Vec<_> =
            states.iter().map(|(name, value)| (name.as_str(), *value)).chain(env.iter().copied()).collect();
        self.run(&[], &env, |step| step.env(crate::IS_POST, "true"))
    }

    /// Runs the post step after one that was killed: its folder is left, and `leave` is told where.
    pub(crate) fn post_of_killed(
        &self,
        states: &[(&str, &str)],
        env: &[(&str, &str)],
        leave: impl FnOnce(&Path),
    ) -> StepResult {
        let states: Vec<_> = states.iter().map(|(name, value)| (format!("STATE_{name}"), *value)).collect();
        let env: Vec<_> =
            states.iter().map(|(name, value)| (name.as_str(), *value)).chain(env.iter().copied()).collect();
        let left = std::cell::OnceCell::new();
        let change = |step: Step| {
            let folder: &PathBuf = left.get().expect("the job has started");
            step.env(crate::IS_POST, "true").env("STATE_folder", folder.display().to_string())
        };
        self.start(
            &[],
            &env,
            change,
            |_| {},
            |job| {
                let folder = job.runner_temp().join("containerize-push-left");
                std::fs::create_dir_all(&folder).unwrap();
                leave(&folder);
                left.set(folder).unwrap();
            },
        )
    }

    /// Runs the action with these inputs and variables.
    pub(crate) fn run(
        &self,
        with: &[(&str, &str)],
        env: &[(&str, &str)],
        change: impl FnOnce(Step) -> Step,
    ) -> StepResult {
        self.watch(with, env, change, |_| {})
    }

    /// Runs the action, and cancels it when this returns.
    pub(crate) fn cancel_after(&self, with: &[(&str, &str)], until: impl FnOnce() + Send + 'static) -> StepResult {
        let (cancel, cancelled) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let canceller: tokio_util::sync::CancellationToken = cancelled.recv().unwrap();
            until();
            canceller.cancel();
        });
        let result = self.start(with, &[], |step| step, |_| {}, |job| cancel.send(job.canceller()).unwrap());
        waiting.join().unwrap();
        result
    }

    /// The same, with someone who sees each line of the log as it comes.
    pub(crate) fn watch(
        &self,
        with: &[(&str, &str)],
        env: &[(&str, &str)],
        change: impl FnOnce(Step) -> Step,
        on_log: impl FnMut(&str) + Send + 'static,
    ) -> StepResult {
        self.start(with, env, change, on_log, |_| {})
    }

    fn start(
        &self,
        with: &[(&str, &str)],
        env: &[(&str, &str)],
        change: impl FnOnce(Step) -> Step,
        on_log: impl FnMut(&str) + Send + 'static,
        started: impl FnOnce(&Job),
    ) -> StepResult {
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", "action_process", "--nocapture"].map(Into::into);
        let mut step = Step::run([program.into_os_string()].into_iter().chain(arguments)).env(IS_ACTION, "true");
        for (input, value) in with {
            step = step.env(format!("INPUT_{}", input.to_uppercase()), *value);
        }
        let mut job = Job::new(self.workspace()).unwrap().env("BENTOML_HOME", self.home().display().to_string());
        job = job.on_log(on_log);
        for name in ["PATH", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "HOME"] {
            if let Ok(value) = std::env::var(name) {
                job = job.env(name, value);
            }
        }
        for (name, value) in env {
            job = job.env(*name, *value);
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let deadline = Duration::from_secs(180);
        let temp = job.runner_temp();
        started(&job);
        let mut result = runtime.block_on(async {
            tokio::time::timeout(deadline, job.step(change(step))).await.expect("the step ends").unwrap()
        });
        // The runner adds it to failed `run:` steps, which this one stands in as; actions have none.
        result.annotations.retain(|annotation| !annotation.message.starts_with("Process completed with exit code"));
        // What the runner and the test harness print before the action starts is not the action's.
        let start = result.log.iter().position(|line| line == "running 1 test").expect("the action starts");
        result.log.drain(..=start);
        let left: Vec<_> = std::fs::read_dir(temp).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let left: Vec<_> =
            left.iter().filter(|name| name.to_string_lossy().starts_with("containerize-push-")).collect();
        assert!(left.is_empty(), "temporary folders are left: {left:?}");
        result
    }
}

/// The base image that Bentos of the tests' Python ask for.
pub(crate) fn base() -> String {
    let version = "import sys; print('%d.%d' % sys.version_info[:2], end='')";
    format!("python:{}-slim", output(Command::new(testkit::venv().join("bin/python")).args(["-c", version])))
}

/// The base image, under a name that docker can run.
pub(crate) fn base_image() -> String {
    let name = base();
    docker(&["pull", "--quiet", &name]);
    name
}

/// Runs docker and returns what it prints.
pub(crate) fn docker(arguments: &[&str]) -> String {
    output(Command::new("docker").args(arguments))
}

/// What the registry answers to a GET.
pub(crate) fn registry_get(path: &str) -> serde_json::Value {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
    runtime.block_on(async {
        let client = actions_core::http::client().unwrap();
        let response = client.get(format!("http://{}/v2/{path}", registry())).header("Accept", accept).send().await;
        response.unwrap().json().await.unwrap()
    })
}

/// The registry under test.
pub(crate) fn registry() -> String {
    std::env::var("BENTO_TEST_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5000".into())
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// A missing engine is a failure: a test that did not run has shown nothing.
fn engine() {
    let answers =
        Command::new("docker").args(["buildx", "inspect"]).output().is_ok_and(|output| output.status.success());
    assert!(
        answers && std::net::TcpStream::connect(registry()).is_ok(),
        "no engine with buildx, or no registry at {}: use `cargo xtask test`, or `eval \"$(scripts/docker-engine up)\"`",
        registry()
    );
}
