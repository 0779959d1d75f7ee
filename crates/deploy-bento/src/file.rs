//! The deployment configuration in the user's repository.

use std::path::{Path, PathBuf};

use actions_core::action::inputs::nearest;
use actions_core::runner::{Annotation, Level};
use actions_core::{Context as _, Error, Location, Result, text};
use bento_format::yaml;
use bento_format::yaml::{Content, Node};
use bentocloud::deployment::{Remark, Written};

use crate::inputs::{DEFAULT_CONFIG, Inputs, Verb};

/// A configuration is looked for under these names, in this order.
const NAMES: [&str; 3] = ["deployment.yaml", "deployment.yml", "deployment.json"];

/// A v2 configuration, read and looked through.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    pub path: PathBuf,
    pub written: Written,
    workspace: PathBuf,
}

impl ConfigFile {
    /// Reads the configuration that the input names.
    ///
    /// Without an input, all but `update` and `skip` look for [`NAMES`] in the folder of the context, then in the workspace,
    /// unless the default file is there: a Deployment is ended in the cluster that it was made in.
    ///
    /// `None` where the input is empty; where the default file is absent and the verb does without; and for a v1 file
    /// (it has `targets`), which an update leaves alone.
    pub(crate) fn read(input: &str, verb: Verb, context: &str, workspace: &Path) -> Result<Option<Self>> {
        if input.is_empty() {
            return Ok(None);
        }
        let needs_file = matches!(verb, Verb::Create | Verb::Apply);
        let named = workspace.join(input);
        let finds = needs_file || matches!(verb, Verb::Terminate | Verb::Delete);
        let searches = input == DEFAULT_CONFIG && finds && !named.exists();
        let path = searches.then(|| search(context, workspace)).flatten().unwrap_or(named);
        let Some(text) = text::read_if_there(&path).context(|| "deployment-config".into())? else {
            if input == DEFAULT_CONFIG && !needs_file {
                return Ok(None);
            }
            return Err(missing(input, &path));
        };
        let root = yaml::load(&text).map_err(|error| error.in_file("deployment-config", &path))?;
        let at = |line| Location { file: path.clone(), line: Some(line), column: None };
        let root = root.filter(|root| root.content != Content::Null).ok_or_else(|| {
            Error::input(format!("deployment-config {} holds nothing", path.display()))
                .hint("Write `name:` and `services:`, or set `deployment-config: ''` for none.")
                .at(at(1))
        })?;
        if let Some(line) = line_of(&root, "targets") {
            refuse_v1(&path, at(line), needs_file)?;
            refuse_other_cluster(&root, &path, at)?;
            return Ok(None);
        }
        let written = Written::read(&root).map_err(|wrong| error(&path, &wrong))?;
        Ok(Some(Self { path, written, workspace: workspace.to_owned() }))
    }

    /// Warns of what was found in the file, but not of values that are not sent: an input replaces them, or the action configures no
    /// Deployment.
    pub(crate) fn show_remarks(&self, inputs: &Inputs) {
        let is_sent = |remark: &&Remark| match &*remark.key.split('.').collect::<Vec<_>>() {
            ["name"] => inputs.deployment_name.is_none() && inputs.action != Verb::Skip,
            ["bento"] => inputs.action.takes_bento() && (inputs.build || inputs.bento_tag.is_none()),
            ["cluster"] => true,
            _ if !inputs.action.configures() => false,
            ["labels", index, "value"] => {
                let label =
                    self.written.fields().get("labels").and_then(|labels| labels.get(index.parse::<usize>().ok()?));
                let key = label.and_then(|label| label.get("key")?.as_str());
                !key.is_some_and(|key| inputs.labels.contains_key(key))
            }
            _ => true,
        };
        let sent = self.written.remarks.iter().filter(is_sent);
        sent.for_each(|remark| self.warn(remark.line, remark.title, &remark.message));
    }

    /// Where a line of the file is.
    pub(crate) fn at(&self, line: u32) -> Location {
        Location { file: self.path.clone(), line: Some(line), column: None }
    }

