//! Where the workflows run: a BentoCloud, an engine and a registry of this machine, and act between them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actions_core::http;
use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::cases::{Case, Workflow};
use super::log::Log;
use super::{act, tree};
use crate::cloud::Cloud;
use crate::engine::Engine;
use crate::{command, dist, docs, layout, tools};

/// The token's and the endpoint's names in `secrets`.
const SECRETS: [&str; 2] = ["BENTO_CLOUD_API_KEY", "BENTO_CLOUD_API_ENDPOINT"];
/// What a job takes over from this machine besides PATH: where packages come from.
const PACKAGE_SETTINGS: [&str; 5] = ["PIP_", "UV_", "SSL_CERT_", "HTTPS_PROXY", "NO_PROXY"];
/// A job that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(300);
/// How long it may take to end.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(10);
/// The file of a workflow that is not an example's.
const OWN: &str = ".github/workflows/own.yml";
const POLL: Duration = Duration::from_millis(50);
/// A second name for the repository: without binaries, as on main.
pub(super) const WITHOUT_BINARIES: &str = "main";

pub(super) struct Lab {
    folder: PathBuf,
    act: PathBuf,
    cloud: Cloud,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    /// `owner/name@ref=folder`, as act takes them.
    repositories: Vec<OsString>,
}

impl Lab {
    /// Prepares everything; with the tree that `cargo xtask dist` made, or one of this checkout and its debug binary.
    pub(super) fn new(release_tree: bool) -> Result<Self> {
        let folder = layout::target().join("e2e");
        for name in ["tree", "main", "stand-ins", "work", "cloud", "bentoml", "act"] {
            let old = folder.join(name);
            if old.exists() {
                fs::remove_dir_all(&old).with_context(|| format!("could not remove {}", old.display()))?;
            }
        }
        let mut lab = Self {
            act: act::ensure()?,
            cloud: Cloud::start(&folder.join("cloud"), &layout::debug_binaries())?,
            engine: Engine::up()?,
            runtime: tokio::runtime::Runtime::new().context("could not start tokio")?,
            repositories: Vec::new(),
            folder,
        };
        dist::copy_checkout(&layout::root(), &lab.folder.join("main"))?;
        let tree = lab.tree();
        match release_tree {
            true => command::run(command::clean("cp").arg("-a").arg(layout::release_tree()).arg(&tree))
                .context("make the tree first: `cargo xtask dist`")?,
            false => dist::lay_out_debug(&tree)?,
        }
        for (reference, name) in [(tree::TAG, "tree"), (WITHOUT_BINARIES, "main")] {
            let folder = lab.folder.join(name);
            tree::name_released(&folder)?;
            lab.repositories.push(stands_for(&format!("{}@{reference}", tree::REPOSITORY), &folder));
        }
        for (number, action) in tree::foreign_actions(&tree)?.iter().enumerate() {
            let folder = lab.folder.join("stand-ins").join(number.to_string());
            tree::stand_in(&folder, action)?;
            lab.repositories.push(stands_for(action, &folder));
        }
        Ok(lab)
    }

    /// The repository as its users see it.
    pub(super) fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// The checkout in which a case runs; act copies it for the job.
    pub(super) fn workspace(&self, case: &Case) -> PathBuf {
        self.folder.join("work").join(case.folder())
    }

    /// The text of the workflow that a case ran, unless it is an example's.
    pub(super) fn text(&self, case: &Case) -> Result<String> {
        let path = self.workspace(case).join(OWN);
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
    }

    /// Where a case's log is kept.
    pub(super) fn log_file(&self, case: &Case) -> PathBuf {
        self.folder.join("work").join(format!("{}.log", case.folder()))
    }

    /// Runs the workflow of a case, and returns its log and whether it succeeded.
    pub(super) fn run(&self, case: &Case) -> Result<(Log, bool)> {
        let workspace = self.workspace(case);
        let (workflow, commit) = prepare(case, &workspace)?;
        let event = workspace.with_extension("event.json");
        fs::write(&event, case.event.payload(&commit, case.inputs).to_string())
            .with_context(|| format!("could not write {}", event.display()))?;
        let printed = File::create(self.log_file(case)).context("could not create the log")?;
        let mut act = command::clean(&self.act);
        act.current_dir(&workspace)
            .args([
                case.event.name(),
                "-W",
                &workflow,
                "-P",
                "ubuntu-latest=-self-hosted",
                "--no-cache-server",
                "--json",
            ])
            .arg("-e")
            .arg(&event)
            .arg("--action-cache-path")
            .arg(self.folder.join("act"))
            .stdout(printed.try_clone()?)
            .stderr(printed);
        for (name, value) in case.inputs {
            act.arg("--input").arg(format!("{name}={value}"));
        }
        for repository in &self.repositories {
            act.arg("--local-repository").arg(repository);
        }
        if case.event.has_secrets() {
            // Named only: act takes the values from its environment.
            act.args(SECRETS.iter().flat_map(|name| ["-s", name]))
                .env(SECRETS[0], self.cloud.token())
                .env(SECRETS[1], self.cloud.endpoint());
        }
        self.set_environment(&mut act)?;
        let succeeded = wait(&mut act)?;
        let printed = fs::read(self.log_file(case)).context("could not read the log")?;
        Ok((Log::parse(&String::from_utf8_lossy(&printed)), succeeded))
    }

