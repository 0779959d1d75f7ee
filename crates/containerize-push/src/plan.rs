//! What will be built, from which files, and where it goes.

use std::fmt;
use std::path::PathBuf;

use bento_core::action::inputs::{FromInput, choice};
use bento_core::action::{Context, InputSpec, Kind};
use bento_core::bento::{Store, size_of};
use bento_core::{Error, Result};

use crate::bento::{Bento, read_dockerfile};
use crate::dockerfile::{Dockerfile, Place};
use crate::inputs::Inputs;
use crate::output::{Destination, destination, unsupported};
use registry::Logins;

/// Who builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// BuildKit, through the docker CLI and its plugin.
    Buildx,
    /// One that the original knows and this one does not serve yet.
    Other(&'static str),
}

const BACKENDS: &[(&str, Backend)] = &[
    ("buildx", Backend::Buildx),
    // docker's own `build` is buildx.
    ("docker", Backend::Buildx),
    ("podman", Backend::Other("podman")),
    ("buildah", Backend::Other("buildah")),
    ("nerdctl", Backend::Other("nerdctl")),
    ("buildctl", Backend::Other("buildctl")),
];

impl FromInput for Backend {
    const KIND: Kind = Kind::Choice(&["buildx", "docker", "podman", "buildah", "nerdctl", "buildctl"]);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        choice(spec, value, BACKENDS)
    }
}

/// How the models get into the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// There are none.
    None,
    /// As layers on the pushed image.
    Graft,
    /// As build contexts.
    Contexts,
}

/// What will be done.
#[derive(Debug)]
pub struct Plan {
    pub(crate) inputs: Inputs,
    pub(crate) bento: Bento,
    pub(crate) context: PathBuf,
    pub(crate) dockerfile: Dockerfile,
    pub(crate) place: Place,
    pub(crate) destination: Destination,
    pub(crate) way: Way,
    pub(crate) logins: Logins,
}

impl Plan {
    /// Looks everything up.
    pub(crate) fn new(inputs: Inputs, ctx: &Context) -> Result<Self> {
        if let Backend::Other(name) = inputs.oci_backend {
            return Err(unsupported(&format!("the oci-backend {name}")).hint("Use buildx or docker."));
        }
        let destination = destination(&inputs)?;
        let bento = Bento::find(&inputs.bento_tag, &Store::of(&ctx.env)?)?;
        let dockerfile = match &inputs.file {
            Some(file) => read_dockerfile(&ctx.workspace().join(file), &format!("input file: {file:?} is no file"))?,
            None => bento.dockerfile()?,
        };
        let context = match inputs.context.as_deref().filter(|context| !context.is_empty()) {
            Some(context) if context.contains("://") || context.starts_with("git@") => {
                return Err(unsupported("a git context").hint("Check it out, and set context to its folder."));
            }
            Some(context) => ctx.workspace().join(context),
            None => bento.folder.clone(),
        };
        if !context.is_dir() {
            return Err(Error::input(format!("input context: {} is no folder", context.display())));
        }
        let way = match destination {
            _ if bento.models.is_empty() => Way::None,
            Destination::Push(_) if !dockerfile.reads_models() => Way::Graft,
            _ => Way::Contexts,
        };
        let images = if let Destination::Push(images) = &destination { images.as_slice() } else { &[] };
        let logins = crate::login::logins(&inputs, images)?;
        let place = dockerfile.place(&inputs.build_args);
        let mut plan = Self { inputs, bento, context, dockerfile, place, destination, way, logins };
        plan.dockerfile = plan.dockerfile.with_caches().with_before_source(&plan.copies());
        Ok(plan)
    }

    /// What the Dockerfile needs besides: BentoML's folders for models, and in the second way the models themselves.
    fn copies(&self) -> String {
        let Place { folder, uid, gid } = &self.place;
        let copy = |context: &str, target: &str| format!("COPY --from={context} --chown={uid}:{gid} . {target}/\n");
        let mut lines = copy(FOLDERS, folder);
        if self.way == Way::Contexts {
            for (number, model) in self.bento.models.iter().enumerate() {
                let (name, version) = (model.tag.name(), model.tag.version().unwrap_or_default());
                lines.push_str(&copy(&model_context(number), &format!("{folder}/models/{name}/{version}")));
            }
        }
        lines
    }
}

/// The build context that holds BentoML's folders.
pub(crate) const FOLDERS: &str = "bento-folders";

/// The build context that is a model.
pub(crate) fn model_context(number: usize) -> String {
    format!("bento-model-{number}")
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Bento: {} ({})", self.bento.tag, self.bento.folder.display())?;
        for model in &self.bento.models {
            let size = size_of(&model.folder).map(crate::report::bytes).unwrap_or_default();
            let how = match self.way {
                Way::Graft => "a layer of its own, sent only if the registry lacks it",
                _ => "a build context of its own",
            };
            writeln!(f, "Model: {} ({size}): {how}", model.tag)?;
        }
        match &self.destination {
            Destination::Push(images) => {
                images.iter().try_for_each(|image| writeln!(f, "Push: {image}"))?;
            }
            Destination::Local(outputs) => outputs.iter().try_for_each(|output| writeln!(f, "Output: {output}"))?,
        }
        write!(f, "Context: {}", self.context.display())
    }
}
