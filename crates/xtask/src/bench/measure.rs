//! One measured process, and two of them side by side.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use super::figure::{Figure, Outcome, median};
use super::lab::Lab;
use super::temp::{TempWatch, size_of};
use crate::command::line;

/// A process to measure. What prepares it is done while it is made, so it is not measured.
pub(super) struct Run {
    /// Measured from start to exit; it must succeed.
    pub(super) command: Command,
    /// Folders for temporary files besides `TMPDIR`, which is set to a fresh one.
    pub(super) temp: Vec<PathBuf>,
    /// A folder whose growth is told.
    pub(super) grows: Option<PathBuf>,
}

impl From<Command> for Run {
    fn from(command: Command) -> Self {
        Self { command, temp: Vec::new(), grows: None }
    }
}

/// What makes the n-th run of one side.
pub(super) type Make<'a> = &'a dyn Fn(usize) -> Result<Run>;

/// Measures both sides in turns, so that what else the machine does meets both. One unmeasured turn warms the caches.
///
/// # Errors
///
/// When a process cannot be started or fails, with what it printed.
pub(super) fn compare(lab: &Lab, runs: usize, today: Make<'_>, here: Option<Make<'_>>) -> Result<Outcome> {
    let mut sides = vec![(today, Series::default())];
    sides.extend(here.map(|here| (here, Series::default())));
    for turn in 0..=runs {
        for (make, series) in &mut sides {
            let sample = measure(lab, make(turn)?)?;
            if turn > 0 {
                series.add(sample);
            }
        }
    }
    let mut figures = sides.into_iter().map(|(_, series)| series.figure());
    Ok(Outcome { today: figures.next().unwrap_or_default(), here: figures.next().unwrap_or_default() })
}

struct Sample {
    time: Duration,
    memory: u64,
    temp: u64,
    new: Option<u64>,
}

#[derive(Default)]
struct Series {
    times: Vec<Duration>,
    memory: u64,
    temp: u64,
    new: Option<u64>,
}

impl Series {
    fn add(&mut self, sample: Sample) {
        self.times.push(sample.time);
        self.memory = self.memory.max(sample.memory);
        self.temp = self.temp.max(sample.temp);
        self.new = self.new.max(sample.new);
    }

    fn figure(self) -> Figure {
        Figure { time: median(self.times), memory: Some(self.memory), temp: Some(self.temp), new: self.new, size: None }
    }
}

fn measure(lab: &Lab, mut run: Run) -> Result<Sample> {
    let tmpdir = lab.fresh_folder("tmp")?;
    let log = lab.scratch().join("output.log");
    let output = File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
    run.command.env("TMPDIR", &tmpdir).stdout(output.try_clone()?).stderr(output);
    run.temp.push(tmpdir);

    let before = run.grows.as_deref().map(size_of);
    let start = Instant::now();
    let child = run.command.spawn().with_context(|| format!("could not start `{}`", line(&run.command)))?;
    let watch = TempWatch::start(child.id(), run.temp);
    let used = child.wait4().with_context(|| format!("could not wait for `{}`", line(&run.command)))?;
    let time = start.elapsed();
    let temp = watch.stop();
    if !used.status.success() {
        let printed = std::fs::read(&log).unwrap_or_default();
        bail!("`{}` ended with {}\n{}", line(&run.command), used.status, String::from_utf8_lossy(&printed).trim_end());
    }
    let after = run.grows.as_deref().map(size_of);
    let new = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Sample { time, memory: used.rusage.maxrss, temp, new })
}

/// Time until the process prints its first byte on standard output. How it ends does not matter.
///
/// # Errors
///
/// When it cannot be started or prints nothing.
pub(super) fn first_output(mut command: Command) -> Result<Duration> {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", line(&command)))?;
    let mut stdout = child.stdout.take().context("standard output is not a pipe")?;
    let mut byte = [0];
    let first = stdout.read_exact(&mut byte).map(|()| start.elapsed());
    std::io::copy(&mut stdout, &mut std::io::sink())?;
    let status = child.wait()?;
    match first {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            bail!("`{}` printed nothing and ended with {status}", line(&command))
        }
        first => first.with_context(|| format!("could not read from `{}`", line(&command))),
    }
}
