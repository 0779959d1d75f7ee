//! What can be called by `uses:`, and what it takes and gives: the actions, the composite actions, the reusable workflows.

use std::path::Path;

use actions_core::action::Kind;
use anyhow::{Context, Result};
use bento_actions::{ACTIONS, Entry};
use serde_yaml::Value;

use crate::checks;

/// Something that a `uses:` names.
#[derive(Debug)]
pub(super) struct Interface {
    /// The action's folder, or the workflow's file without its ending.
    pub name: String,
    pub form: Form,
    /// Are the names taken with underscores too?
    pub two_spellings: bool,
    pub inputs: Vec<Input>,
    pub secrets: Vec<Input>,
    pub outputs: Vec<Output>,
    /// Where it is written by hand: the file's text.
    pub source: Option<String>,
}

/// How it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One of the binary's own.
    Action,
    /// An action made of several.
    Composite,
    /// A whole workflow.
    Workflow,
}

/// An input or a secret.
#[derive(Debug)]
pub(super) struct Input {
    pub name: String,
    /// Its type in a few words, where it has one.
    pub takes: Option<String>,
    pub required: bool,
    pub default: Option<String>,
    /// An environment variable that stands in where it is not given.
    pub env: Option<&'static str>,
    pub description: String,
}

/// An output.
#[derive(Debug)]
pub(super) struct Output {
    pub name: String,
    pub description: String,
}

impl Interface {
    /// Is this how an input or output is written that is declared as `known`?
    pub(super) fn is_spelling(&self, written: &str, known: &str) -> bool {
        written == known || self.two_spellings && written == known.replace('-', "_")
    }
}

/// Everything of this checkout that can be called.
///
/// # Errors
///
/// When a file cannot be read or is not valid YAML.
pub(super) fn all(root: &Path) -> Result<Vec<Interface>> {
    let mut all: Vec<Interface> = ACTIONS.iter().map(of_entry).collect();
    let repositories = checks::repositories(root)?;
    let here = repositories.iter().find(|repository| repository.root == root);
    for (path, form) in here.into_iter().flat_map(|here| {
        let workflows = here.workflows.iter().map(|path| (path, Form::Workflow));
        here.actions.iter().map(|path| (path, Form::Composite)).chain(workflows)
    }) {
        let text =
            std::fs::read_to_string(root.join(path)).with_context(|| format!("could not read {}", path.display()))?;
        let document: Value =
            serde_yaml::from_str(&text).with_context(|| format!("{} is not valid YAML", path.display()))?;
        let named = if form == Form::Workflow { path.file_stem() } else { path.parent().and_then(Path::file_name) };
        let name = named.unwrap_or_default().to_string_lossy().into_owned();
        let found = match form {
            Form::Workflow => document["on"].get("workflow_call").map(|call| of_yaml(name, form, call, text)),
            _ => (document["runs"]["using"] == "composite").then(|| of_yaml(name, form, &document, text)),
        };
        all.extend(found);
    }
    Ok(all)
}

/// An action as the binary declares it.
pub(super) fn of_entry(entry: &Entry) -> Interface {
    let inputs = entry.inputs.iter().map(|input| Input {
        name: input.name.into(),
        takes: Some(takes(input.kind)),
        required: input.required,
        default: input.default.map(Into::into),
        env: input.env,
        description: input.description.into(),
    });
    let outputs = entry.spec.outputs.iter();
    Interface {
        name: entry.spec.name.into(),
        form: Form::Action,
        two_spellings: entry.spec.two_spellings,
        inputs: inputs.collect(),
        secrets: Vec::new(),
        outputs: outputs
            .map(|output| Output { name: output.name.into(), description: output.description.into() })
            .collect(),
        source: None,
    }
}

