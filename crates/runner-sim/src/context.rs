//! What the runner tells a step about its run: the `github` and `runner` contexts, as variables and for expressions.
//!
//! Sources: GitHub's "Variables reference" and actions/runner, `GitHubContext.cs`, `RunnerContext.cs`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

/// The keys of the `github` context that become `GITHUB_*` variables; `token` and `event` do not.
const VARIABLES: [&str; 31] = [
    "action",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "base_ref",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// The `github` context of a job started by `event`, its fields taken from the payload where it has them.
pub(crate) fn github(event: &str, payload: &Value, workspace: &Path) -> Map<String, Value> {
    let text = |pointer: &str| match payload.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let pull = payload.get("pull_request").is_some();
    let git_ref = match event {
        "pull_request" | "pull_request_review" if pull => {
            text("/pull_request/number").or_else(|| text("/number")).map(|number| format!("refs/pull/{number}/merge"))
        }
        "pull_request_target" if pull => text("/pull_request/base/ref").map(|base| format!("refs/heads/{base}")),
        "release" => text("/release/tag_name").map(|tag| format!("refs/tags/{tag}")),
        "create" if text("/ref_type").as_deref() == Some("tag") => text("/ref").map(|tag| format!("refs/tags/{tag}")),
        _ => text("/ref").filter(|git_ref| git_ref.starts_with("refs/")),
    };
    let default_branch = text("/repository/default_branch").unwrap_or_else(|| "main".into());
    let git_ref = git_ref.unwrap_or_else(|| format!("refs/heads/{default_branch}"));
    let (ref_type, ref_name) = match git_ref.split_once("refs/tags/") {
        Some((_, tag)) => ("tag", tag.to_owned()),
        None => ("branch", git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/pull/").to_owned()),
    };
    let sha = text("/after").or_else(|| text("/pull_request/merge_commit_sha")).or_else(|| text("/head_commit/id"));
    let sha = sha.unwrap_or_else(|| "1".repeat(40));
    let repository = text("/repository/full_name").unwrap_or_else(|| "octocat/hello-world".into());
    let owner = repository.split('/').next().unwrap_or_default().to_owned();
    let actor = text("/sender/login").unwrap_or_else(|| "octocat".into());

    let fields = [
        ("action", String::new()),
        ("actor", actor.clone()),
        ("actor_id", text("/sender/id").unwrap_or_else(|| "1".into())),
        ("api_url", "https://api.github.com".into()),
        ("base_ref", text("/pull_request/base/ref").unwrap_or_default()),
        ("event_name", event.to_owned()),
        ("graphql_url", "https://api.github.com/graphql".into()),
        ("head_ref", text("/pull_request/head/ref").unwrap_or_default()),
        ("job", "job".into()),
        ("ref", git_ref.clone()),
        ("ref_name", ref_name),
        ("ref_protected", "false".into()),
        ("ref_type", ref_type.into()),
        ("repository", repository.clone()),
        ("repository_id", text("/repository/id").unwrap_or_else(|| "1".into())),
        ("repository_owner", owner),
        ("repository_owner_id", text("/repository/owner/id").unwrap_or_else(|| "1".into())),
        ("retention_days", "90".into()),
        ("run_attempt", "1".into()),
        ("run_id", "1".into()),
        ("run_number", "1".into()),
        ("server_url", "https://github.com".into()),
        ("sha", sha.clone()),
        ("triggering_actor", actor),
        ("workflow", "CI".into()),
        ("workflow_ref", format!("{repository}/.github/workflows/ci.yml@{git_ref}")),
        ("workflow_sha", sha),
        ("workspace", workspace.display().to_string()),
    ];
    let mut github: Map<_, _> = fields.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    github.insert("event".into(), payload.clone());
    github
}

/// The `runner` context.
pub(crate) fn runner(temp: &Path, tool_cache: &Path, debug: bool) -> Map<String, Value> {
    let os = match std::env::consts::OS {
        "macos" => "macOS",
        "windows" => "Windows",
        _ => "Linux",
    };
    let arch = match std::env::consts::ARCH {
        "aarch64" => "ARM64",
        "x86" => "X86",
        "arm" => "ARM",
        _ => "X64",
    };
    let fields = [
        ("name", "runner-sim".into()),
        ("os", os.into()),
        ("arch", arch.into()),
        ("environment", "self-hosted".into()),
        ("temp", temp.display().to_string()),
        ("tool_cache", tool_cache.display().to_string()),
        ("workspace", temp.parent().unwrap_or(temp).display().to_string()),
        ("debug", if debug { "1".into() } else { String::new() }),
    ];
    fields.into_iter().filter(|(_, value): &(_, String)| !value.is_empty()).map(|(k, v)| (k.into(), v.into())).collect()
}

/// The variables of the two contexts.
pub(crate) fn variables(github: &Map<String, Value>, runner: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of_github =
        VARIABLES.iter().filter_map(|key| Some((format!("GITHUB_{}", key.to_uppercase()), text(github.get(*key)?)?)));
    let of_runner =
        runner.iter().filter_map(|(key, value)| Some((format!("RUNNER_{}", key.to_uppercase()), text(value)?)));
    of_github.chain(of_runner).collect()
}

/// The variables that a step gets from the machine. All others of the simulator's own environment stay outside.
pub(crate) fn from_machine() -> BTreeMap<String, String> {
    const TAKEN: [&str; 27] = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "COMSPEC",
        "PATHEXT",
        "WINDIR",
        "TEMP",
        "TMP",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
    ];
    TAKEN.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(event: &str, payload: &Value, name: &str) -> String {
        github(event, payload, Path::new("/w"))[name].as_str().expect("text").to_owned()
    }

    #[test]
    fn refs_follow_the_event() {
        let pull = json!({"number": 5, "pull_request": {"number": 5, "merge_commit_sha": "abc", "base": {"ref": "main"}, "head": {"ref": "topic"}}});
        let tag = json!({"ref": "refs/tags/v1", "after": "def", "repository": {"full_name": "a/b"}});
        let release = json!({"release": {"tag_name": "v2"}});
        for (event, payload, expected) in [
            ("pull_request", &pull, ["refs/pull/5/merge", "5/merge", "branch", "main", "topic", "abc"]),
            ("push", &tag, ["refs/tags/v1", "v1", "tag", "", "", "def"]),
            ("release", &release, ["refs/tags/v2", "v2", "tag", "", "", &"1".repeat(40)]),
            ("workflow_dispatch", &json!({}), ["refs/heads/main", "main", "branch", "", "", &"1".repeat(40)]),
        ] {
            let got =
                ["ref", "ref_name", "ref_type", "base_ref", "head_ref", "sha"].map(|name| field(event, payload, name));
            assert_eq!(got, expected, "{event}");
        }
        assert_eq!(field("push", &tag, "repository_owner"), "a");
    }

    #[test]
    fn token_and_event_are_no_variables() {
        let mut github = github("push", &json!({"a": 1}), Path::new("/w"));
        github.insert("token".into(), "secret".into());
        let variables = variables(&github, &runner(Path::new("/t/_temp"), Path::new("/t/_tool"), false));
        assert!(!variables.contains_key("GITHUB_TOKEN") && !variables.contains_key("GITHUB_EVENT"));
        assert!(!variables.contains_key("RUNNER_DEBUG"));
        assert_eq!(variables["GITHUB_WORKSPACE"], "/w");
        assert_eq!(variables["RUNNER_TEMP"], "/t/_temp");
    }
}
