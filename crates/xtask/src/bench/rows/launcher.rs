//! From the launcher's start to the first line of an action, without what Node itself takes to print a line.
//!
//! The original actions are shell steps around the CLI, so the first line of the CLI stands beside it.

use anyhow::Result;

use super::Row;
use crate::bench::figure::{Figure, Outcome, median};
use crate::bench::lab::Lab;
use crate::bench::measure::first_output;
use crate::layout;

pub(super) const ROW: Row = Row {
    name: "launcher",
    work: "launcher to the first line of an action, Node's own start aside",
    aim: "≤ 0.015 s",
    measure,
};

fn measure(lab: &Lab) -> Result<Outcome> {
    let home = lab.fresh_folder("home")?;
    let one_line = lab.scratch().join("one-line.js");
    std::fs::write(&one_line, "'use strict'\nprocess.stdout.write('line\\n')\n")?;
    let (mut today, mut node, mut launcher) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=lab.scale.short_runs() {
        let mut bentoml = lab.bentoml(&home);
        bentoml.arg("--version");
        let mut nothing = lab.node();
        nothing.arg(&one_line);
        // Without inputs its first line is the error that says which one is missing.
        let mut action = lab.node();
        action
            .arg(layout::root().join("actions/deploy-bento/main.js"))
            .env("BENTO_ACTIONS_BIN", layout::dist_binaries())
            .env("GITHUB_ACTIONS", "true");
        let times = [first_output(bentoml)?, first_output(nothing)?, first_output(action)?];
        if turn > 0 {
            today.push(times[0]);
            node.push(times[1]);
            launcher.push(times[2]);
        }
    }
    let own = median(launcher).zip(median(node)).map(|(launcher, node)| launcher.saturating_sub(node));
    Ok(Outcome {
        today: Figure { time: median(today), ..Figure::default() },
        here: Figure { time: own, ..Figure::default() },
    })
}