    /// No cargo on PATH: what runs, runs from the tree. Node is the runner's, docker the engine's.
    fn set_environment(&self, act: &mut Command) -> Result<()> {
        let engine = |name: &str| {
            let found = self.engine.environment().iter().find(|(variable, _)| variable == name);
            found.map(|(_, value)| value.clone())
        };
        let path = engine("PATH").or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let node = tools::node();
        let first = node.parent().context("Node stands in a folder")?.to_owned();
        let folders = std::iter::once(first).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders.filter(|folder| !folder.join("cargo").exists()))?;
        act.env("PATH", path);
        let mut job: Vec<(String, OsString)> = std::env::vars()
            .filter(|(name, _)| PACKAGE_SETTINGS.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(name, value)| (name, value.into()))
            .collect();
        job.extend(
            ["DOCKER_HOST", "DOCKER_CONFIG"].iter().filter_map(|name| Some(((*name).to_owned(), engine(name)?))),
        );
        job.push(("RUNNER_TOOL_CACHE".to_owned(), self.folder.join("tool-cache").into()));
        job.push(("BENTOML_HOME".to_owned(), self.folder.join("bentoml").into()));
        job.push(("BENTOML_DO_NOT_TRACK".to_owned(), "True".into()));
        for (name, value) in job {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            act.arg("--env").arg(variable);
        }
        Ok(())
    }

    /// The files of BENTOML_HOME, which outlives the jobs, whose name starts so.
    pub(super) fn in_bentoml_home(&self, start: &str) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("bentoml");
        let mut files = if folder.is_dir() { tree::entries(&folder)? } else { Vec::new() };
        files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
        Ok(files)
    }

    /// What the cloud answers to a GET of this path.
    pub(super) fn cloud(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.cloud.endpoint());
        self.runtime.block_on(async {
            let request = http::client()?.get(&url).header("X-YATAI-API-TOKEN", self.cloud.token());
            let answer = request.send().await.with_context(|| format!("GET {url}"))?;
            Ok(serde_json::from_str(&answer.text().await?)?)
        })
    }

    /// The status and what is answered to a POST of this JSON.
    pub(super) fn post(&self, url: &str, body: &Value) -> Result<(u16, String)> {
        self.runtime.block_on(async {
            let answer = http::client()?.post(url).json(body).send().await.with_context(|| format!("POST {url}"))?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }

    /// The status and what is answered to a GET, without credentials.
    pub(super) fn get(&self, url: &str, accept: &str) -> Result<(u16, String)> {
        self.runtime.block_on(async {
            let answer = http::client()?.get(url).header("accept", accept).send().await;
            let answer = answer.with_context(|| format!("GET {url}"))?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

fn stands_for(repository: &str, folder: &Path) -> OsString {
    let mut text = OsString::from(format!("{repository}="));
    text.push(folder);
    text
}

/// Makes the repository whose workflow runs, and returns the workflow's path in it, and the commit.
fn prepare(case: &Case, workspace: &Path) -> Result<(String, String)> {
    dist::copy_checkout(&layout::root().join(case.project), workspace)?;
    let workflow = match case.workflow {
        Workflow::Example(name) => format!(".github/workflows/{name}"),
        Workflow::Own(_) | Workflow::Readme => OWN.to_owned(),
    };
    match case.workflow {
        Workflow::Example(_) => {}
        Workflow::Own(text) => write(&workspace.join(OWN), text)?,
        Workflow::Readme => write(&workspace.join(OWN), &docs::first_workflow(&layout::root().join("README.md"))?)?,
    }
    let git = |arguments: &[&str]| {
        command::capture(
            command::clean("git")
                .args(["-c", "user.name=octo", "-c", "user.email=octo@localhost"])
                .args(arguments)
                .current_dir(workspace),
        )
    };
    git(&["init", "--quiet", "--initial-branch=main"])?;
    git(&["remote", "add", "origin", "https://github.com/octo/app"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "all"])?;
    Ok((workflow, git(&["rev-parse", "HEAD"])?.trim().to_owned()))
}

fn wait(command: &mut Command) -> Result<bool> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn().context("could not start act")?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if start.elapsed() > DEADLINE {
            end(child)?;
            bail!("it was not done within {} s", DEADLINE.as_secs());
        }
        std::thread::sleep(POLL);
    }
}

/// Interrupted, it ends what it started; killed, it could not.
fn end(mut child: Child) -> Result<()> {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }
    child.kill().context("could not end act")?;
    child.wait()?;
    Ok(())
}
