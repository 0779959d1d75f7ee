//! A model to the cloud, and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::lab::Lab;
use crate::bench::measure::{Make, Run, compare};
use crate::bench::model;
use crate::command;

pub(super) const PUSH: Row = Row {
    name: "push",
    work: "push of a {model} model on loopback",
    aim: "≤ 62 % of the time, ≤ 48 MiB, no temp file",
    measure: push,
};

pub(super) const PULL: Row =
    Row { name: "pull", work: "pull of a {model} model on loopback", aim: "≤ 43 % of the time", measure: pull };

/// How this suite pushes the model `tag` of the store `home` to the local cloud; `None` until it can.
fn push_here(_lab: &Lab, _home: &Path, _tag: &str) -> Result<Option<Command>> {
    Ok(None)
}

/// How this suite pulls the model `tag` from the local cloud into the store `home`; `None` until it can.
fn pull_here(_lab: &Lab, _home: &Path, _tag: &str) -> Result<Option<Command>> {
    Ok(None)
}

fn push(lab: &Lab) -> Result<Outcome> {
    let home = lab.fresh_folder("home")?;
    let weights = weights(lab)?;
    // A version of its own for each run: what the cloud has is not sent again.
    let prepare = |side: &str, turn: usize| -> Result<String> {
        let version = format!("push-{side}-{turn}");
        model::add(&home, &version, &weights)?;
        Ok(format!("{}:{version}", model::NAME))
    };
    let today = |turn| {
        let mut bentoml = lab.bentoml_in_cloud(&home)?;
        bentoml.args(["models", "push", &prepare("cli", turn)?]);
        Ok(Run { command: bentoml, temp: vec![model::temp(&home)] })
    };
    let here = |turn| {
        let command = push_here(lab, &home, &prepare("here", turn)?)?.expect("asked for only when there");
        Ok(Run { command, temp: vec![model::temp(&home)] })
    };
    let exists = push_here(lab, &home, "exists")?.is_some();
    compare(lab, lab.scale.long_runs(), &today, exists.then_some(&here as Make<'_>))
}

fn pull(lab: &Lab) -> Result<Outcome> {
    let source = lab.fresh_folder("home")?;
    let tag = format!("{}:pull", model::NAME);
    model::add(&source, "pull", &weights(lab)?)?;
    command::capture(lab.bentoml_in_cloud(&source)?.args(["models", "push", &tag]))?;
    // Each run into an empty store: what the store has is not fetched again.
    let today = |_| {
        let home = lab.fresh_folder("pulled")?;
        let mut bentoml = lab.bentoml_in_cloud(&home)?;
        bentoml.args(["models", "pull", &tag]);
        Ok(Run { command: bentoml, temp: vec![model::temp(&home)] })
    };
    let here = |_| {
        let home = lab.fresh_folder("pulled")?;
        let command = pull_here(lab, &home, &tag)?.expect("asked for only when there");
        Ok(Run { command, temp: vec![model::temp(&home)] })
    };
    let exists = pull_here(lab, &source, &tag)?.is_some();
    compare(lab, lab.scale.long_runs(), &today, exists.then_some(&here as Make<'_>))
}

fn weights(lab: &Lab) -> Result<PathBuf> {
    let path = lab.scratch().join("weights.bin");
    if !path.exists() {
        model::write_weights(&path, lab.scale.model_bytes())?;
    }
    Ok(path)
}
