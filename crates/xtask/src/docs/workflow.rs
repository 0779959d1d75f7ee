//! What a workflow, or a piece of one, says about the actions and workflows of this suite.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::interface::{Form, Input, Interface};
use crate::e2e::TAG;

/// What this repository is called, in whichever account.
const REPOSITORY: &str = "bento-actions";

/// Every action, workflow, input, secret and output that the document names and that does not exist, and every required
/// one that it does not give.
pub(super) fn problems(document: &Value, suite: &[Interface]) -> Vec<String> {
    let mut found = Found { suite, problems: Vec::new(), callers: BTreeMap::new(), texts: Vec::new() };
    found.visit(document);
    for text in &found.texts {
        found.problems.extend(unknown_outputs(text, &found.callers));
    }
    found.problems
}

struct Found<'a> {
    suite: &'a [Interface],
    problems: Vec<String>,
    /// `steps.ID` and `needs.ID`, and what that calls; none where two of one name call different things.
    callers: BTreeMap<String, Option<&'a Interface>>,
    texts: Vec<String>,
}

impl<'a> Found<'a> {
    fn visit(&mut self, value: &Value) {
        match value {
            Value::Mapping(mapping) => {
                if let Some(uses) = value.get("uses").and_then(Value::as_str) {
                    let called = self.call(uses, value);
                    if let Some(id) = value.get("id").and_then(Value::as_str) {
                        self.name(format!("steps.{id}"), called);
                    }
                }
                for (id, job) in value.get("jobs").and_then(Value::as_mapping).into_iter().flatten() {
                    let uses = job.get("uses").and_then(Value::as_str);
                    let called = uses.and_then(target).and_then(|(form, name)| find(self.suite, form, name));
                    self.name(format!("needs.{}", id.as_str().unwrap_or_default()), called);
                }
                mapping.iter().for_each(|(_, value)| self.visit(value));
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.visit(item)),
            Value::String(text) => self.texts.push(text.clone()),
            _ => {}
        }
    }

    fn name(&mut self, caller: String, called: Option<&'a Interface>) {
        let same = self.callers.entry(caller).or_insert(called);
        if same.map(|same| &same.name) != called.map(|called| &called.name) {
            *same = None;
        }
    }

    /// Looks at a step or a job that calls something, and says what.
    fn call(&mut self, uses: &str, caller: &Value) -> Option<&'a Interface> {
        let (form, name) = target(uses)?;
        let Some(called) = find(self.suite, form, name) else {
            let what = if form == Form::Workflow { "workflow" } else { "action" };
            self.problems.push(format!("`uses: {uses}`: there is no {what} {name}"));
            return None;
        };
        let tag = uses.split_once('@').map_or(TAG, |(_, reference)| reference);
        if tag != TAG && tag.strip_prefix('v').is_some_and(|major| major.parse::<u64>().is_ok()) {
            self.problems.push(format!("`uses: {uses}`: elsewhere it is {TAG}"));
        }
        let mut wrong = given(caller.get("with"), "input", called, &called.inputs);
        // `secrets: inherit` gives all that the caller has.
        if caller.get("secrets").and_then(Value::as_str) != Some("inherit") {
            wrong.extend(given(caller.get("secrets"), "secret", called, &called.secrets));
        }
        self.problems.extend(wrong.into_iter().map(|wrong| format!("`uses: {uses}`: {wrong}")));
        Some(called)
    }
}

fn given(with: Option<&Value>, what: &str, called: &Interface, known: &[Input]) -> Vec<String> {
    let given: Vec<&str> =
        with.and_then(Value::as_mapping).into_iter().flatten().filter_map(|(name, _)| name.as_str()).collect();
    let unknown = given.iter().filter(|name| !known.iter().any(|known| called.is_spelling(name, &known.name)));
    let mut wrong: Vec<String> = unknown.map(|name| format!("{} has no {what} {name:?}", called.name)).collect();
    let missing = known.iter().filter(|known| {
        known.required && known.env.is_none() && !given.iter().any(|name| called.is_spelling(name, &known.name))
    });
    wrong.extend(missing.map(|missing| format!("{} needs the {what} {:?}", called.name, missing.name)));
    wrong
}

fn find<'a>(suite: &'a [Interface], form: Form, name: &str) -> Option<&'a Interface> {
    suite.iter().find(|known| known.name == name && (known.form == Form::Workflow) == (form == Form::Workflow))
}

