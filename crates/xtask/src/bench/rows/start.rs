//! Starting the program, and nothing else.

use super::Row;
use crate::bench::measure::compare;

pub(super) const ROW: Row = Row {
    name: "start",
    work: "`--version`",
    aim: "≤ 0.015 s",
    measure: |lab| {
        let home = lab.fresh_folder("home")?;
        let today = |_| {
            let mut bentoml = lab.bentoml(&home);
            bentoml.arg("--version");
            Ok(bentoml.into())
        };
        let here = |_| {
            let mut actions = lab.dist("bento-actions");
            actions.arg("--version");
            Ok(actions.into())
        };
        compare(lab, lab.scale.short_runs(), &today, Some(&here))
    },
};
