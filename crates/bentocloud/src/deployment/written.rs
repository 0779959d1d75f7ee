//! A deployment file of the user's.

use std::sync::Arc;

use bento_format::yaml::{Content, Node};
use serde_json::{Map, Value};

use super::convert::{Converter, Remark};
use super::schema::FILE;

/// A v2 configuration as the user wrote it: what is sent of it, and where each part stands.
#[derive(Debug, Clone)]
pub struct Written {
    /// The Deployment's name.
    pub name: Option<String>,
    /// The cluster that the Deployment is looked for in.
    pub cluster: Option<String>,
    /// A tag, or the folder of a project.
    pub bento: Option<String>,
    /// Is a new Deployment one for development, a Codespace?
    pub dev: bool,
    /// What is worth a warning.
    pub remarks: Vec<Remark>,
    fields: Map<String, Value>,
    root: Arc<Node>,
}

impl Written {
    /// Reads a configuration.
    ///
    /// # Errors
    /// A value that its key does not take, or replica counts that cannot be.
    pub fn read(root: &Arc<Node>) -> Result<Self, Remark> {
        let mut converter = Converter::default();
        let Value::Object(mut fields) = converter.convert(root, &FILE, root.line)? else {
            return Err(converter.takes("a mapping", root, root.line));
        };
        let mut text = |key: &str| match fields.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let [name, cluster, bento] = ["name", "cluster", "bento"].map(&mut text);
        let dev = fields.remove("dev") == Some(Value::Bool(true));
        fields.remove("distributed");
        let mut written = Self { name, cluster, bento, dev, remarks: Vec::new(), fields, root: Arc::clone(root) };
        for key in ["name", "cluster", "bento"] {
            written.check_address(key, &mut converter)?;
        }
        if dev {
            let message = "`dev: true` makes a Codespace of a new Deployment, and has no effect on one that is there.";
            converter.below("dev".into(), |this| this.remark(written.line(&["dev"]), "Codespace", message.into()));
        }
        written.remarks = converter.remarks;
        super::config::check_scaling(&written.fields, &written)?;
        Ok(written)
    }

    /// Texts that say which Deployment or Bento is meant are never empty, and no truth or date.
    fn check_address(&self, key: &'static str, converter: &mut Converter) -> Result<(), Remark> {
        let Some((found, node)) = self.entry(&self.root, key) else { return Ok(()) };
        let fits = match &node.content {
            Content::Text(text) => !text.trim().is_empty(),
            Content::Null | Content::Int(_) | Content::Float(_) => true,
            _ => false,
        };
        let takes = if key == "bento" { "a tag or the folder of a project" } else { "a name" };
        if fits { Ok(()) } else { Err(converter.below(key.into(), |this| this.takes(takes, node, found.line))) }
    }

    /// What is sent: the keys that the file has, without `bento`.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// Does the file say something there?
    pub fn has(&self, path: &[&str]) -> bool {
        self.find(path).1 == path.len()
    }

    /// Where a key stands, from 1: its line, or that of the nearest key above.
    pub fn line(&self, path: &[&str]) -> u32 {
        self.find(path).0
    }

    /// The services that the file names, each with its line.
    pub fn services(&self) -> Vec<(String, u32)> {
        let services = self.fields.get("services").and_then(Value::as_object);
        let names = services.into_iter().flatten().map(|(name, _)| name.clone());
        names.map(|name| (name.clone(), self.line(&["services", &name]))).collect()
    }

    /// The line of the deepest key of the path that is there, and how many of its keys are.
    fn find(&self, path: &[&str]) -> (u32, usize) {
        let (mut node, mut line) = (&self.root, self.root.line);
        for (depth, key) in path.iter().enumerate() {
            let Some((found, value)) = self.entry(node, key) else { return (line, depth) };
            (node, line) = (value, found.line);
        }
        (line, path.len())
    }

    fn entry<'n>(&self, node: &'n Node, key: &str) -> Option<(&'n Node, &'n Arc<Node>)> {
        let Content::Map(entries) = &node.content else { return None };
        let named = |name: &Node| name.python_str().ok().flatten().is_some_and(|name| name == key);
        entries.iter().rev().find(|(name, _)| named(name)).map(|(name, value)| (&**name, value))
    }
}
