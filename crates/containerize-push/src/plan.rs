//! What will be built, from which files, and where it goes.

mod source;

use std::fmt;

use actions_core::action::Context;
use actions_core::{Error, Result, address, disk};
use bento_format::{Store, Tag};
use registry::{Credentials, Image, Logins, sanitized};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::bento::{Bento, read_dockerfile};
use crate::dockerfile::{Dockerfile, Place};
use crate::engine::options::{self, GIT_CONTEXT, LOAD, PUSH_ATTRIBUTES, SEVERAL_OUTPUTS, VERIFY, serves};
use crate::engine::{Backend, Engine, Kind};
use crate::inputs::Inputs;
use crate::output::{Destination, destination};
use crate::recipe::{Ingredients, Recipe, Way};
use crate::tag_rules;

pub(crate) use source::Source;

/// What will be done.
#[derive(Debug)]
pub struct Plan {
    pub(crate) inputs: Inputs,
    pub(crate) kind: Kind,
    pub(crate) bento: Bento,
    pub(crate) context: Source,
    /// The credentials that the address of a git context came with, `user:password` or a token.
    pub(crate) git_login: Option<SecretString>,
    pub(crate) place: Place,
    pub(crate) destination: Destination,
    /// How the image that is pushed is made.
    pub(crate) pushed: Option<Recipe>,
    /// How the one that stays here is made.
    pub(crate) local: Option<Recipe>,
    /// The Dockerfile as used, of the pushed image where there are two.
    pub(crate) dockerfile: Dockerfile,
    pub(crate) logins: Logins,
    tags: Vec<String>,
    /// What answers on this machine, where it was asked.
    pub(crate) engine: Option<Engine>,
    /// Where the Bento is, when it came in a file; removed with the plan.
    _unpacked: Option<TempDir>,
}

impl Plan {
    /// Looks everything up, without asking an engine or the network.
    pub(crate) fn new(inputs: Inputs, unpacked: Option<TempDir>, ctx: &Context) -> Result<Self> {
        let kind = Kind::of(inputs.oci_backend, &ctx.env);
        options::check(&inputs, kind)?;
        let store = Store::of(&ctx.env)?;
        let bento = match &unpacked {
            Some(folder) => Bento::unpacked(folder.path(), &store)?,
            None => Bento::find(&inputs.bento_tag, &store)?,
        };
        let tags = tags(&inputs, &bento, ctx)?;
        let destination = destination(&inputs, &tags)?;
        credentials_are_hidden(&inputs)?;
        check_outputs(&destination, kind)?;
        if inputs.verify {
            serves(VERIFY, kind)?;
            if destination.push.is_none() {
                return Err(
                    Error::input("verify is for an image that is pushed").hint("Set push: true, or leave verify out.")
                );
            }
        }
        let dockerfile = match inputs.file.as_deref().filter(|file| !file.is_empty()) {
            Some(file) => read_dockerfile(&ctx.workspace().join(file), &format!("input file: {file:?} is not a file"))?,
            None => bento.dockerfile()?,
        };
        let (context, git_login) = source::of(&inputs, &bento, ctx)?;
        match &context {
            Source::Git(_) => serves(GIT_CONTEXT, kind)?,
            Source::Folder(folder) if folder.is_dir() => {}
            Source::Folder(folder) => {
                return Err(Error::input(format!("input context: {} is not a folder", folder.display())));
            }
        }
        let target = inputs.target.as_deref().filter(|target| !target.is_empty());
        let place = dockerfile.place(&inputs.build_args, target);
        let models = &bento.models[..];
        let from = Ingredients { dockerfile: &dockerfile, place: &place, models, context: &context, kind, target };
        let recipe = |wanted: bool, pushed| wanted.then(|| Recipe::new(from, pushed)).transpose();
        let pushed = recipe(destination.push.is_some(), true)?;
        // A question about the Dockerfile needs no models.
        let asks = !matches!(inputs.call.as_deref(), None | Some("" | "build"));
        let local = recipe(destination.local.is_some(), asks)?;
        let dockerfile = pushed.as_ref().or(local.as_ref()).map_or(&dockerfile, |recipe| &recipe.dockerfile).clone();
        let images = destination.push.as_ref().map_or(&[][..], |push| &push.images);
        let logins = crate::login::logins(&inputs, images)?;
        Ok(Self {
            inputs,
            kind,
            bento,
            context,
            git_login,
            place,
            destination,
            pushed,
            local,
            dockerfile,
            logins,
            tags,
            engine: None,
            _unpacked: unpacked,
        })
    }

    /// What an image that stays here is called.
    pub(crate) fn local_names(&self) -> Vec<String> {
        if self.tags.is_empty() { vec![default_name(&self.bento.tag)] } else { self.tags.clone() }
    }

