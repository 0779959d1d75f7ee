//! Runs the Python file that builds, and reads its answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::address;
use actions_core::env;
use actions_core::files::write_private;
use actions_core::process::{Command, describe};
use actions_core::runner::console;
use actions_core::{Cause, Context as _, Error, Result};
use bento_format::variables::BENTOML_HOME;
use bentocloud::variables::{BENTO_CLOUD_API_ENDPOINT, BENTO_CLOUD_API_KEY};
use python_env::variables::{PYTHONIOENCODING, PYTHONUNBUFFERED};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::Request;
use crate::failure::Failure;
use crate::failure::requirements::{self, Requirement};
use crate::locate::Located;
use crate::sources::Sources;
use crate::warnings::ModelUse;

/// Carried in the binary.
const DRIVER: &str = include_str!("driver.py");
/// What the driver imports from beside it.
const BESIDE: [(&str, &str); 11] = [
    ("used_models.py", include_str!("used_models.py")),
    ("used_requirements.py", include_str!("used_requirements.py")),
    ("sources.py", include_str!("sources.py")),
    ("standing.py", include_str!("standing.py")),
    ("stand_ins.py", include_str!("stand_ins.py")),
    ("callers.py", include_str!("callers.py")),
    ("facts.py", include_str!("facts.py")),
    ("failing.py", include_str!("failing.py")),
    ("importing.py", include_str!("importing.py")),
    ("inspection.py", include_str!("inspection.py")),
    ("distributions.py", include_str!("distributions.py")),
];
/// Locking requirements may download much; a service that never ends importing must not hold the job for ever.
const DEADLINE: Duration = Duration::from_secs(3600);

#[derive(Serialize)]
struct Question<'a> {
    staging: Bytes<'a>,
    context: Bytes<'a>,
    found_bentofile: Option<Bytes<'a>>,
    /// The service, whoever names it.
    service: Option<&'a str>,
    /// What is done about modules that are not installed: the word of the input.
    dependencies: &'a str,
    /// The lines of requirements that are known without importing the service.
    requirements: Vec<&'a str>,
    /// What relative paths in these lines start from.
    requirements_folder: Bytes<'a>,
    /// More arguments for pip.
    pip_args: &'a str,
    /// The folder of everything that may be the project's own.
    root: Bytes<'a>,
    /// A folder of packages behind those that are installed.
    overlay: Option<Bytes<'a>>,
    parameters: Parameters<'a>,
}

/// Parameters of `bentoml.bentos.build_bentofile`; those that are absent are not passed.
#[derive(Serialize)]
struct Parameters<'a> {
    bentofile: Option<Bytes<'a>>,
    service: Option<&'a str>,
    name: Option<&'a str>,
    version: Option<&'a str>,
    labels: Option<&'a BTreeMap<String, String>>,
    args: Option<&'a BTreeMap<String, String>>,
    build_ctx: Bytes<'a>,
}

/// A path as `{"bytes": […]}`: JSON has no word for one that is not UTF-8.
#[derive(Serialize)]
struct Bytes<'a> {
    bytes: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn of(path: &'a Path) -> Self {
        Self { bytes: path.as_os_str().as_encoded_bytes() }
    }
}

/// What the driver answers.
#[derive(Debug, Deserialize)]
struct Answer {
    ok: bool,
    bentoml_version: Option<String>,
    /// Below the staging folder.
    #[serde(default)]
    folder: PathBuf,
    #[serde(default)]
    uses: Vec<ModelUse>,
    #[serde(default)]
    stood_in: Vec<StoodIn>,
    #[serde(default)]
    needed: Vec<Needed>,
    #[serde(flatten)]
    sources: Sources,
    #[serde(flatten)]
    failure: Failure,
}

/// A module that was stood in for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoodIn {
    /// Its name.
    pub(crate) module: String,
    /// The file of the project that imports it first.
    pub(crate) file: Option<PathBuf>,
    /// The line of the import.
    pub(crate) line: Option<u32>,
    /// Does the project list its package, or is that well known?
    pub(crate) known: bool,
}

/// A module that a Bento cannot be built without.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Needed {
    /// Its name.
    pub(crate) module: String,
    /// What asked for it.
    pub(crate) what: String,
    /// The file of the project that imports it.
    pub(crate) file: Option<PathBuf>,
    /// The line of the import.
    pub(crate) line: Option<u32>,
    /// The line of requirements that brings it; `None`: no distribution is known to have it.
    pub(crate) requirement: Option<String>,
}

/// A build that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Why.
    pub(crate) failure: Failure,
    /// The version of BentoML, where Python could tell.
    pub(crate) bentoml: Option<String>,
    /// The last lines that were printed.
    pub(crate) said: Vec<String>,
}

/// What the driver answered.
#[derive(Debug)]
pub(crate) struct Answered {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Models that the project's code names.
    pub(crate) uses: Vec<ModelUse>,
    /// Modules that were stood in for.
    pub(crate) stood_in: Vec<StoodIn>,
    /// Modules to install before the answer is right.
    pub(crate) needed: Vec<Needed>,
    /// Where packages come from.
    pub(crate) sources: Sources,
}

