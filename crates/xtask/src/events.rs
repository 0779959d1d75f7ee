//! Which workflow runs on which event, by the filters of its `on:`.
//!
//! Rules: "Events that trigger workflows" and "Workflow syntax" (`on.push`, `on.pull_request`) of GitHub's documentation.
//! A runner on one's own machine does not apply them, so this is where the strategies are proven.

mod pattern;

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_yaml::Value;

/// What happens in a repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// For people.
    pub name: &'static str,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// A push to a branch, which changes these files.
    Branch(&'static str, &'static [&'static str]),
    /// A push of a tag.
    Tag(&'static str),
    /// A pull request into a branch, opened or changed, from this repository or a fork: filters treat both alike.
    PullRequest(&'static str, &'static [&'static str]),
    /// By hand.
    Dispatch,
}

const CODE: &[&str] = &["service.py"];
const CONFIG: &[&str] = &["deployment.yaml"];

/// The events of the table.
pub(crate) const EVENTS: [Event; 9] = [
    Event { name: "push to main", what: What::Branch("main", CODE) },
    Event { name: "… of deployment.yaml alone", what: What::Branch("main", CONFIG) },
    Event { name: "… of both", what: What::Branch("main", &["service.py", "deployment.yaml"]) },
    Event { name: "push to deployment", what: What::Branch("deployment", CODE) },
    Event { name: "push to another branch", what: What::Branch("fix/deployment.yaml", CONFIG) },
    Event { name: "tag v1.2.3", what: What::Tag("v1.2.3") },
    Event { name: "tag nightly", what: What::Tag("nightly") },
    Event { name: "pull request, also of a fork", what: What::PullRequest("main", CONFIG) },
    Event { name: "by hand", what: What::Dispatch },
];

/// Whether a workflow with this `on:` runs.
pub(crate) fn runs(on: &Value, event: &Event) -> bool {
    match event.what {
        What::Branch(name, changed) => filters(on, "push")
            .is_some_and(|push| ref_passes(push, "branches", "tags", name) && paths_pass(push, changed)),
        // "Path filters are not evaluated for pushes of tags."
        What::Tag(name) => filters(on, "push").is_some_and(|push| ref_passes(push, "tags", "branches", name)),
        What::PullRequest(base, changed) => filters(on, "pull_request")
            .is_some_and(|request| ref_passes(request, "branches", "tags", base) && paths_pass(request, changed)),
        What::Dispatch => filters(on, "workflow_dispatch").is_some(),
    }
}

/// The filters of one event: `on: push`, `on: [push]` and `on: {push:}` have none. `None` where it is not listed.
fn filters<'a>(on: &'a Value, event: &str) -> Option<&'a Value> {
    match on {
        Value::String(name) => (name == event).then_some(&Value::Null),
        Value::Sequence(names) => names.iter().any(|name| name == event).then_some(&Value::Null),
        _ => on.get(event),
    }
}

/// `kind` and `other` are `branches` and `tags`: filters of the other kind alone shut this kind out.
fn ref_passes(filters: &Value, kind: &str, other: &str, name: &str) -> bool {
    let ignored = |kind: &str| patterns(filters, &format!("{kind}-ignore"));
    match (patterns(filters, kind), ignored(kind)) {
        (Some(wanted), _) => pattern::lets_in(&wanted, name),
        (None, Some(ignored)) => !ignored.iter().any(|ignored| pattern::matches(ignored, name)),
        (None, None) => patterns(filters, other).is_none() && ignored(other).is_none(),
    }
}

/// One changed file that `paths` lets in is enough, or one that `paths-ignore` does not ignore.
fn paths_pass(filters: &Value, changed: &[&str]) -> bool {
    let wanted = patterns(filters, "paths");
    let ignored = patterns(filters, "paths-ignore");
    changed.iter().any(|path| match (&wanted, &ignored) {
        (Some(wanted), _) => pattern::lets_in(wanted, path),
        (None, Some(ignored)) => !ignored.iter().any(|ignored| pattern::matches(ignored, path)),
        (None, None) => true,
    })
}

/// A filter: a list, or one text.
fn patterns(filters: &Value, key: &str) -> Option<Vec<String>> {
    match filters.get(key)? {
        Value::String(one) => Some(vec![one.clone()]),
        list => Some(list.as_sequence()?.iter().filter_map(Value::as_str).map(Into::into).collect()),
    }
}

/// A row per workflow, a column per event, in Markdown.
///
/// # Errors
///
/// When a workflow cannot be read.
pub(crate) fn table(root: &Path, workflows: &[impl AsRef<Path>]) -> Result<String> {
    let mut table = String::from("| workflow |");
    EVENTS.iter().for_each(|event| table.extend([" ", event.name, " |"]));
    table.extend(["\n|---|", &"---|".repeat(EVENTS.len()), "\n"]);
    for workflow in workflows {
        let (name, on) = read(&root.join(workflow))?;
        // Writing to a string cannot fail.
        let _ = write!(table, "| `{name}` |");
        EVENTS.iter().for_each(|event| table.push_str(if runs(&on, event) { " runs |" } else { " |" }));
        table.push('\n');
    }
    Ok(table)
}

/// The file's name, and its `on:`.
fn read(path: &Path) -> Result<(String, Value)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let document: Value =
        serde_yaml::from_str(&text).with_context(|| format!("{} is not valid YAML", path.display()))?;
    Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), document["on"].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks, layout};

    /// By name of the event, which of a list of workflows run.
    fn running(workflows: &[(String, Value)], event: &str) -> Vec<String> {
        let event = EVENTS.iter().find(|known| known.name == event).expect(event);
        workflows.iter().filter(|(_, on)| runs(on, event)).map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn each_strategy_runs_on_its_events_and_no_other() {
        let folder = layout::root().join("examples/cicd/.github/workflows");
        let repositories = checks::repositories(&layout::root()).expect("folders");
        let cicd = repositories.iter().find(|found| found.root.ends_with("examples/cicd")).expect("examples/cicd");
        let workflows: Vec<_> = cicd.workflows.iter().map(|path| read(&cicd.root.join(path)).expect("YAML")).collect();
        assert_eq!(workflows.len(), 7, "a strategy more wants rows here: {}", folder.display());
        let table: [(&str, &[&str]); EVENTS.len()] = [
            ("push to main", &["code-update.yml", "every-commit.yml"]),
            ("… of deployment.yaml alone", &["config-changed.yml", "deployment-config.yml", "every-commit.yml"]),
            ("… of both", &["code-update.yml", "config-changed.yml", "deployment-config.yml", "every-commit.yml"]),
            ("push to deployment", &["deployment-branch.yml"]),
            ("push to another branch", &[]),
            ("tag v1.2.3", &["release-tag.yml"]),
            ("tag nightly", &[]),
            ("pull request, also of a fork", &[]),
            ("by hand", &["code-update.yml", "deployment-config.yml", "manual.yml"]),
        ];
        for (event, expected) in table {
            assert_eq!(running(&workflows, event), expected, "{event}");
        }
    }

    /// These events run with the repository's secrets on what a stranger wrote.
    #[test]
    fn no_workflow_hands_secrets_to_a_fork() {
        for repository in checks::repositories(&layout::root()).expect("folders") {
            for path in repository.workflows {
                let (name, on) = read(&repository.root.join(path)).expect("YAML");
                for event in ["pull_request_target", "workflow_run", "issue_comment", "issues"] {
                    assert!(filters(&on, event).is_none(), "{name} runs on {event}");
                }
            }
        }
    }

    #[test]
    fn filters_combine_as_documented() {
        let runs_on = |on: &str| -> Vec<&str> {
            let on = serde_yaml::from_str(on).expect("YAML");
            EVENTS.iter().filter(|event| runs(&on, event)).map(|event| event.name).collect()
        };
        assert_eq!(runs_on("[push, pull_request]").len(), 8, "all but by hand");
        assert_eq!(runs_on("workflow_dispatch"), ["by hand"]);
        assert_eq!(runs_on("{push: {branches: deployment}}"), ["push to deployment"]);
        // Tags alone shut branches out, and the other way round; files do not matter for tags.
        assert_eq!(runs_on("{push: {tags-ignore: ['v*']}}"), ["tag nightly"]);
        assert_eq!(runs_on("{push: {paths: [nothing]}}"), ["tag v1.2.3", "tag nightly"]);
        assert_eq!(runs_on("{push: {branches-ignore: ['**/*']}}"), [""; 0]);
        assert_eq!(
            runs_on("{push: {branches-ignore: ['fix/**'], paths-ignore: ['*.yaml']}}"),
            ["push to main", "… of both", "push to deployment"]
        );
        assert_eq!(runs_on("{pull_request: {branches: [main], paths: ['**.yaml']}}"), ["pull request, also of a fork"]);
        assert_eq!(runs_on("{pull_request: {branches: [dev]}}"), [""; 0]);
    }
}
