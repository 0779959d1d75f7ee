//! What a workflow, or a piece of one, says about the actions of this suite.

use std::collections::BTreeMap;

use bento_actions::{ACTIONS, Entry};
use serde_yaml::Value;

/// Every action, input and output that the document names and that does not exist.
pub(super) fn problems(document: &Value) -> Vec<String> {
    let mut found = Found::default();
    found.visit(document);
    for text in &found.texts {
        found.problems.extend(unknown_outputs(text, &found.ids));
    }
    found.problems
}

#[derive(Default)]
struct Found {
    problems: Vec<String>,
    /// Step ids of actions of this suite; none where two jobs give one id to different actions.
    ids: BTreeMap<String, Option<&'static str>>,
    texts: Vec<String>,
}

impl Found {
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Mapping(mapping) => {
                if let Some(uses) = value.get("uses").and_then(Value::as_str) {
                    self.step(uses, value);
                }
                mapping.iter().for_each(|(_, value)| self.visit(value));
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.visit(item)),
            Value::String(text) => self.texts.push(text.clone()),
            _ => {}
        }
    }

    fn step(&mut self, uses: &str, step: &Value) {
        let action = action_name(uses).and_then(|name| {
            let known = entry(name);
            if known.is_none() {
                self.problems.push(format!("`uses: {uses}`: there is no action {name}"));
            }
            known
        });
        if let Some(id) = step.get("id").and_then(Value::as_str) {
            let name = action.map(|action| action.spec.name);
            let same = self.ids.entry(id.to_owned()).or_insert(name);
            if *same != name {
                *same = None;
            }
        }
        let (Some(action), Some(Value::Mapping(with))) = (action, step.get("with")) else { return };
        for (name, _) in with {
            let name = name.as_str().unwrap_or_default();
            if !action.inputs.iter().any(|input| input.name == name) {
                self.problems.push(format!("`uses: {uses}`: {} has no input {name:?}", action.spec.name));
            }
        }
    }
}

fn entry(name: &str) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.spec.name == name)
}

/// The action of this suite that a `uses:` names: `OWNER/REPO/actions/NAME@REF`, `./actions/NAME` or `$/actions/NAME`.
fn action_name(uses: &str) -> Option<&str> {
    let path = uses.split_once('@').map_or(uses, |(path, _)| path);
    match path.trim_end_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["." | "$", "actions", name] | [_, _, "actions", name] => Some(name),
        _ => None,
    }
}

/// `steps.ID.outputs.NAME` in any text.
fn unknown_outputs(text: &str, ids: &BTreeMap<String, Option<&'static str>>) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(text.len());
        text[..end].to_owned()
    };
    let mut problems = Vec::new();
    for rest in text.split("steps.").skip(1) {
        let id = word(rest);
        let Some(output) = rest[id.len()..].strip_prefix(".outputs.").map(word) else { continue };
        let Some(action) = ids.get(&id).copied().flatten().and_then(entry) else { continue };
        if !action.spec.outputs.iter().any(|spec| spec.name == output) {
            problems.push(format!("`steps.{id}.outputs.{output}`: {} has no such output", action.spec.name));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        problems(&serde_yaml::from_str(text).expect("YAML"))
    }

    #[test]
    fn what_exists_passes_and_others_actions_are_left_alone() {
        let text = "jobs: {a: {steps: [{uses: actions/checkout@v6, with: {ref: x}},\n\
                    {id: b, uses: OWNER/bento-actions/actions/build-bento@v1, with: {context: .}},\n\
                    {run: 'echo ${{ steps.b.outputs.bento-tag }} ${{ steps.other.outputs.x }}'}]}}";
        assert_eq!(of(text), [""; 0]);
    }

    #[test]
    fn unknown_actions_inputs_and_outputs_are_named() {
        let text = "- uses: O/bento-actions/actions/built-bento@v1\n\
                    - {id: d, uses: ./actions/deploy-bento, with: {bento-tag: x, build: false}}\n\
                    - uses: $/actions/setup\n  with: {python_version: 3}\n\
                    - run: curl ${{ steps.d.outputs.deployment-url }}\n";
        let problems = of(text);
        assert_eq!(problems.len(), 4, "{problems:?}");
        for (problem, part) in
            problems.iter().zip(["no action built-bento", "\"bento-tag\"", "\"python_version\"", "deployment-url"])
        {
            assert!(problem.contains(part), "{problem}");
        }
    }
}
