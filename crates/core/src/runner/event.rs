//! What triggered the run: the job's context from the environment and the event's payload.

use serde_json::Value;

use crate::Env;
use crate::env;
use crate::env::GITHUB_EVENT_PATH;

/// The event and the run, as far as the environment tells. On a laptop every field is empty.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// `push`, `pull_request`, `workflow_dispatch`…
    pub name: String,
    /// `owner/name`.
    pub repository: String,
    /// The commit, 40 hex digits.
    pub sha: String,
    /// `refs/heads/main`, `refs/tags/v1`, `refs/pull/3/merge`…
    pub reference: String,
    /// The server's address, without a trailing slash; never assumed to be github.com.
    pub server_url: String,
    /// The run's number in addresses.
    pub run_id: String,
    /// The event's payload; `null` where there is none.
    pub payload: Value,
}

impl Event {
    /// Reads the `GITHUB_*` variables and the payload file. A payload that cannot be read counts as none.
    pub fn of(env: &Env) -> Self {
        let get = |name| env.get(name).unwrap_or_default().to_owned();
        let payload = env.path(GITHUB_EVENT_PATH).and_then(|file| std::fs::read(file).ok());
        Self {
            name: get(env::GITHUB_EVENT_NAME),
            repository: get(env::GITHUB_REPOSITORY),
            sha: get(env::GITHUB_SHA),
            reference: get(env::GITHUB_REF),
            server_url: get(env::GITHUB_SERVER_URL),
            run_id: get(env::GITHUB_RUN_ID),
            payload: payload.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default(),
        }
    }

    /// The address of this run's page, where there is one.
    pub fn run_url(&self) -> Option<String> {
        let known = ![&self.server_url, &self.repository, &self.run_id].iter().any(|part| part.is_empty());
        known.then(|| format!("{}/{}/actions/runs/{}", self.server_url, self.repository, self.run_id))
    }
}