/// The `inputs`, `secrets` and `outputs` of an action.yml or of `on.workflow_call`: both have the same form.
fn of_yaml(name: String, form: Form, declared: &Value, source: String) -> Interface {
    let text = |value: &Value, key: &str| value.get(key).and_then(scalar);
    let input = |(name, value): (String, &Value)| Input {
        name,
        takes: text(value, "type"),
        required: value.get("required").and_then(Value::as_bool).unwrap_or(false),
        default: text(value, "default"),
        env: None,
        description: text(value, "description").unwrap_or_default(),
    };
    Interface {
        two_spellings: false,
        name,
        form,
        inputs: entries(declared, "inputs").map(input).collect(),
        secrets: entries(declared, "secrets").map(input).collect(),
        outputs: entries(declared, "outputs")
            .map(|(name, value)| Output { name, description: text(value, "description").unwrap_or_default() })
            .collect(),
        source: Some(source),
    }
}

fn entries<'a>(declared: &'a Value, key: &str) -> impl Iterator<Item = (String, &'a Value)> {
    let mapping = declared.get(key).and_then(Value::as_mapping).into_iter().flatten();
    mapping.map(|(name, value)| (name.as_str().unwrap_or_default().to_owned(), value))
}

/// A scalar as GitHub makes a text of it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Boolean => "`true`, `false`".into(),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Lines => "lines".into(),
        Kind::Seconds => "seconds".into(),
        Kind::Secret => "secret".into(),
    }
}

impl Interface {
    /// Inputs, secrets and outputs that are declared without a description, and inputs that nothing reads.
    pub(super) fn flaws(&self) -> Vec<String> {
        let Some(source) = &self.source else { return Vec::new() };
        let mut flaws = Vec::new();
        let inputs = self.inputs.iter().map(|input| ("inputs", input));
        for (context, input) in inputs.chain(self.secrets.iter().map(|secret| ("secrets", secret))) {
            let reference = format!("{context}.{}", input.name);
            if !mentions(source, &reference) {
                flaws.push(format!("{}: nothing reads {reference}", self.name));
            }
            if input.description.is_empty() {
                flaws.push(format!("{}: {reference} has no description", self.name));
            }
        }
        let silent = self.outputs.iter().filter(|output| output.description.is_empty());
        flaws.extend(silent.map(|output| format!("{}: outputs.{} has no description", self.name, output.name)));
        flaws
    }
}

/// Whether the whole reference stands in the text: `inputs.bento` does not stand in `inputs.bento-tag`.
fn mentions(text: &str, reference: &str) -> bool {
    let continues = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.match_indices(reference).any(|(start, _)| !text[start + reference.len()..].starts_with(continues))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout;

    #[test]
    fn actions_composites_and_workflows_are_found_with_what_they_take() {
        let all = all(&layout::root()).expect("this checkout");
        let find = |name: &str| all.iter().find(|found| found.name == name).expect(name);
        assert_eq!(find("setup").form, Form::Action);
        let composite = find("build-and-deploy");
        assert_eq!(composite.form, Form::Composite);
        let action = composite.inputs.iter().find(|input| input.name == "action").expect("an input");
        assert_eq!((action.default.as_deref(), action.required), (Some("apply"), false));
        let workflow = find("bento-ship");
        assert_eq!(workflow.form, Form::Workflow);
        assert!(workflow.secrets.iter().any(|secret| secret.name == "BENTO_CLOUD_API_KEY"), "{:?}", workflow.secrets);
        assert!(workflow.outputs.iter().any(|output| output.name == "deployment-url"));
        assert!(all.iter().all(|found| found.name != "ci"), "it is not a workflow to call");
        assert_eq!(all.iter().flat_map(Interface::flaws).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn an_input_that_nothing_reads_is_a_flaw() {
        let source =
            "inputs: {bento: {description: B}, tag: {}}\noutputs: {o: {}}\nruns: {x: '${{ inputs.bento-tag }}'}";
        let document = serde_yaml::from_str(source).expect("YAML");
        let flaws = of_yaml("x".into(), Form::Composite, &document, source.into()).flaws();
        let expected = [
            "x: nothing reads inputs.bento",
            "x: nothing reads inputs.tag",
            "x: inputs.tag has no description",
            "x: outputs.o has no description",
        ];
        assert_eq!(flaws, expected);
    }
}
