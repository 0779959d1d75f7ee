//! Chooses the Python that fits a request, and tells why, or what there was instead.

use std::fmt;
use std::path::PathBuf;

use actions_core::action::Context;
use actions_core::{Error, Result};

use super::candidates::{self, Candidate, Place, Says};
use super::{Architecture, Interpreter, PythonRequest, Wanted};

/// The Python that was chosen, and why.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The Python.
    pub python: Interpreter,
    /// Where it was found.
    pub place: Place,
    /// The form of the request that it fits.
    pub wanted: Wanted,
    /// Is it built for another processor than was asked for, because none was for that one?
    pub other_architecture: bool,
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { python, place, wanted, .. } = self;
        let kind = if python.is_virtual() { " (a virtual environment)" } else { "" };
        write!(f, "Python {}{kind} {place}: {}, fits {wanted}", python.version, python.executable.display())
    }
}

/// What a search ended with.
#[derive(Debug, Clone)]
pub enum Choice {
    /// A Python that fits.
    Fits(Chosen),
    /// None does.
    Missing(Missing),
}

/// No Python fits: what there is instead.
#[derive(Debug, Clone)]
pub struct Missing {
    /// What was asked for.
    pub request: PythonRequest,
    /// A Python that runs, though it does not fit.
    pub other: Option<Interpreter>,
    found: String,
}

impl Missing {
    /// The error that says so.
    pub fn error(&self) -> Error {
        Error::not_found(self.to_string())
            .hint("Run actions/setup-python with the version before this step, or ask for another version of Python.")
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Python fits {}: {}", self.request, self.found)
    }
}

/// Chooses the first Python that fits: for each form of the request in turn a virtual environment that is active on PATH,
/// else the tool cache of the runner (the newest), PATH, pyenv (the newest), uv's own (the newest). Without a form PATH is
/// first.
///
/// # Errors
/// On cancellation only.
pub async fn choose(
    request: Option<&PythonRequest>,
    architecture: Option<Architecture>,
    ctx: &Context,
) -> Result<Choice> {
    let candidates = candidates::all(&ctx.env, architecture);
    let order = match request {
        Some(_) => [Place::ToolCache, Place::Path, Place::Pyenv, Place::Uv],
        None => [Place::Path, Place::ToolCache, Place::Pyenv, Place::Uv],
    };
    let any = PythonRequest::default();
    let mut search = Search { asked: Vec::new(), ctx };
    let mut second_best = None;
    for wanted in request.unwrap_or(&any).forms() {
        let active = candidates.iter().find(|candidate| matches!(candidate.says, Says::Nothing));
        let inactive = order.iter().flat_map(|place| candidates.iter().filter(move |found| found.place == *place));
        let steps = active.into_iter().map(|found| (found, true)).chain(inactive.map(|found| (found, false)));
        for (candidate, must_be_virtual) in steps {
            if !candidate.fits(wanted) {
                continue;
            }
            let Some(python) = search.ask(candidate).await? else { continue };
            if !wanted.fits(&python.version) || (must_be_virtual && !python.is_virtual()) {
                continue;
            }
            let right = architecture.is_none_or(|architecture| architecture.is_of_platform(&python.platform));
            let place = candidate.place;
            let chosen = Chosen { python, place, wanted: wanted.clone(), other_architecture: !right };
            if right {
                return Ok(Choice::Fits(chosen));
            }
            second_best.get_or_insert(chosen);
        }
    }
    if let Some(chosen) = second_best {
        return Ok(Choice::Fits(chosen));
    }
    // Who has none that fits may have one with pip, which can fetch uv, which can install one.
    for candidate in &candidates {
        if search.asked.iter().any(|(_, known)| known.is_some()) {
            break;
        }
        search.ask(candidate).await?;
    }
    let found = found(&candidates, &search);
    let other = search.asked.into_iter().find_map(|(_, known)| known);
    Ok(Choice::Missing(Missing { request: request.unwrap_or(&any).clone(), other, found }))
}

/// Asks each program once.
struct Search<'a> {
    asked: Vec<(PathBuf, Option<Interpreter>)>,
    ctx: &'a Context,
}

impl Search<'_> {
    async fn ask(&mut self, candidate: &Candidate) -> Result<Option<Interpreter>> {
        if let Some((_, known)) = self.asked.iter().find(|(program, _)| *program == candidate.program) {
            return Ok(known.clone());
        }
        let answer = match Interpreter::query(&candidate.program, self.ctx).await {
            Ok(python) => Some(python),
            Err(_) if self.ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
            Err(error) => {
                tracing::debug!("passed over: {}", error.full_text());
                None
            }
        };
        self.asked.push((candidate.program.clone(), answer.clone()));
        Ok(answer)
    }
}

/// The versions of each place; `python3.12` that was not asked stands for itself where nothing more exact is known.
fn found(candidates: &[Candidate], search: &Search<'_>) -> String {
    let places = [Place::Path, Place::ToolCache, Place::Pyenv, Place::Uv].map(|place| {
        let mut versions: Vec<String> = Vec::new();
        for candidate in candidates.iter().filter(|candidate| candidate.place == place) {
            let asked = search.asked.iter().find(|(program, _)| *program == candidate.program);
            let version = match (asked, &candidate.says) {
                (Some((_, Some(python))), _) => python.version.to_string(),
                (Some((_, None)), _) | (None, Says::Nothing) => continue,
                (None, Says::Version(version)) => version.to_string(),
                (None, Says::Minor(minor)) => format!("3.{minor}"),
            };
            if !versions.iter().any(|known| *known == version || known.starts_with(&format!("{version}."))) {
                versions.push(version);
            }
        }
        (!versions.is_empty()).then(|| format!("{} {place}", versions.join(", ")))
    });
    let places: Vec<_> = places.into_iter().flatten().collect();
    if places.is_empty() {
        return "no Python at all was found on PATH, in the tool cache of the runner, with pyenv or with uv".to_owned();
    }
    format!("there are {}", places.join("; "))
}
