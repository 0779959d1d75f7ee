//! What starts a workflow: the event's name and a payload with all that act and the actions read of one.

use serde_json::{Value, json};

/// The repository whose workflows run.
const REPOSITORY: &str = "octo/app";
/// The account of a fork.
const STRANGER: &str = "stranger";

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A push to this ref.
    Push(&'static str),
    /// By hand.
    Dispatch,
    /// A pull request of a fork. GitHub hands out no secret then, and neither does this.
    ForkPullRequest,
}

impl Event {
    /// The name in `on:`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Push(_) => "push",
            Self::Dispatch => "workflow_dispatch",
            Self::ForkPullRequest => "pull_request",
        }
    }

    /// Are the repository's secrets there?
    pub(super) fn has_secrets(self) -> bool {
        self != Self::ForkPullRequest
    }

    /// The payload, for a commit; the inputs are those of a dispatch.
    pub(super) fn payload(self, commit: &str, inputs: &[(&str, &str)]) -> Value {
        let mut payload = json!({
            "repository": repository("octo"),
            "sender": {"login": "octo"},
        });
        let more = match self {
            Self::Push(reference) => json!({"ref": reference, "before": commit, "after": commit, "commits": [],
                "head_commit": {"id": commit, "message": "a commit"}, "pusher": {"name": "octo"}}),
            Self::Dispatch => {
                let inputs: serde_json::Map<String, Value> =
                    inputs.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
                json!({"ref": "refs/heads/main", "inputs": inputs})
            }
            Self::ForkPullRequest => json!({"action": "opened", "number": 7, "pull_request": {
                "number": 7,
                "head": {"ref": "patch", "sha": commit, "repo": repository(STRANGER)},
                "base": {"ref": "main", "sha": commit, "repo": repository("octo")},
                "user": {"login": STRANGER}}}),
        };
        if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
            payload.extend(more);
        }
        payload
    }
}

fn repository(owner: &str) -> Value {
    let name = REPOSITORY.split('/').next_back();
    json!({"full_name": format!("{owner}/app"), "name": name, "fork": owner == STRANGER, "private": false,
        "default_branch": "main", "owner": {"login": owner}})
}
