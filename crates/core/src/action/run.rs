//! Runs an action: reads its inputs, prints its plan, lets it act, and tells how it ended.

use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::ArgMatches;
use futures_util::FutureExt;

use super::cancel::GRACE;
use super::{ActionSpec, Cancel, Context, Inputs, Report, cli, report};
use crate::env::RUNNER_DEBUG;
use crate::runner::console::{self, Mode};
use crate::runner::{Annotation, Level, log};
use crate::{Env, Error, Result};

/// The exit code of a defect of the program, as of any Rust program.
const DEFECT: u8 = 101;

/// An action. Data flows one way: inputs → plan → effects → report.
pub trait Action {
    /// What it declares about itself.
    const SPEC: ActionSpec;
    /// Its typed inputs.
    type Inputs: Inputs;
    /// What will be done, decided without side effects; printed before anything happens.
    type Plan: Display;

    /// Should it stop after the plan?
    fn dry_run(inputs: &Self::Inputs) -> bool;

    /// Decides what to do. It may look things up; it changes nothing.
    fn plan(inputs: Self::Inputs, ctx: &Context) -> impl Future<Output = Result<Self::Plan>>;

    /// Does what the plan says, and fills the report.
    fn execute(plan: Self::Plan, ctx: &Context, report: &mut Report) -> impl Future<Output = Result<()>>;

    /// Tidies up after the job. A failure here is a warning and never fails a job.
    fn post(_: &Context) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

/// Which of an action's entry points to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The step itself.
    Main,
    /// After the job.
    Post,
}

/// Runs the action in this process and returns its exit code.
pub async fn run<A: Action>(env: Env, matches: &ArgMatches) -> ExitCode {
    console::init(Mode::of(&env));
    log::init(env.flag(RUNNER_DEBUG));
    report_panics();
    let phase = if matches.get_flag("post") { Phase::Post } else { Phase::Main };
    let ended = match Cancel::on_signals() {
        Ok(cancel) => {
            let ctx = Context::new(env, cancel);
            let acting = within_grace(&ctx.cancel, in_phase::<A>(phase, matches, &ctx));
            // What is half-made goes while the stack unwinds; nothing of the action is looked at afterwards.
            match AssertUnwindSafe(acting).catch_unwind().await {
                Ok(ended) => ended.map_err(|error| (error, Some(ctx))),
                // The annotation is made already.
                Err(_) => return if phase == Phase::Post { ExitCode::SUCCESS } else { ExitCode::from(DEFECT) },
            }
        }
        Err(error) => Err((error, None)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err((error, _)) if phase == Phase::Post => {
            tracing::warn!("{}: {}", A::SPEC.title, error.full_text());
            ExitCode::SUCCESS
        }
        Err((error, ctx)) => {
            report::show_error(&error, A::SPEC.title, ctx.as_ref().map(Context::workspace));
            ExitCode::from(error.cause() as u8)
        }
    }
}

/// A defect of the program is one annotation too, and says that it is none of the user's.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = format!("this is a defect of bento-actions {}: {panic}", env!("CARGO_PKG_VERSION"));
        Annotation::new(Level::Error, text).title("Defect").emit(None);
    }));
}

async fn in_phase<A: Action>(phase: Phase, matches: &ArgMatches, ctx: &Context) -> Result<()> {
    match phase {
        Phase::Post => A::post(ctx).await,
        Phase::Main => {
            let values = cli::values::<A::Inputs>(&ctx.env, matches)?;
            values.mask_secrets(A::Inputs::SPECS);
            let inputs = A::Inputs::read(&values)?;
            let dry_run = A::dry_run(&inputs);
            let plan = ctx.cancel.run(A::plan(inputs, ctx)).await??;
            for line in plan.to_string().lines() {
                tracing::info!("{line}");
            }
            if dry_run {
                tracing::info!("dry run: nothing was done");
                return Ok(());
            }
            let mut report = Report::new(A::SPEC);
            let done = A::execute(plan, ctx, &mut report).await;
            let written = report.write(ctx);
            done.and(written)
        }
    }
}

/// After a signal an action has [`GRACE`] to tidy up; then it is dropped where it stands.
async fn within_grace(cancel: &Cancel, action: impl Future<Output = Result<()>>) -> Result<()> {
    let out_of_time = async {
        cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = action => ended,
        () = out_of_time => Err(Error::cancelled()),
    }
}
