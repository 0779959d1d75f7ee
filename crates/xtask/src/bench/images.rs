//! Where images are made and pushed: the engine, a registry of the benchmark's own, and a project.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::lab::Lab;
use super::model;
use crate::command;
use crate::engine::Engine;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

const SERVICE: &str = "import bentoml\n\n\n@bentoml.service\nclass Bench:\nMODEL    @bentoml.api\n    \
                       def echo(self, text: str) -> str:\n        return text\n";
const BENTOFILE: &str = "service: service:Bench\npython:\n  lock_packages: false\n";

/// An engine and an empty registry; both end when this is dropped.
pub(super) struct Images {
    engine: Engine,
    registry: Registry,
}

impl Images {
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let engine = Engine::up()?;
        let registry = Registry::start(folder, &engine)?;
        Ok(Self { engine, registry })
    }

    /// A repository of the registry.
    pub(super) fn repository(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.address)
    }

    /// The repository in the registry's API, without its scheme.
    pub(super) fn api(&self, name: &str) -> String {
        format!("{}/v2/{name}", self.registry.address)
    }

    /// Where the registry keeps what was pushed.
    pub(super) fn data(&self) -> PathBuf {
        self.registry.data.clone()
    }

    /// With the engine in the command's environment.
    pub(super) fn with_engine(&self, mut command: Command) -> Command {
        command.envs(self.engine.environment().iter().cloned());
        command
    }

    /// Runs docker.
    pub(super) fn docker(&self, arguments: &[&str]) -> Result<()> {
        let mut docker = command::clean("docker");
        docker.args(arguments);
        command::capture(&mut self.with_engine(docker)).map(drop)
    }

    /// What a machine knows that has never built: nothing.
    pub(super) fn forget_builds(&self) -> Result<()> {
        self.docker(&["builder", "prune", "--all", "--force"])
    }
}

/// A project whose service reads the model of the benchmark, if it has one, and the store with its Bentos.
pub(super) struct Project {
    folder: PathBuf,
    /// `BENTOML_HOME`.
    pub(super) home: PathBuf,
    model: Option<PathBuf>,
}

impl Project {
    /// In a folder of this name. `model` holds the weights.
    pub(super) fn new(lab: &Lab, name: &str, model: Option<PathBuf>) -> Result<Self> {
        let folder = lab.fresh_folder(name)?;
        let home = folder.join("home");
        let project = Self { folder: folder.join("project"), home, model };
        std::fs::create_dir_all(&project.folder)?;
        std::fs::write(project.folder.join("bentofile.yaml"), BENTOFILE)?;
        project.pull()?;
        Ok(project)
    }

    /// The model in a store without anything else, with the file times of now.
    pub(super) fn pull(&self) -> Result<()> {
        if self.home.exists() {
            std::fs::remove_dir_all(&self.home)?;
        }
        std::fs::create_dir_all(&self.home)?;
        if let Some(weights) = &self.model {
            model::add(&self.home, "v1", weights)?;
            File::options().write(true).open(weights)?.set_modified(std::time::SystemTime::now())?;
        }
        Ok(())
    }

    /// Builds it in this version, which is also the line that changes, and returns the tag.
    pub(super) fn build(&self, lab: &Lab, version: &str) -> Result<String> {
        let reads = format!("    weights = bentoml.models.BentoModel(\"{}:v1\")\n\n", model::NAME);
        let reads = if self.model.is_some() { reads.as_str() } else { "" };
        let service = format!("{}\n# {version}\n", SERVICE.replace("MODEL", reads));
        std::fs::write(self.folder.join("service.py"), service)?;
        let mut bentoml = lab.bentoml(&self.home);
        bentoml.args(["build", "--version", version]).current_dir(&self.folder);
        command::capture(&mut bentoml)?;
        Ok(format!("bench:{version}"))
    }
}

/// A registry process.
struct Registry {
    child: Child,
    address: String,
    data: PathBuf,
}

impl Registry {
    fn start(folder: &Path, engine: &Engine) -> Result<Self> {
        let data = folder.join("data");
        std::fs::create_dir_all(&data).with_context(|| format!("could not create {}", data.display()))?;
        // Free a moment ago: the registry takes no port 0.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let config = folder.join("registry.yml");
        let storage = format!("storage: {{filesystem: {{rootdirectory: {}}}}}", data.display());
        std::fs::write(
            &config,
            format!("version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: '{address}'}}\n{storage}\n"),
        )?;
        let log = File::create(folder.join("registry.log"))?;
        let mut program = command::clean("docker-registry");
        program.arg("serve").arg(&config).stdout(log.try_clone()?).stderr(log);
        program.envs(engine.environment().iter().cloned());
        let child = program.spawn().context("could not start `docker-registry`, the registry's program: install it")?;
        let mut registry = Self { child, address, data };
        let start = Instant::now();
        while std::net::TcpStream::connect(&registry.address).is_err() {
            if start.elapsed() > PATIENCE || registry.child.try_wait()?.is_some() {
                let printed = std::fs::read_to_string(folder.join("registry.log")).unwrap_or_default();
                bail!("the registry did not start:\n{printed}");
            }
            std::thread::sleep(POLL);
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
