//! Builds that are not needed, and a look at a project: BentoML has neither, and builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::lab::{Lab, Scale};
use crate::bench::measure::compare;
use crate::bench::model::write_weights;
use crate::{command, layout, tools};

pub(super) const SMALL: Row = Row {
    name: "skip-small",
    work: "`build-bento` of 200 files, the Bento of these contents is there already (CLI: `bentoml build`)",
    aim: "≤ 0.05 s",
    measure: |lab| skip(lab, 200, 4 * MIB),
};

pub(super) const LARGE: Row = Row {
    name: "skip-large",
    work: "the same of 10,000 files, 2 GiB in the page cache",
    aim: "≤ 0.5 s",
    measure: |lab| skip(lab, 10_000, if lab.scale == Scale::Full { 2048 * MIB } else { 64 * MIB }),
};

pub(super) const LINT: Row = Row {
    name: "lint",
    work: "`build-bento` with `lint-only` of the largest example (CLI: `bentoml build`)",
    aim: "≤ 0.05 s",
    measure: lint,
};

const MIB: u64 = 1024 * 1024;
/// Files of one folder.
const IN_A_FOLDER: u64 = 100;
/// Locking requirements asks the package index.
const BENTOFILE: &str = "service: service:Bench\npython:\n  lock_packages: false\n";
const SERVICE: &str = "import bentoml\n\n\n@bentoml.service\nclass Bench:\n    @bentoml.api\n    \
                       def echo(self, text: str) -> str:\n        return text\n";

fn skip(lab: &Lab, files: u64, bytes: u64) -> Result<Outcome> {
    let (project, home) = (project(lab, files, bytes)?, lab.new_folder("skip-home")?);
    let here = |lab: &Lab| action(lab, &project, &home, &["--skip-if-exists", "local"]);
    command::run(&mut here(lab))?;
    let today = |_| Ok(by_cli(lab, &project, &lab.fresh_folder("skip-today")?).into());
    compare(lab, lab.scale.long_runs(), &today, Some(&|_| Ok(here(lab).into())))
}

fn lint(lab: &Lab) -> Result<Outcome> {
    let example = layout::root().join("examples/summarization");
    let today = |_| Ok(by_cli(lab, &example, &lab.fresh_folder("lint-today")?).into());
    let home = lab.new_folder("lint-home")?;
    compare(lab, lab.scale.short_runs(), &today, Some(&|_| Ok(action(lab, &example, &home, &["--lint-only"]).into())))
}

/// A project of so many files of the same size.
fn project(lab: &Lab, files: u64, bytes: u64) -> Result<PathBuf> {
    let folder = lab.new_folder("skip-project")?;
    fs::write(folder.join("bentofile.yaml"), BENTOFILE)?;
    fs::write(folder.join("service.py"), SERVICE)?;
    let first = folder.join("first.bin");
    write_weights(&first, bytes / files)?;
    for index in 1..files {
        let below = folder.join((index / IN_A_FOLDER).to_string());
        fs::create_dir_all(&below)?;
        fs::copy(&first, below.join(format!("{index}.bin")))?;
    }
    Ok(folder)
}

fn action(lab: &Lab, project: &Path, home: &Path, more: &[&str]) -> Command {
    let mut action = lab.dist("bento-actions");
    let path = format!("{}:/usr/bin:/bin", tools::venv().join("bin").display());
    action.arg("build-bento").arg("--context").arg(project).args(more).env("PATH", path).env("BENTOML_HOME", home);
    action
}

fn by_cli(lab: &Lab, project: &Path, home: &Path) -> Command {
    let mut bentoml = lab.bentoml(home);
    bentoml.arg("build").arg(project);
    bentoml
}
