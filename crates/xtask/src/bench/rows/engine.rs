//! Everything that happens before the engine is first asked: a program in its place tells when it was started.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Row;
use crate::bench::figure::{Figure, Outcome, median};
use crate::bench::images::Project;
use crate::bench::lab::Lab;
use crate::command::line;

pub(super) const ROW: Row = Row {
    name: "image-start",
    work: "containerize a small Bento: everything before the engine is asked",
    aim: "≤ 0.05 s",
    measure,
};

fn measure(lab: &Lab) -> Result<Outcome> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let folder = lab.fresh_folder("stand-in")?;
    let docker = folder.join("docker");
    let text = format!("#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/{}\nexit 1\n", listener.local_addr()?.port());
    fs::write(&docker, text)?;
    #[cfg(unix)]
    fs::set_permissions(&docker, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let before = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&before)))?;

    let project = Project::new(lab, "project", None)?;
    let bento = project.build(lab, "v1")?;
    let (mut today, mut here) = (Vec::new(), Vec::new());
    for turn in 0..=lab.scale.short_runs() {
        let mut bentoml = lab.bentoml(&project.home);
        bentoml.args(["containerize", &bento, "--backend", "buildx"]);
        let mut action = lab.dist("bento-actions");
        action.args(["containerize-push", "--bento-tag", &bento]).env("BENTOML_HOME", &project.home);
        let times = [bentoml, action].map(|mut command| asked(command.env("PATH", &path), &listener));
        if turn > 0 {
            let [theirs, ours] = times;
            today.push(theirs?);
            here.push(ours?);
        }
    }
    let figure = |times| Figure { time: median(times), ..Figure::default() };
    Ok(Outcome { today: figure(today), here: figure(here) })
}

/// The time until the stand-in is started. How the command ends does not matter: its engine fails.
fn asked(command: &mut Command, listener: &TcpListener) -> Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", line(command)))?;
    let mut first = None;
    loop {
        let ended = child.try_wait()?.is_some();
        match listener.accept() {
            Ok(_) => drop(first.get_or_insert_with(|| start.elapsed())),
            Err(error) if error.kind() == ErrorKind::WouldBlock && !ended => {
                std::thread::sleep(Duration::from_micros(200));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error).context("the stand-in's listener"),
        }
    }
    match first {
        Some(first) => Ok(first),
        None => bail!("`{}` asked no engine", line(command)),
    }
}
