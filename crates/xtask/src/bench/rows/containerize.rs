//! A Bento as an image in a registry. Today: `bentoml containerize --backend buildx`, then `docker push`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Row;
use crate::bench::figure::Outcome;
use crate::bench::images::{Images, Project};
use crate::bench::lab::{Lab, SMALL_MODEL};
use crate::bench::measure::{Run, compare};

pub(super) const FIRST: Row = Row {
    name: "image-first",
    work: "first build and push of an image with a {model} model",
    aim: "≤ 0.8 × today, ≤ 10 MiB temp",
    measure: first,
};

pub(super) const AGAIN: Row = Row {
    name: "image-again",
    work: "the next one, a line of service.py changed",
    aim: "≤ 0.1 × today, ≤ 2 MiB new in the registry",
    measure: again,
};

pub(super) const ELSEWHERE: Row = Row {
    name: "image-elsewhere",
    work: "the next one from a machine that has built nothing, the model pulled again",
    aim: "new in the registry: ≤ 2 MiB more than the row below",
    measure: elsewhere,
};

pub(super) const BARE: Row = Row { name: "image-bare", work: "the same without the model", aim: "–", measure: bare };

pub(super) const SMALL_FIRST: Row = Row {
    name: "image-small-first",
    work: "first build and push of an image with a {small} model",
    aim: "≤ 1.0 × today",
    measure: small_first,
};

pub(super) const SMALL_AGAIN: Row = Row {
    name: "image-small-again",
    work: "the next one with a {small} model, a line of service.py changed",
    aim: "≤ 1.0 × today",
    measure: small_again,
};

pub(super) const SMALL_ELSEWHERE: Row = Row {
    name: "image-small-elsewhere",
    work: "the next one with a {small} model from a machine that has built nothing, the model pulled again",
    aim: "≤ 1.0 × today",
    measure: small_elsewhere,
};

pub(super) const API: Row = Row {
    name: "image-api",
    work: "docker without its CLI: a {model} model streamed into the engine",
    aim: "≤ 48 MiB",
    measure: api,
};

/// The two sides of a turn, each with a project and a repository of its own.
#[derive(Clone, Copy)]
enum Side {
    Today,
    Here,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Here => "here",
        }
    }

    /// What is measured.
    fn push(self, lab: &Lab, images: &Images, project: &Project, bento: &str, image: &str) -> Run {
        let command = match self {
            Self::Today => {
                let mut shell = lab.bentoml(&project.home);
                let path = PathBuf::from(shell.get_program());
                let containerize =
                    format!("{} containerize {bento} --backend buildx --image-tag {image}", path.display());
                let mut both = Command::new("bash");
                both.args(["-c", &format!("{containerize} && docker push {image}")]);
                for (name, value) in shell.env("LC_ALL", "C.UTF-8").get_envs() {
                    match value {
                        Some(value) => both.env(name, value),
                        None => both.env_remove(name),
                    };
                }
                both
            }
            Self::Here => {
                let mut action = lab.dist("bento-actions");
                action
                    .arg("containerize-push")
                    .env("GITHUB_ACTIONS", "true")
                    .env("BENTOML_HOME", &project.home)
                    .env("INPUT_BENTO-TAG", bento)
                    .env("INPUT_OCI-BACKEND", "buildx")
                    .env("INPUT_PUSH", "true")
                    .env("INPUT_TAGS", image);
                action
            }
        };
        let temp = vec![project.home.join("tmp")];
        Run { command: images.with_engine(command), temp, grows: Some(images.data()) }
    }
}

/// One turn's preparation: which Bento is built where, and under which name it goes to the registry.
type Prepare<'a> = &'a dyn Fn(Side, usize, &Project) -> Result<(String, String)>;

