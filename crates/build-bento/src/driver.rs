//! Runs the Python file that builds, and reads its answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bento_core::action::Context;
use bento_core::env;
use bento_core::env::{BENTO_CLOUD_API_ENDPOINT, BENTO_CLOUD_API_KEY, BENTOML_HOME};
use bento_core::files::write_private;
use bento_core::process::{Command, describe};
use bento_core::runner::console;
use bento_core::{Cause, Context as _, Error, Result};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::Request;
use crate::failure::Failure;
use crate::locate::Located;
use crate::warnings::ModelUse;

/// Carried in the binary.
const DRIVER: &str = include_str!("driver.py");
/// What the driver imports from beside it.
const USED_MODELS: &str = include_str!("used_models.py");
/// Locking requirements may download much; a service that never ends importing must not hold the job for ever.
const DEADLINE: Duration = Duration::from_secs(3600);

#[derive(Serialize)]
struct Question<'a> {
    staging: Bytes<'a>,
    context: Bytes<'a>,
    found_bentofile: Option<Bytes<'a>>,
    /// The service, whoever names it.
    service: Option<&'a str>,
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
    #[serde(flatten)]
    failure: Failure,
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
    staging: &Path,
    home: &Path,
    python: &Path,
    ctx: &Context,
) -> Result<Answered> {
    let temporary = ctx.temp_dir("build-bento-")?;
    let [script, used_models, asked, answered] =
        ["driver.py", "used_models.py", "request.json", "result.json"].map(|name| temporary.path().join(name));
    let question = question(request, project, staging);
    let text = serde_json::to_vec(&question).context(|| "failed to write the request to Python".into())?;
    let files = [(&script, DRIVER.as_bytes()), (&used_models, USED_MODELS.as_bytes()), (&asked, &text)];
    for (file, bytes) in files {
        write_private(file, bytes)?;
    }
    let mut command = Command::new(python)
        .inherit(&ctx.env)
        .args([&script, &asked, &answered])
        .current_dir(&project.folder)
        .env(BENTOML_HOME, home)
        .env(env::PYTHONUNBUFFERED, "1")
        .env(env::PYTHONIOENCODING, "utf-8")
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
        let _group = console::group("Build the Bento");
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
    let outcome = match answer.ok {
        true => Outcome::Built(staging.join(answer.folder)),
        false => Outcome::Failed(Box::new(Failed {
            failure: answer.failure,
            bentoml: answer.bentoml_version,
            said: ended.tail,
        })),
    };
    Ok(Answered { outcome, uses: answer.uses })
}

fn question<'a>(request: &'a Request, project: &'a Located, staging: &'a Path) -> Question<'a> {
    let given = |pairs: &'a BTreeMap<String, String>| Some(pairs).filter(|pairs| !pairs.is_empty());
    Question {
        staging: Bytes::of(staging),
        context: Bytes::of(&project.context),
        found_bentofile: project.found.as_deref().map(Bytes::of),
        service: project.project.service.as_ref().map(|service| &*service.value).or(project.service.as_deref()),
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