    /// An error about a value of the file.
    pub(crate) fn error(&self, wrong: &Remark) -> Error {
        error(&self.path, wrong)
    }

    /// An error about the value of a key at the top.
    pub(crate) fn wrong(&self, key: &str, what: impl std::fmt::Display) -> Error {
        Error::input(format!("deployment-config {}: {key} {what}", self.path.display()))
            .at(self.at(self.written.line(&[key])))
    }

    /// A warning at a line of the file.
    pub(crate) fn warn(&self, line: u32, title: &str, message: &str) {
        Annotation::new(Level::Warning, message).title(title).at(Some(self.at(line))).emit(Some(&self.workspace));
    }

    /// Warns of services that the Bento does not have: what the file says of them has no effect. An empty list is one that
    /// nobody knows.
    pub(crate) fn warn_of_unknown_services(&self, bento: &str, services: &[String]) {
        let unknown = self.written.services().into_iter().filter(|(name, _)| !services.contains(name));
        for (name, line) in unknown.filter(|_| !services.is_empty()) {
            let meant = nearest(&name, services.iter().map(String::as_str))
                .map_or_else(|| format!("It has {}.", services.join(", ")), |meant| format!("Did you mean `{meant}`?"));
            let message =
                format!("The Bento {bento} has no service `{name}`: what is set for it has no effect. {meant}");
            self.warn(line, "Unknown service in deployment-config", &message);
        }
    }
}

fn error(path: &Path, wrong: &Remark) -> Error {
    Error::input(format!("deployment-config {}: {}", path.display(), wrong.message))
        .hint("See the v2 deployment configuration in BentoML's documentation.")
        .at(Location { file: path.to_owned(), line: Some(wrong.line), column: None })
}

/// The line of a key at the top.
fn line_of(root: &Node, key: &str) -> Option<u32> {
    let Content::Map(entries) = &root.content else { return None };
    entries.iter().find(|(name, _)| name.content == Content::Text(key.into())).map(|(name, _)| name.line)
}

fn refuse_v1(path: &Path, at: Location, needs_file: bool) -> Result<()> {
    let what = format!("{} is the configuration of a v1 Deployment (it has `targets`)", path.display());
    if needs_file {
        return Err(Error::input(format!("{what}, and none can be created from it here yet"))
            .hint("Write the v2 form (`name`, `services`), or set `deployment-config: ''` for the defaults.")
            .at(at));
    }
    Annotation::new(Level::Notice, format!("{what}: it is left alone")).at(Some(at)).emit(None);
    Ok(())
}

/// A v1 file is left alone, and a Deployment of the same name in the default cluster is another one.
fn refuse_other_cluster(root: &Node, path: &Path, at: impl Fn(u32) -> Location) -> Result<()> {
    let Content::Map(entries) = &root.content else { return Ok(()) };
    let named = entries.iter().find(|(key, _)| key.content == Content::Text("cluster_name".into()));
    match named {
        Some((key, value))
            if !matches!(&value.content, Content::Null) && value.content != Content::Text("default".into()) =>
        {
            Err(Error::input(format!("{} names a cluster in the v1 form, which is not looked into", path.display()))
                .hint("Write the v2 form (`cluster`), or set `deployment-config: ''` for the default cluster.")
                .at(at(key.line)))
        }
        _ => Ok(()),
    }
}

/// The first configuration in the folder of the context, else in the workspace. A context may be no folder.
fn search(context: &str, workspace: &Path) -> Option<PathBuf> {
    let folders = [workspace.join(context), workspace.to_owned()];
    folders.iter().flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|file| file.is_file())
}

fn missing(input: &str, path: &Path) -> Error {
    Error::input(format!("deployment-config {input} does not exist ({})", path.display())).hint(match input {
        DEFAULT_CONFIG => format!(
            "Write one of {} in the context or the workspace, or set `deployment-config: ''` for none.",
            NAMES.join(", ")
        ),
        _ => "Check the path and that the repository is checked out, or set `deployment-config: ''` for none.".into(),
    })
}
