//! A model to the cloud, and back.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::lab::Lab;
use crate::bench::measure::{Run, compare};
use crate::bench::model;
use crate::{command, layout};

pub(super) const PUSH: Row = Row {
    name: "push",
    work: "push of a {model} model on loopback",
    aim: "≤ 62 % of the time, ≤ 48 MiB, no temp file",
    measure: push,
};

pub(super) const PULL: Row =
    Row { name: "pull", work: "pull of a {model} model on loopback", aim: "≤ 43 % of the time", measure: pull };

/// This suite's transfer of one model between the store `home` and the local cloud.
fn transfer(lab: &Lab, home: &Path, verb: &str, tag: &str) -> Result<Command> {
    let program = layout::release_binaries().join(format!("examples/transfer{}", std::env::consts::EXE_SUFFIX));
    let mut command = command::clean(program);
    command.args([verb, "model", tag]).env("BENTOML_HOME", home);
    lab.cloud()?.log_in(&mut command);
    Ok(command)
}

fn push(lab: &Lab) -> Result<Outcome> {
    let home = lab.fresh_folder("home")?;
    let weights = lab.weights()?;
    // A version of its own for each run: what the cloud has is not sent again.
    let prepare = |side: &str, turn: usize| -> Result<String> {
        let version = format!("push-{side}-{turn}");
        model::add(&home, &version, &weights)?;
        Ok(format!("{}:{version}", model::NAME))
    };
    let today = |turn| {
        let mut bentoml = lab.bentoml_in_cloud(&home)?;
        bentoml.args(["models", "push", &prepare("cli", turn)?]);
        Ok(Run { command: bentoml, temp: vec![model::temp(&home)], grows: None })
    };
    let here = |turn| {
        let command = transfer(lab, &home, "push", &prepare("here", turn)?)?;
        Ok(Run { command, temp: vec![model::temp(&home)], grows: None })
    };
    compare(lab, lab.scale.long_runs(), &today, Some(&here))
}

fn pull(lab: &Lab) -> Result<Outcome> {
    let source = lab.fresh_folder("home")?;
    let tag = format!("{}:pull", model::NAME);
    model::add(&source, "pull", &lab.weights()?)?;
    command::capture(lab.bentoml_in_cloud(&source)?.args(["models", "push", &tag]))?;
    // Each run into an empty store: what the store has is not fetched again.
    let today = |_| {
        let home = lab.fresh_folder("pulled")?;
        let mut bentoml = lab.bentoml_in_cloud(&home)?;
        bentoml.args(["models", "pull", &tag]);
        Ok(Run { command: bentoml, temp: vec![model::temp(&home)], grows: None })
    };
    let here = |_| {
        let home = lab.fresh_folder("pulled")?;
        let command = transfer(lab, &home, "pull", &tag)?;
        Ok(Run { command, temp: vec![model::temp(&home)], grows: None })
    };
    compare(lab, lab.scale.long_runs(), &today, Some(&here))
}
