//! `runner-sim run ACTION_DIR`: one action in a job of its own, its log as GitHub would show it, then what it left.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use runner_sim::{Conclusion, Job, Step, StepResult};

fn command() -> Command {
    let pairs = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append).value_parser(pair);
    let run = Command::new("run")
        .about("Runs an action: main, then post. Ctrl-C cancels it as the button on the run's page does")
        .arg(Arg::new("action").value_name("ACTION_DIR").required(true).value_parser(value_parser!(PathBuf)))
        .arg(pairs("with").value_name("NAME=VALUE").help("An input; repeatable"))
        .arg(pairs("env").value_name("NAME=VALUE").help("A variable of the job; repeatable"))
        .arg(
            Arg::new("secret")
                .long("secret")
                .value_name("VARIABLE")
                .action(ArgAction::Append)
                .help("A variable of this process that is handed on and whose value is masked; repeatable"),
        )
        .arg(pairs("event").value_name("NAME=FILE").action(ArgAction::Set).help("The event and its JSON payload"))
        .arg(
            Arg::new("workspace")
                .long("workspace")
                .value_name("DIR")
                .default_value(".")
                .value_parser(value_parser!(PathBuf))
                .help("GITHUB_WORKSPACE"),
        )
        .arg(Arg::new("debug").long("debug").action(ArgAction::SetTrue).help("RUNNER_DEBUG=1"))
        .arg(
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the typed results instead of the log"),
        );
    Command::new("runner-sim")
        .about("Runs an action as GitHub's runner does")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommand(run)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = command().get_matches();
    let Some(matches) = matches.subcommand_matches("run") else { return ExitCode::FAILURE };
    let results = match run(matches).await {
        Ok(results) => results,
        Err(message) => {
            let _closed = writeln!(std::io::stderr(), "runner-sim: {message}");
            return ExitCode::from(2);
        }
    };
    let mut out = std::io::stdout().lock();
    // A reader that closed the pipe early has seen enough.
    let _closed =
        if matches.get_flag("json") { print_json(&mut out, &results) } else { print_text(&mut out, &results) };
    let good = results.iter().all(|result| matches!(result.conclusion, Conclusion::Success | Conclusion::Skipped));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(matches: &ArgMatches) -> Result<Vec<StepResult>, String> {
    let pairs = |name| matches.get_many::<(String, String)>(name).into_iter().flatten().cloned();
    let path = |name| matches.get_one::<PathBuf>(name).cloned().unwrap_or_default();
    let mut job = Job::new(path("workspace")).map_err(|error| error.to_string())?;
    for (name, value) in pairs("env") {
        job = job.env(name, value);
    }
    for name in matches.get_many::<String>("secret").into_iter().flatten() {
        let value = std::env::var(name).map_err(|error| format!("--secret {name}: {error}"))?;
        job = job.secret(&value).env(name, value);
    }
    if let Some((name, file)) = pairs("event").next() {
        let text =
            std::fs::read_to_string(&file).map_err(|error| format!("cannot read the payload {file}: {error}"))?;
        let payload =
            serde_json::from_str(&text).map_err(|error| format!("the payload {file} is not valid JSON: {error}"))?;
        job = job.event(name, payload);
    }
    if matches.get_flag("debug") {
        job = job.debug();
    }
    if !matches.get_flag("json") {
        job = job.on_log(|line| {
            let _closed = writeln!(std::io::stdout(), "{line}");
        });
    }
    let cancel = job.canceller();
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let mut step = Step::action(path("action"));
    for (name, value) in pairs("with") {
        step = step.with(name, value);
    }
    let mut results = vec![job.step(step).await.map_err(|error| error.to_string())?];
    results.extend(job.finish().await.map_err(|error| error.to_string())?);
    interrupt.abort();
    Ok(results)
}

fn print_json(out: &mut impl Write, results: &[StepResult]) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, results)?;
    writeln!(out)
}

fn print_text(out: &mut impl Write, results: &[StepResult]) -> std::io::Result<()> {
    for result in results {
        let code = result.exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
        let conclusion = format!("{:?}", result.conclusion).to_lowercase();
        writeln!(out, "\n{}: {conclusion}{code}, {:.1} s", result.name, result.duration.as_secs_f64())?;
        for (name, value) in &result.outputs {
            writeln!(out, "  output {name}={value}")?;
        }
        for (name, value) in &result.env {
            writeln!(out, "  env {name}={value}")?;
        }
        for folder in &result.path {
            writeln!(out, "  path {}", folder.display())?;
        }
        if let Some(summary) = &result.summary {
            writeln!(out, "  summary:\n{summary}")?;
        }
    }
    Ok(())
}