/// What the driver is given besides the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    /// Where the Bento is built.
    pub(crate) staging: &'a Path,
    /// A folder of packages behind those that are installed.
    pub(crate) overlay: Option<&'a Path>,
    /// What is done about modules that are not installed.
    pub(crate) dependencies: &'a str,
}

/// How the driver ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The Bento stands in this folder, below the staging folder.
    Built(PathBuf),
    /// It could not be built.
    Failed(Box<Failed>),
}

/// Builds into the staging folder. What Python and the project print is shown in the log.
///
/// # Errors
/// When Python cannot be started or ends without an answer, and on cancellation.
pub(crate) async fn run(
    request: &Request,
    project: &Located,
    task: Task<'_>,
    home: &Path,
    python: &Path,
    ctx: &Context,
) -> Result<Answered> {
    let temporary = ctx.temp_dir("build-bento-")?;
    let [script, asked, answered] =
        ["driver.py", "request.json", "result.json"].map(|name| temporary.path().join(name));
    let requirements = requirements::all(&project.project);
    let question = question(request, project, task, &requirements);
    let text = serde_json::to_vec(&question).context(|| "failed to write the request to Python".into())?;
    for (name, text) in BESIDE {
        write_private(&temporary.path().join(name), text.as_bytes())?;
    }
    write_private(&script, DRIVER.as_bytes())?;
    write_private(&asked, &text)?;
    let mut command = Command::new(python)
        .inherit(&ctx.env)
        .args([&script, &asked, &answered])
        .current_dir(&project.folder)
        .env(BENTOML_HOME, home)
        .env(PYTHONUNBUFFERED, "1")
        .env(PYTHONIOENCODING, "utf-8")
        .env(env::NO_COLOR, "1")
        .deadline(DEADLINE);
    for name in [env::FORCE_COLOR, env::CLICOLOR_FORCE] {
        command = command.env_remove(name);
    }
    if let Some(cloud) = &request.cloud {
        // Services that name their models in code pull them while they are imported.
        command = command.env(BENTO_CLOUD_API_KEY, cloud.token.expose_secret());
        if let Some(endpoint) = &cloud.endpoint {
            command = command.env(BENTO_CLOUD_API_ENDPOINT, endpoint);
        }
    }
    let ended = {
        let is_list = task.dependencies == "list";
        let _group = console::group(if is_list { "Read what the project requires" } else { "Build the Bento" });
        command.stream(&ctx.cancel).await?
    };
    let Ok(bytes) = std::fs::read(&answered) else {
        let last = ended.tail.last().map(|line| format!("; its last line: {line}")).unwrap_or_default();
        return Err(Error::new(
            Cause::Build,
            format!("Python ended with {} before the Bento was built{last}", describe(ended.status)),
        )
        .hint(
            "Look above for what the service does while it is imported. Signal 9 most often means that the machine ran out of \
             memory.",
        ));
    };
    let answer: Answer = serde_json::from_slice(&bytes).context(|| "failed to read the answer of Python".into())?;
    // Python read them in the project's files, the service's code among them: nothing of them was masked before.
    let sources = answer.sources.of(&project.project);
    sources.mask();
    answer.needed.iter().filter_map(|needed| needed.requirement.as_deref()).for_each(address::mask);
    answer.failure.about.requirement.iter().for_each(|requirement| address::mask(requirement));
    let outcome = match answer.ok {
        true => Outcome::Built(task.staging.join(answer.folder)),
        false => Outcome::Failed(Box::new(Failed {
            failure: answer.failure,
            bentoml: answer.bentoml_version,
            said: ended.tail,
        })),
    };
    Ok(Answered { outcome, uses: answer.uses, stood_in: answer.stood_in, needed: answer.needed, sources })
}

fn question<'a>(
    request: &'a Request,
    project: &'a Located,
    task: Task<'a>,
    requirements: &'a [Requirement],
) -> Question<'a> {
    let given = |pairs: &'a BTreeMap<String, String>| Some(pairs).filter(|pairs| !pairs.is_empty());
    let file = project.project.python.requirements.as_ref();
    Question {
        staging: Bytes::of(task.staging),
        context: Bytes::of(&project.context),
        found_bentofile: project.found.as_deref().map(Bytes::of),
        service: project.project.service.as_ref().map(|service| &*service.value).or(project.service.as_deref()),
        dependencies: task.dependencies,
        requirements: requirements.iter().map(|one| one.line.as_str()).collect(),
        requirements_folder: Bytes::of(file.and_then(|file| file.value.parent()).unwrap_or(&project.context)),
        pip_args: project.project.python.pip_args.as_ref().map(|given| &*given.value).unwrap_or_default(),
        root: Bytes::of(&project.root),
        overlay: task.overlay.map(Bytes::of),
        parameters: Parameters {
            bentofile: project.named.as_deref().map(Bytes::of),
            service: project.service.as_deref(),
            name: request.name.as_deref(),
            version: request.version.as_deref(),
            labels: given(&request.labels),
            args: given(&request.args),
            build_ctx: Bytes::of(&project.context),
        },
    }
}
