//! A Deployment updated to a Bento that the cloud has, until it is seen to be ready.
//!
//! It runs that Bento already, so it is ready at the first look: what a start takes is BentoML's own time. The CLI's
//! `deployment update` does not wait, and looks not even once.

use std::path::Path;

use anyhow::{Context, Result};

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::lab::Lab;
use crate::bench::measure::compare;
use crate::command;

pub(super) const ROW: Row = Row {
    name: "deploy",
    work: "`deploy-bento` with `build: false`, Deployment ready at first poll (CLI: `deployment update`)",
    aim: "≤ 0.10 s",
    measure,
};

const DEPLOYMENT: &str = "bench";
const SERVICE: &str = "import bentoml\n\n\n@bentoml.service\nclass Bench:\n    @bentoml.api\n    \
                       def echo(self, text: str) -> str:\n        return text\n";

fn measure(lab: &Lab) -> Result<Outcome> {
    let home = lab.fresh_folder("home")?;
    let tag = deployed_bento(lab, &home)?;
    let today = |_| {
        let mut bentoml = lab.bentoml_in_cloud(&home)?;
        bentoml.args(["deployment", "update", DEPLOYMENT, "--bento", &tag]);
        Ok(bentoml.into())
    };
    let here = |_| {
        let cloud = lab.cloud()?;
        let mut action = lab.dist("bento-actions");
        action
            .arg("deploy-bento")
            .env("GITHUB_ACTIONS", "true")
            .env("BENTOML_HOME", lab.fresh_folder("empty-home")?)
            .env("INPUT_CLOUD_API_TOKEN", cloud.token())
            .env("INPUT_CLOUD_ENDPOINT", cloud.endpoint())
            .env("INPUT_BUILD", "false")
            .env("INPUT_ACTION", "update")
            .env("INPUT_BENTO_TAG", &tag)
            .env("INPUT_DEPLOYMENT_NAME", DEPLOYMENT);
        Ok(action.into())
    };
    compare(lab, lab.scale.short_runs(), &today, Some(&here))
}

/// Builds, pushes and deploys a small Bento with the CLI, and returns its tag once the Deployment serves it.
fn deployed_bento(lab: &Lab, home: &Path) -> Result<String> {
    let project = lab.fresh_folder("project")?;
    std::fs::write(project.join("service.py"), SERVICE)?;
    let built = command::capture(lab.bentoml(home).args(["build", "-o", "tag"]).arg(&project))?;
    let tag = built
        .lines()
        .find_map(|line| line.trim().strip_prefix("__tag__:"))
        .with_context(|| format!("`bentoml build` names no tag:\n{built}"))?
        .to_owned();
    command::capture(lab.bentoml_in_cloud(home)?.args(["push", &tag]))?;
    let create = ["deployment", "create", &tag, "--name", DEPLOYMENT, "--wait"];
    command::capture(lab.bentoml_in_cloud(home)?.args(create))?;
    Ok(tag)
}
