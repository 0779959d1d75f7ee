//! The deployment configuration beside a project.

use std::path::Path;

use actions_core::runner::Annotation;
use actions_core::{Error, Location, text};
use bento_format::yaml::{self, Content, Node};
use bentocloud::deployment::{Remark, Written};

use super::error;
use crate::warnings::warning;

/// Names that the documentation gives such a file.
const NAMES: [&str; 3] = ["deployment.yaml", "deployment.yml", "deployment.json"];
/// Keys at the top of files that are something else: of Kubernetes, of a v1 Deployment.
const OTHERS: [&str; 3] = ["apiVersion", "kind", "targets"];

/// What is to be said of each file of such a name.
pub(super) fn of(context: &Path) -> Vec<Annotation> {
    NAMES.iter().flat_map(|name| one(&context.join(name))).collect()
}

fn one(file: &Path) -> Vec<Annotation> {
    let text = match text::read_if_there(file) {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(unreadable) => return vec![error(&unreadable)],
    };
    let root = match yaml::load(&text) {
        Ok(Some(root)) if !is_another(&root) => root,
        Ok(_) => return Vec::new(),
        Err(wrong) => return vec![error(&wrong.in_file("the deployment configuration", file))],
    };
    let at = |remark: &Remark| Location { file: file.to_owned(), line: Some(remark.line), column: None };
    match Written::read(&root) {
        Ok(written) => {
            let remarks = written.remarks.iter();
            remarks.map(|remark| warning(remark.title, remark.message.clone(), Some(at(remark)))).collect()
        }
        Err(wrong) => {
            let message = format!("deployment-config {}: {}", file.display(), wrong.message);
            let hint = "See the v2 deployment configuration in BentoML's documentation.";
            vec![error(&Error::input(message).hint(hint).at(at(&wrong)))]
        }
    }
}

fn is_another(root: &Node) -> bool {
    let Content::Map(entries) = &root.content else { return false };
    entries.iter().any(|(key, _)| matches!(&key.content, Content::Text(key) if OTHERS.contains(&key.as_str())))
}
