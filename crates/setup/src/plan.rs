//! What will be done, and why.

use std::fmt;
use std::path::PathBuf;

use actions_core::Result;
use actions_core::action::Context;
use python_env::variables;
use python_env::{self, Architecture, Choice, Interpreter, PINNED_UV, Uv, Version};

use crate::later::Later;
use crate::warnings::Requires;
use crate::{Request, Reuse, project, verify};

/// Decided from the request and what is on the machine; nothing is changed yet.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) request: Request,
    pub(crate) step: Step,
    pub(crate) remarks: Vec<String>,
    pub(crate) later: Later,
    /// What the project says of the Python that is not there yet.
    pub(crate) requires: Option<Requires>,
    temp_root: PathBuf,
}

/// The one of two things to do.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// This Python has what is wanted.
    Use { python: Interpreter, bentoml: Version },
    /// A new environment.
    Install { choice: Choice, there: Option<Version>, uv: Option<Uv> },
}

impl Plan {
    /// Looks for Pythons, BentoML and uv.
    ///
    /// # Errors
    /// When no Python fits and none can be installed; when the project cannot be read; on cancellation.
    pub async fn of(mut request: Request, mut remarks: Vec<String>, ctx: &Context) -> Result<Self> {
        let step = match existing(&request, &mut remarks, ctx).await? {
            Some(step) => step,
            None => {
                let choice = python_env::choose(request.python.as_ref(), request.architecture, ctx).await?;
                remarks.extend(project(&mut request, &choice, ctx).await?);
                install_or_use(&request, choice, &mut remarks, ctx).await?
            }
        };
        Ok(Self { request, step, remarks, later: Later::default(), requires: None, temp_root: ctx.temp_root() })
    }

    /// The version of the Python that was chosen; `None` where uv is to install one.
    pub(crate) fn python_version(&self) -> Option<&Version> {
        match &self.step {
            Step::Use { python, .. } => Some(&python.version),
            Step::Install { choice: Choice::Fits(chosen), .. } => Some(&chosen.python.version),
            Step::Install { choice: Choice::Missing(_), .. } => None,
        }
    }
}

/// Adds what the project asks for to the request.
async fn project(request: &mut Request, choice: &Choice, ctx: &Context) -> Result<Vec<String>> {
    let Some(folder) = request.project.clone() else { return Ok(Vec::new()) };
    let python = match choice {
        Choice::Fits(chosen) => Some(&chosen.python),
        Choice::Missing(missing) => missing.other.as_ref(),
    };
    project::add(&mut request.more, &folder, python, ctx).await
}

async fn install_or_use(request: &Request, choice: Choice, remarks: &mut Vec<String>, ctx: &Context) -> Result<Step> {
    let chosen = match &choice {
        Choice::Fits(chosen) => chosen,
        Choice::Missing(missing) => {
            let uv = Uv::find_version(request.uv.as_ref(), ctx).await?;
            let may_install = ctx.env.get(variables::UV_PYTHON_DOWNLOADS) != Some("never");
            if !may_install || (uv.is_none() && missing.other.is_none()) {
                return Err(missing.error());
            }
            if let Some(wanted) = request.architecture.filter(|wanted| Some(*wanted) != Architecture::of_this_machine())
            {
                remarks.push(format!("no Python for {wanted} was found: one for this machine will be used"));
            }
            return Ok(Step::Install { choice, there: None, uv });
        }
    };
    if let Some(wanted) = request.architecture.filter(|_| chosen.other_architecture) {
        let platform = &chosen.python.platform;
        remarks.push(format!("no Python for {wanted} was found: the one for {platform} is used"));
    }
    let there = verify::there_already(&chosen.python, remarks, ctx);
    let fits = |bentoml: &Version| request.bentoml.is_satisfied_by(bentoml) && request.more.is_empty();
    Ok(match there {
        Some(bentoml) if fits(&bentoml) && verify::is_usable(&chosen.python, &bentoml, remarks, ctx).await? => {
            remarks.push(format!("chosen: {chosen}"));
            Step::Use { python: chosen.python.clone(), bentoml }
        }
        there => Step::Install { there, uv: Uv::find_version(request.uv.as_ref(), ctx).await?, choice },
    })
}

async fn existing(request: &Request, remarks: &mut Vec<String>, ctx: &Context) -> Result<Option<Step>> {
    if request.reuse == Reuse::OfChosenPython {
        return Ok(None);
    }
    let found = python_env::find_with_bentoml(ctx).await?;
    let found = found.and_then(|python| Some((verify::there_already(&python, remarks, ctx)?, python)));
    let found = found.filter(|(bentoml, _)| request.bentoml.is_satisfied_by(bentoml));
    let Some((bentoml, python)) = found else { return Ok(None) };
    let usable = verify::is_usable(&python, &bentoml, remarks, ctx).await?;
    Ok(usable.then_some(Step::Use { python, bentoml }))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remarks.iter().try_for_each(|remark| writeln!(f, "{remark}"))?;
        match &self.step {
            Step::Use { python, bentoml } => {
                write!(f, "use bentoml {bentoml} of {}: it is there already", python.executable.display())
            }
            Step::Install { choice, there, uv } => {
                match choice {
                    Choice::Fits(chosen) => writeln!(f, "use {chosen}")?,
                    Choice::Missing(missing) => writeln!(f, "{missing}: uv installs one")?,
                }
                match there {
                    Some(there) => write!(f, "install bentoml {} (there is {there})", self.request.bentoml)?,
                    None => write!(f, "install bentoml {}", self.request.bentoml)?,
                }
                self.request.more.describe().map_or(Ok(()), |more| write!(f, " and {more}"))?;
                write!(f, " into a new virtual environment in {} with ", self.temp_root.display())?;
                match uv {
                    Some(uv) => write!(f, "uv {} ({})", uv.version, uv.program.display()),
                    None => write!(
                        f,
                        "uv {}, which is not on PATH and will be fetched with pip",
                        self.request.uv.as_ref().map_or_else(|| PINNED_UV.to_owned(), ToString::to_string)
                    ),
                }
            }
        }
    }
}
