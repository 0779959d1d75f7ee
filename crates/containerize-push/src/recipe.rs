//! How an image is made: the Dockerfile as used, and how the models get in.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path};

use actions_core::{Error, Result};

use crate::dockerfile::{Dockerfile, Place};
use crate::engine::Kind;
use crate::engine::context;
use crate::engine::options::{SECRET_MOUNTS, serves};
use crate::model::{HUB_MODELS, MODELS, Model};
use crate::plan::Source;

/// How the models get into the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// There are none.
    None,
    /// As layers on the pushed image.
    Graft,
    /// As build contexts of their own.
    Contexts,
    /// In the one context that the engine takes.
    Inside,
}

/// How an image is made.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) dockerfile: Dockerfile,
    pub(crate) way: Way,
    /// Is the context [`COPIED`] read?
    pub(crate) reads_copied: bool,
}

/// The build context that holds BentoML's folders.
pub(crate) const FOLDERS: &str = "bento-folders";

/// The build context that holds all models as the Bento's folder would: for a Dockerfile that copies from them, and for
/// models with a `.dockerignore` of their own, which BuildKit obeys at the top of any context.
pub(crate) const COPIED: &str = "bento-models";

/// The build context that is a model.
pub(crate) fn model_context(number: usize) -> String {
    format!("bento-model-{number}")
}

/// What a recipe is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ingredients<'a> {
    /// The Bento's, or the user's.
    pub(crate) dockerfile: &'a Dockerfile,
    pub(crate) place: &'a Place,
    pub(crate) models: &'a [Model],
    pub(crate) context: &'a Source,
    pub(crate) kind: Kind,
    /// The stage that makes the image, where it is not the last one.
    pub(crate) target: Option<&'a str>,
}

impl Recipe {
    /// The Dockerfile for an image that is pushed or stays here.
    ///
    /// # Errors
    /// The engine cannot do what the Dockerfile asks for.
    pub(crate) fn new(from: Ingredients<'_>, pushed: bool) -> Result<Self> {
        let way = match from.kind {
            _ if from.models.is_empty() => Way::None,
            _ if pushed && !from.dockerfile.reads_models(from.place, &|path| from.script(path)) => Way::Graft,
            Kind::Api => Way::Inside,
            _ => Way::Contexts,
        };
        if from.kind == Kind::Api {
            return Ok(Self { dockerfile: from.for_one_context()?, way, reads_copied: false });
        }
        let copied = from.dockerfile.with_models_from(COPIED).filter(|_| way == Way::Contexts);
        let ignores = way == Way::Contexts && from.models.iter().any(Model::has_ignore_file);
        let reads_copied = copied.is_some() || ignores;
        let dockerfile = copied.as_ref().unwrap_or(from.dockerfile);
        let dockerfile = Ingredients { dockerfile, ..from }.for_contexts(way);
        Ok(Self { dockerfile, way, reads_copied })
    }
}

/// Longer files are not scripts, bytes.
const LONGEST_SCRIPT: u64 = 1024 * 1024;

impl Ingredients<'_> {
    /// A script of the build context. What a git context holds is not known here.
    fn script(&self, path: &str) -> Option<String> {
        let Source::Folder(context) = self.context else { return None };
        let path = Path::new(path.trim_start_matches("./"));
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let file = Some(context.join(path)).filter(|file| plain && file.is_file())?;
        let mut text = Vec::new();
        File::open(file).ok()?.take(LONGEST_SCRIPT).read_to_end(&mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// BentoML's folders for models, and the models where they come this way, each from a context of its own.
    fn for_contexts(&self, way: Way) -> Dockerfile {
        let Place { folder, uid, gid } = self.place;
        let copy = |context: &str, source: &str, target: &str| {
            format!("COPY --from={context} --chown={uid}:{gid} {source} {target}/\n")
        };
        let mut lines = copy(FOLDERS, ".", folder);
        if way == Way::Contexts {
            for (number, model) in self.models.iter().enumerate() {
                let (below, target) = (model.target(), format!("{folder}/{}", model.target()));
                lines.push_str(&match model.has_ignore_file() {
                    true => copy(COPIED, &below, &target),
                    false => copy(&model_context(number), ".", &target),
                });
            }
        }
        self.dockerfile.with_caches().with_before_source(&lines, self.place, self.target, &|path| self.script(path))
    }

    /// The same from the one context. The source is copied piece by piece then, else the models' folders would come with it
    /// once more.
    fn for_one_context(&self) -> Result<Dockerfile> {
        let plain = self.dockerfile.without_caches().or_else(|mount| {
            serves(SECRET_MOUNTS, self.kind)?;
            Err(Error::failure(format!("{mount} is not known")))
        })?;
        let Place { folder, uid, gid } = self.place;
        let copy = |name: &str| format!("COPY --chown={uid}:{gid} {name} {folder}/{name}/\n");
        let placed = plain.with_before_source(
            &format!("{}{}", copy(MODELS), copy(HUB_MODELS)),
            self.place,
            self.target,
            &|path| self.script(path),
        );
        let Source::Folder(context) = self.context else { return Ok(placed) };
        let (folders, files) = context::top_of(context, &[MODELS, HUB_MODELS])?;
        Ok(placed.with_copied(&folders, &files))
    }
}
