//! Where the Bento comes from: the inputs and the configuration's `bento`, which is a tag or names a project.

use std::path::Path;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result};
use bento_format::Tag;

use crate::file::ConfigFile;
use crate::{Inputs, Verb};

/// What the configuration's `bento` names, as `bentoml deploy -f` takes it: whatever is on disk comes first.
#[derive(Debug)]
enum Named<'f> {
    /// A folder, or a service of the working directory.
    Project(&'f str),
    Tag(Tag),
}

/// Which Bento is wanted.
#[derive(Debug)]
pub(crate) enum Source {
    /// One that is built from this context. The tag is what the configuration calls it.
    Built(String, Option<Tag>),
    /// This one.
    Tag(Tag),
    /// The one that runs.
    Current,
    /// None: the Deployment ends.
    Nothing,
}

impl Source {
    /// Decides by the inputs first, then by the configuration. What the configuration names and is not there is refused:
    /// another project is not an answer to it.
    pub(crate) fn of(inputs: &Inputs, file: Option<&ConfigFile>, ctx: &Context) -> Result<Self> {
        if !inputs.action.takes_bento() {
            return Ok(Self::Nothing);
        }
        if let (false, Some(tag)) = (inputs.build, &inputs.bento_tag) {
            return Ok(Self::Tag(tag.parse().context(|| "input bento-tag".into())?));
        }
        let named = file.map(|file| named(file, ctx.workspace())).transpose()?.flatten();
        if inputs.build {
            return Ok(built(inputs, file, named, ctx.workspace()));
        }
        match (named, file) {
            (Some(Named::Tag(tag)), _) => Ok(Self::Tag(tag)),
            (Some(Named::Project(project)), Some(file)) => {
                Err(file.wrong("bento", format!("names the project {project}, and nothing is built (build: false)")).hint(
                    "Set `build: true`, or name the Bento to deploy in bento-tag; without `bento:` an update keeps the one \
                     that runs.",
                ))
            }
            _ if inputs.action == Verb::Update => Ok(Self::Current),
            _ => Err(Error::input("Input required and not supplied: bento-tag (build: false)")
                .hint("Name the Bento to deploy, or set `build: true`.")),
        }
    }
}

fn built(inputs: &Inputs, file: Option<&ConfigFile>, named: Option<Named<'_>>, workspace: &Path) -> Source {
    let warn = |message: String| {
        if let Some(file) = file {
            file.warn(file.written.line(&["bento"]), "`bento` in deployment-config has no effect", &message);
        }
    };
    match named {
        Some(Named::Project(project)) if matches!(&*inputs.context, "" | ".") => {
            Source::Built(project.to_owned(), None)
        }
        Some(Named::Project(project)) => {
            let real = |path: &str| workspace.join(path).canonicalize().ok();
            if real(project) != real(&inputs.context) {
                let context = &inputs.context;
                warn(format!("`bento: {project}` has no effect, as the input context is set: {context} is built."));
            }
            Source::Built(inputs.context.clone(), None)
        }
        Some(Named::Tag(tag)) => {
            if tag.exact_version().is_some_and(|version| inputs.bento_version.as_deref() != Some(version)) {
                warn(format!(
                    "`bento: {tag}` has no effect, as a Bento is built here; set `build: false` to deploy that one."
                ));
            }
            Source::Built(inputs.context.clone(), Some(tag))
        }
        None => Source::Built(inputs.context.clone(), None),
    }
}

/// Refuses a Bento that was built where the configuration names another one.
pub(crate) fn check_name(file: Option<&ConfigFile>, named: Option<&Tag>, built: &Tag, context: &str) -> Result<()> {
    match (file, named) {
        (Some(file), Some(named)) if named.name() != built.name() => Err(file
            .wrong("bento", format!("names the Bento {named}, and what was built from {context} is {built}"))
            .hint(
                "If it is meant as a folder, it is not there; else set `context` to its project, or `build: false`.",
            )),
        _ => Ok(()),
    }
}

fn named<'f>(file: &'f ConfigFile, workspace: &Path) -> Result<Option<Named<'f>>> {
    let Some(bento) = file.written.bento.as_deref() else { return Ok(None) };
    let path = workspace.join(bento);
    if path.is_dir() {
        return Ok(Some(Named::Project(bento)));
    }
    if path.exists() {
        return Err(file
            .wrong("bento", format!("names {bento}, which is not a folder"))
            .hint("Name the folder of the project, or the tag of a Bento."));
    }
    let is_path = bento.contains(['/', '\\']) || bento.starts_with(['.', '~', '$']);
    if is_path {
        let error = file.wrong("bento", format!("names the folder {bento}, which is not there ({})", path.display()));
        let beside = file.path.parent().map(|parent| parent.join(bento)).filter(|beside| beside.is_dir());
        let beside = beside.and_then(|beside| {
            let (beside, workspace) = (beside.canonicalize().ok()?, workspace.canonicalize().ok()?);
            Some(beside.strip_prefix(workspace).ok()?.display().to_string())
        });
        return Err(error.hint(match beside {
            Some(beside) => format!("It is relative to the working directory: write `bento: {beside}`."),
            None => "It is relative to the working directory, not to the configuration's folder.".into(),
        }));
    }
    if is_service(bento, workspace) {
        return Ok(Some(Named::Project(bento)));
    }
    let tag = bento.parse().map_err(|error: Error| {
        file.wrong("bento", format!("names {bento}, which is neither a folder nor a tag: {error}"))
            .hint("Name the folder of the project, or the tag of a Bento.")
    })?;
    Ok(Some(Named::Tag(tag)))
}

/// `module:Service` of a module of the working directory.
fn is_service(bento: &str, workspace: &Path) -> bool {
    let Some((module, _)) = bento.split_once(':') else { return false };
    let path = workspace.join(module.replace('.', "/"));
    path.with_extension("py").is_file() || path.join("__init__.py").is_file()
}