    /// The registries that this run has to do with: those that are pushed to, and those that an engine without a client of
    /// its own pulls from.
    pub(crate) fn registries(&self) -> Vec<String> {
        let images = self.destination.push.iter().flat_map(|push| &push.images);
        let mut registries: Vec<_> = images.map(|image| image.repository.registry.clone()).collect();
        if self.kind == Kind::Api {
            let bases = self.dockerfile.bases().into_iter().filter_map(|base| base.parse::<Image>().ok());
            registries.extend(bases.map(|base| base.repository.registry));
        }
        registries.sort();
        registries.dedup();
        registries
    }

    /// Who to be at a registry.
    pub(crate) fn credentials(&self, registry: &str) -> Credentials {
        self.logins.credentials(registry)
    }
}

/// The Bento's own tag, or the nearest that names an image: BentoML takes names that no engine does.
fn default_name(tag: &Tag) -> String {
    format!("{}:{}", sanitized(tag.name()), tag.version().unwrap_or("latest"))
}

/// Masks what addresses among the inputs hold; those that an engine would be told on its command line must hold nothing.
fn credentials_are_hidden(inputs: &Inputs) -> Result<()> {
    for (input, values) in options::given(inputs) {
        values.iter().for_each(|value| address::mask(value));
        if let ("build-contexts", Some(number)) = (input, values.iter().position(|value| source::has_login(value))) {
            return Err(Error::input(format!(
                "input build-contexts: item {} is an address with credentials, which would stand on a command line",
                number.saturating_add(1)
            ))
            .hint("Leave them out of the address, and give them by secrets: GIT_AUTH_TOKEN.HOST=…"));
        }
    }
    Ok(())
}

/// The tags as given, and those that rules make.
fn tags(inputs: &Inputs, bento: &Bento, ctx: &Context) -> Result<Vec<String>> {
    let rules = &inputs.tag_rules[..];
    if rules.is_empty() {
        if let Some(image) = inputs.images.first() {
            return Err(Error::input(format!("images names {image}, but tag-rules has no rule"))
                .hint("Write tag-rules, or tags in place of images."));
        }
        return Ok(inputs.tags.to_vec());
    }
    let ruled = tag_rules::tags(rules, &bento.tag, &ctx.event)?;
    let has_tag = |name: &&String| name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    let (complete, bare): (Vec<_>, Vec<_>) = inputs.tags.iter().partition(has_tag);
    let (mut tags, bare): (Vec<_>, Vec<_>) =
        (complete.into_iter().cloned().collect(), bare.into_iter().cloned().collect());
    let images = if inputs.images.is_empty() {
        bare
    } else {
        tags.extend(bare);
        inputs.images.to_vec()
    };
    if images.is_empty() {
        return Err(Error::input("tag-rules are for no image").hint("Set images, such as ghcr.io/owner/name."));
    }
    tags.extend(tag_rules::names(&images, &ruled));
    if tags.is_empty() {
        return Err(Error::input(format!(
            "no rule of tag-rules has a tag for {} of {:?}",
            ctx.event.reference, ctx.event.name
        ))
        .hint("Add one that always has, such as type=sha, or run this step for other events only."));
    }
    Ok(tags)
}

fn check_outputs(destination: &Destination, kind: Kind) -> Result<()> {
    let attributes = destination.push.iter().flat_map(|push| &push.attributes).count();
    let local = destination.local.as_deref().unwrap_or_default();
    let (loads, others): (Vec<_>, Vec<_>) = local.iter().partition(|output| *output == "type=docker");
    if attributes > 0 || !others.is_empty() {
        serves("outputs", kind)?;
    }
    if attributes > 0 {
        serves(PUSH_ATTRIBUTES, kind)?;
    }
    if local.len() > 1 {
        serves(SEVERAL_OUTPUTS, kind)?;
    }
    if loads.is_empty() { Ok(()) } else { serves(LOAD, kind) }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Bento: {} ({})", self.bento.tag, self.bento.folder.display())?;
        let ways = [&self.pushed, &self.local].into_iter().flatten().map(|recipe| match recipe.way {
            Way::None => "",
            Way::Graft => "a layer of its own, sent only if the registry lacks it",
            Way::Contexts => "a build context of its own",
            Way::Inside => "in the build context",
        });
        let how = ways.collect::<Vec<_>>().join(" and ");
        for model in &self.bento.models {
            let size = model.size().map(|size| format!(" ({})", disk::readable(size))).unwrap_or_default();
            writeln!(f, "With {}{size}: {how}", model.title())?;
        }
        if self.inputs.oci_backend != Backend::Buildx {
            writeln!(f, "Engine: {}", self.kind.name())?;
        }
        for image in self.destination.push.iter().flat_map(|push| &push.images) {
            writeln!(f, "Push: {image}")?;
        }
        for output in self.destination.local.iter().flatten() {
            writeln!(f, "Output: {output}")?;
        }
        let (name, tag) = (default_name(&self.bento.tag), self.bento.tag.to_string());
        if self.destination.local.is_some() && self.tags.is_empty() && name != tag {
            writeln!(f, "Name: {name}, because {tag} is not a name of an image")?;
        }
        match &self.context {
            Source::Folder(folder) => write!(f, "Context: {}", folder.display()),
            Source::Git(address) => write!(f, "Context: {address}"),
        }
    }
}
