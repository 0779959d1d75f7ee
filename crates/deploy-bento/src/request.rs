//! What to do, read from the inputs and checked, before anything is looked up.

use std::collections::BTreeMap;
use std::time::Duration;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result};
use bento_format::Tag;
use bentocloud::Client;
use build_bento::Cloud;
use python_env::{NoPythonVersion, PythonRequest};
use setup::Reuse;

use crate::file::ConfigFile;
use crate::inputs::DEFAULT_CONFIG;
use crate::source::Source;
use crate::{Inputs, Verb};

/// What to do.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) client: Client,
    pub(crate) verb: Verb,
    pub(crate) name: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) file: Option<ConfigFile>,
    pub(crate) bento: Wanted,
    pub(crate) labels: BTreeMap<String, String>,
    /// `None`: do not wait.
    pub(crate) wait: Option<Duration>,
}

/// Which Bento is wanted.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// One that is built here.
    Built(Box<Build>),
    /// This one.
    Tag(Tag),
    /// The one that runs.
    Current,
    /// None: the Deployment ends.
    Nothing,
}

/// How a Bento is built.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub environment: setup::Request,
    pub project: build_bento::Request,
    /// What the configuration calls it.
    pub named: Option<Tag>,
}

impl Request {
    /// Reads and checks the inputs.
    pub(crate) fn new(inputs: &Inputs, ctx: &Context) -> Result<Self> {
        let client = Client::connect(Some(&inputs.cloud_endpoint), &inputs.cloud_api_token, ctx)?;
        // A Deployment can be ended by its name when its configuration is gone. One that is there says in which cluster the
        // Deployment is: with a fault in it, a Deployment of that name in the default cluster could be the one that ends.
        let is_gone = || ctx.workspace().join(&inputs.deployment_config).try_exists().is_ok_and(|exists| !exists);
        let is_named = inputs.deployment_config != DEFAULT_CONFIG;
        let file = if !inputs.action.takes_bento() && inputs.deployment_name.is_some() && is_named && is_gone() {
            None
        } else {
            ConfigFile::read(&inputs.deployment_config, inputs.action, &inputs.context, ctx.workspace())?
        };
        if let Some(file) = &file {
            file.show_remarks(inputs);
        }
        warn_of_idle_inputs(inputs);
        let written = file.as_ref().map(|file| &file.written);
        let name = inputs.deployment_name.clone().or_else(|| written.and_then(|written| written.name.clone()));
        if name.is_none() && !matches!(inputs.action, Verb::Create | Verb::Skip) {
            let verb = format!("{:?}", inputs.action).to_lowercase();
            return Err(Error::input(format!("Input required and not supplied: deployment-name (action: {verb})"))
                .hint("Set it under `with:`, or `name:` in the deployment configuration."));
        }
        Ok(Self {
            bento: wanted(inputs, file.as_ref(), ctx)?,
            client,
            verb: inputs.action,
            name,
            cluster: written.and_then(|written| written.cluster.clone()),
            file,
            labels: inputs.labels.clone(),
            wait: inputs.wait.then_some(inputs.wait_timeout),
        })
    }
}

/// Warns of inputs that are set and have no effect beside others. Their values are not shown: an address may hold a
/// password.
fn warn_of_idle_inputs(inputs: &Inputs) {
    let Inputs { context, bento_tag, bento_version, bentoml_version, labels, .. } = inputs;
    let takes_bento = inputs.action.takes_bento();
    let (builds, deploys_as_is) = (takes_bento && inputs.build, takes_bento && !inputs.build);
    let nothing_is_built = "nothing is built (`build: false`)";
    for (input, is_idle, why) in [
        ("bento-tag", builds && bento_tag.is_some(), "the Bento is built here; set `build: false` to deploy that one"),
        ("context", deploys_as_is && !matches!(&**context, "" | "."), nothing_is_built),
        ("bento-version", deploys_as_is && bento_version.is_some(), nothing_is_built),
        ("bentoml-version", deploys_as_is && !bentoml_version.is_empty(), nothing_is_built),
        (
            "deployment-labels",
            !inputs.action.configures() && !labels.is_empty(),
            "this action configures no Deployment",
        ),
    ] {
        if is_idle {
            tracing::warn!("the input {input} has no effect: {why}");
        }
    }
}

fn wanted(inputs: &Inputs, file: Option<&ConfigFile>, ctx: &Context) -> Result<Wanted> {
    Ok(match Source::of(inputs, file, ctx)? {
        Source::Built(context, named) => Wanted::Built(Box::new(Build {
            environment: environment(inputs)?,
            project: project(inputs, &context, ctx)?,
            named,
        })),
        Source::Tag(tag) => Wanted::Tag(tag),
        Source::Current => Wanted::Current,
        Source::Nothing => Wanted::Nothing,
    })
}

fn environment(inputs: &Inputs) -> Result<setup::Request> {
    let bentoml = inputs.bentoml_version.parse().context(|| "input bentoml-version".into())?;
    let forms: Result<Vec<_>> = inputs
        .python_version
        .iter()
        .map(|form| {
            form.parse().map_err(|error: NoPythonVersion| Error::input(format!("input python-version: {error}")))
        })
        .collect();
    let forms = forms?;
    let python = if forms.is_empty() { None } else { Some(PythonRequest::new(forms)) };
    // The post step of the setup action is what saves an environment: here there is none, and nothing to restore.
    Ok(setup::Request { python, reuse: Reuse::OfAnyPython, cache: false, ..setup::Request::new(bentoml) })
}

fn project(inputs: &Inputs, context: &str, ctx: &Context) -> Result<build_bento::Request> {
    let request = build_bento::Request {
        version: inputs.bento_version.clone(),
        dependencies: inputs.dependencies,
        cloud: Some(Cloud { endpoint: Some(inputs.cloud_endpoint.clone()), token: inputs.cloud_api_token.clone() }),
        ..build_bento::Request::of_context(context)?
    };
    request.check()?;
    request.look(ctx)?;
    Ok(request)
}