fn measure(lab: &Lab, weights: Option<PathBuf>, sides: &[Side], prepare: Prepare<'_>) -> Result<Outcome> {
    let images = lab.images()?;
    let project = |side: Side| Project::new(lab, &format!("project-{}", side.name()), weights.clone());
    let (theirs, ours) = (project(Side::Today)?, project(Side::Here)?);
    let run = |side: Side, project: &Project, turn: usize| {
        let (bento, image) = prepare(side, turn, project)?;
        Ok(side.push(lab, images, project, &bento, &image))
    };
    let today = |turn| run(Side::Today, &theirs, turn);
    let here = |turn| run(Side::Here, &ours, turn);
    let turns = lab.scale.image_runs();
    match sides {
        [Side::Here] => {
            let outcome = compare(lab, turns, &here, None)?;
            Ok(Outcome { here: outcome.today, ..Outcome::default() })
        }
        _ => compare(lab, turns, &today, Some(&here)),
    }
}

const BOTH: &[Side] = &[Side::Today, Side::Here];

fn first(lab: &Lab) -> Result<Outcome> {
    first_of(lab, lab.weights()?, "first")
}

fn small_first(lab: &Lab) -> Result<Outcome> {
    first_of(lab, lab.weights_of(SMALL_MODEL)?, "small-first")
}

fn first_of(lab: &Lab, weights: PathBuf, name: &str) -> Result<Outcome> {
    measure(lab, Some(weights), BOTH, &|side, turn, project| {
        let images = lab.images()?;
        images.forget_builds()?;
        // A repository of its own for each run: what a repository has is not sent again.
        let image = format!("{}:1", images.repository(&format!("{name}-{}-{turn}", side.name())));
        Ok((project.build(lab, &format!("v{turn}"))?, image))
    })
}

fn again(lab: &Lab) -> Result<Outcome> {
    again_of(lab, lab.weights()?, "again")
}

fn small_again(lab: &Lab) -> Result<Outcome> {
    again_of(lab, lab.weights_of(SMALL_MODEL)?, "small-again")
}

fn again_of(lab: &Lab, weights: PathBuf, name: &str) -> Result<Outcome> {
    measure(lab, Some(weights), BOTH, &|side, turn, project| {
        let image = format!("{}:v{turn}", lab.images()?.repository(&format!("{name}-{}", side.name())));
        Ok((project.build(lab, &format!("v{turn}"))?, image))
    })
}

fn elsewhere(lab: &Lab) -> Result<Outcome> {
    elsewhere_of(lab, lab.weights()?, "elsewhere")
}

fn small_elsewhere(lab: &Lab) -> Result<Outcome> {
    elsewhere_of(lab, lab.weights_of(SMALL_MODEL)?, "small-elsewhere")
}

fn elsewhere_of(lab: &Lab, weights: PathBuf, name: &str) -> Result<Outcome> {
    measure(lab, Some(weights), BOTH, &|side, turn, project| {
        from_elsewhere(lab, project, &format!("{name}-{}", side.name()), turn)
    })
}

fn bare(lab: &Lab) -> Result<Outcome> {
    measure(lab, None, &[Side::Here], &|_, turn, project| from_elsewhere(lab, project, "bare", turn))
}

/// Without docker on PATH the engine is spoken to by its API, and what it loads has the model from a stream.
fn api(lab: &Lab) -> Result<Outcome> {
    let images = lab.images()?;
    let project = Project::new(lab, "project-api", Some(lab.weights()?))?;
    let bento = project.build(lab, "v1")?;
    let load = |_| {
        images.docker(&["image", "rm", "--force", "bench-api:1"])?;
        let mut action = images.with_engine(lab.dist("bento-actions"));
        action
            .args([
                "containerize-push",
                "--bento-tag",
                &bento,
                "--oci-backend",
                "docker",
                "--load",
                "--tags",
                "bench-api:1",
            ])
            .env("BENTOML_HOME", &project.home)
            .env("PATH", "/usr/bin:/bin");
        Ok(Run { command: action, temp: vec![project.home.join("tmp")], grows: None })
    };
    let outcome = compare(lab, lab.scale.image_runs(), &load, None)?;
    images.docker(&["image", "rm", "--force", "bench-api:1"])?;
    Ok(Outcome { here: outcome.today, ..Outcome::default() })
}

fn from_elsewhere(lab: &Lab, project: &Project, repository: &str, turn: usize) -> Result<(String, String)> {
    let images = lab.images()?;
    images.forget_builds()?;
    project.pull()?;
    Ok((project.build(lab, &format!("v{turn}"))?, format!("{}:v{turn}", images.repository(repository))))
}