/// What of this suite a `uses:` names: `OWNER/REPO/actions/NAME@REF`, `./actions/NAME` or `$/actions/NAME`, or
/// `OWNER/REPO/.github/workflows/NAME.yml@REF` and the like.
fn target(uses: &str) -> Option<(Form, &str)> {
    let path = uses.split_once('@').map_or(uses, |(path, _)| path);
    match path.trim_end_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["." | "$", "actions", name] => Some((Form::Action, name)),
        [_, REPOSITORY, "actions", name] => Some((Form::Action, name)),
        ["." | "$", ".github", "workflows", file] => Some((Form::Workflow, file.strip_suffix(".yml")?)),
        [_, REPOSITORY, ".github", "workflows", file] => Some((Form::Workflow, file.strip_suffix(".yml")?)),
        _ => None,
    }
}

/// `steps.ID.outputs.NAME` and `needs.ID.outputs.NAME` in any text.
fn unknown_outputs(text: &str, callers: &BTreeMap<String, Option<&Interface>>) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(text.len());
        text[..end].to_owned()
    };
    let mut problems = Vec::new();
    for context in ["steps", "needs"] {
        for rest in text.split(&format!("{context}.")).skip(1) {
            let id = word(rest);
            let Some(output) = rest[id.len()..].strip_prefix(".outputs.").map(word) else { continue };
            let caller = format!("{context}.{id}");
            let Some(called) = callers.get(&caller).copied().flatten() else { continue };
            if !called.outputs.iter().any(|known| called.is_spelling(&output, &known.name)) {
                problems.push(format!("`{caller}.outputs.{output}`: {} has no such output", called.name));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::interface;
    use super::*;
    use crate::layout;

    fn of(text: &str) -> Vec<String> {
        let suite = interface::all(&layout::root()).expect("this checkout");
        problems(&serde_yaml::from_str(text).expect("YAML"), &suite)
    }

    #[track_caller]
    fn assert_parts(problems: &[String], parts: &[&str]) {
        assert_eq!(problems.len(), parts.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(parts) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn what_exists_passes_and_others_actions_are_left_alone() {
        let text = "jobs: {a: {steps: [{uses: actions/checkout@v6, with: {ref: x}}, {uses: a/b/actions/c@v1},\n\
                    {id: b, uses: OWNER/bento-actions/actions/build-bento@v1, with: {context: .}},\n\
                    {run: 'echo ${{ steps.b.outputs.bento-tag }} ${{ steps.other.outputs.x }}'}]},\n\
                    s: {uses: OWNER/bento-actions/.github/workflows/bento-ship.yml@v1, secrets: inherit},\n\
                    t: {needs: s, steps: [{run: 'echo ${{ needs.s.outputs.deployment-url }}'}]}}";
        assert_eq!(of(text), [""; 0]);
    }

    #[test]
    fn unknown_actions_inputs_and_outputs_are_named() {
        assert_parts(&of("- uses: O/bento-actions/actions/setup@v2"), &["elsewhere it is v1"]);
        let text = "- uses: O/bento-actions/actions/built-bento@v1\n\
                    - {id: d, uses: ./actions/deploy-bento, with: {bento-tags: x, bento_tag: y, build: false}}\n\
                    - uses: $/actions/setup\n  with: {python_version: 3}\n\
                    - run: curl ${{ steps.d.outputs.deployment-uri }}\n";
        assert_parts(&of(text), &["no action built-bento", "\"bento-tags\"", "\"python_version\"", "deployment-uri"]);
    }

    #[test]
    fn unknown_workflows_and_secrets_and_missing_ones_are_named() {
        let text = "jobs: {s: {uses: O/bento-actions/.github/workflows/bento-ship.yml@v1, with: {tag: x},\n\
                    secrets: {BENTO_CLOUD_API_ENDPOINT: a, TOKEN: b}},\n\
                    t: {uses: O/bento-actions/.github/workflows/ship.yml@v1},\n\
                    u: {steps: [{uses: $/actions/build-and-push-image, with: {push: false}},\n\
                    {run: 'echo ${{ needs.s.outputs.url }}'}]}}";
        assert_parts(
            &of(text),
            &[
                "bento-ship has no input \"tag\"",
                "bento-ship has no secret \"TOKEN\"",
                "no workflow ship",
                "build-and-push-image needs the input \"tags\"",
                "`needs.s.outputs.url`: bento-ship has no such output",
            ],
        );
    }
}
