//! What deploy-bento tells: outputs, and a table of Bento, Deployment, URL and durations.

use std::time::Duration;

use actions_core::action::Report;
use actions_core::runner::summary::{escape, link};
use bento_format::Tag;
use bentocloud::deployment::{Deployment, Outcome};

/// What happened so far.
#[derive(Debug)]
pub(crate) struct Told {
    endpoint: String,
    bento: Option<Tag>,
    deployment: Option<Deployment>,
    deleted: bool,
    durations: Vec<(&'static str, Duration)>,
}

impl Told {
    pub(crate) fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), bento: None, deployment: None, deleted: false, durations: Vec::new() }
    }

    pub(crate) fn bento(&mut self, tag: &Tag) {
        self.bento = Some(tag.clone());
    }

    pub(crate) fn deployment(&mut self, deployment: &Deployment) {
        self.deployment = Some(deployment.clone());
    }

    pub(crate) fn deleted(&mut self) {
        self.deleted = true;
    }

    pub(crate) fn took(&mut self, what: &'static str, duration: Duration) {
        self.durations.push((what, duration));
    }

    /// What happened, in a word or two; a wait that failed leaves the status to the table.
    fn heading(&self) -> &'static str {
        match self.deployment.as_ref().map(|deployment| deployment.outcome()) {
            _ if self.deleted => "Deployment deleted",
            None => "Bento pushed",
            Some(Outcome::Ready) => "Bento deployed",
            Some(_) => "Deployment",
        }
    }

    pub(crate) fn fill(&self, report: &mut Report) {
        let mut rows = Vec::new();
        let running = self.deployment.as_ref().and_then(Deployment::bento).and_then(|tag| tag.parse().ok());
        if let Some(tag) = self.bento.clone().or(running) {
            report.output("bento-tag", tag.to_string());
            report.output("bento-repository", tag.name());
            report.output("bento-version", tag.version().unwrap_or_default());
            rows.push(("Bento", format!("**{}**", escape(&tag.to_string()))));
        }
        if let Some(deployment) = &self.deployment {
            let status = if self.deleted { "deleted" } else { &deployment.status };
            let console = deployment.console_url(&self.endpoint);
            let url = deployment.urls.first().map(String::as_str).unwrap_or_default();
            report.output("deployment-name", &deployment.name);
            report.output("deployment-status", status);
            report.output("deployment-url", url);
            report.output("console-url", &console);
            rows.push(("Deployment", link(&deployment.name, &console)));
            rows.push(("Status", escape(status)));
            if !url.is_empty() {
                rows.push(("URL", link(url, url)));
            }
        }
        let durations: Vec<_> =
            self.durations.iter().map(|(what, took)| format!("{what} {:.1} s", took.as_secs_f64())).collect();
        if !durations.is_empty() {
            rows.push(("Took", durations.join(", ")));
        }
        if !rows.is_empty() {
            report.summary.heading(self.heading()).table(&rows);
        }
    }
}
