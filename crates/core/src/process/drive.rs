//! A child from its start to its end.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Command;
use super::group::Group;
use super::pipe::{Pipe, Reading, read};
use crate::action::Cancel;
use crate::{Context as _, Error, Result};

/// How long output is read after the child's end; a grandchild may go on printing.
const LINGER: Duration = Duration::from_millis(500);

impl Command {
    /// Runs the program to its end and hands over what it prints as it comes. An error of `take` ends the child.
    pub(super) async fn drive(
        &self,
        cancel: &Cancel,
        reading: Reading,
        mut take: impl FnMut(Pipe, Vec<u8>) -> Result<()>,
    ) -> Result<ExitStatus> {
        let mut group = Group::new(self.spawn()?);
        let (sender, mut received) = mpsc::channel(64);
        let enough = CancellationToken::new();
        let (input, out, err) = group.pipes();
        if let Some(pipe) = out {
            tokio::spawn(read(pipe, Pipe::Out, reading, enough.clone(), sender.clone()));
        }
        if let Some(pipe) = err {
            tokio::spawn(read(pipe, Pipe::Err, reading, enough.clone(), sender.clone()));
        }
        drop(sender);
        let writer = input.zip(self.input.clone()).map(|(mut pipe, input)| {
            // One that ends without reading has its reasons, and its exit status tells.
            tokio::spawn(async move { drop(pipe.write_all(&input).await) })
        });
        // No clock reaches a deadline that has no instant.
        let deadline = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        let mut ended: Option<(ExitStatus, Option<Instant>)> = None;
        let mut pipes_open = true;
        let status = loop {
            // A grandchild may hold the pipes open for ever: what counts is the child's own end, and a moment more.
            let until = ended.map_or(deadline, |(_, until)| until);
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    group.stop().await;
                    return Err(Error::cancelled());
                }
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => match ended {
                    Some((status, _)) => break status,
                    None => {
                        group.stop().await;
                        return Err(self.too_slow());
                    }
                },
                // Before the output: that of a grandchild may come without end, and hide the child's.
                status = group.wait(), if ended.is_none() => {
                    let status = status.context(|| format!("failed to wait for {}", self.program().display()))?;
                    ended = Some((status, Instant::now().checked_add(LINGER)));
                }
                received = received.recv(), if pipes_open => match received {
                    Some((pipe, bytes)) => if let Err(error) = take(pipe, bytes) {
                        group.stop().await;
                        return Err(error);
                    },
                    None => pipes_open = false,
                },
            }
            if let (Some((status, _)), false) = (ended, pipes_open) {
                break status;
            }
        };
        group.release();
        if let Some(writer) = writer {
            writer.abort();
        }
        // What was read by now belongs to the child, the beginning of a line as well.
        enough.cancel();
        while let Some((pipe, bytes)) = received.recv().await {
            take(pipe, bytes)?;
        }
        Ok(status)
    }
}
