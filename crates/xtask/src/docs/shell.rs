//! The shell blocks of the documents: what a reader may paste is run.
//!
//! | block | what is done with it |
//! |---|---|
//! | `sh` | run as it stands, in the folder of an example's page, else in the root |
//! | `sh`, the last command serves (`… serve …`) | run until it names its address, then stopped |
//! | `sh` with an ellipsis (`KEY=…`) | not run: the reader has to fill it in |
//! | `console` | not run: it needs an account, a repository or a server of the reader's |
//!
//! In all of them `cargo xtask NAME` must name a subcommand. None of those is run from here: the tests run them, and one
//! of them is what is running.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::markdown::{self, Block};
use crate::{command, layout, tools};

/// Longer than any block takes that compiles the binaries first.
const DEADLINE: Duration = Duration::from_secs(600);
/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is done with a block.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Run this to its end.
    Run(String),
    /// Run this until it names an address.
    Serve(String),
    /// Nothing.
    Leave,
}

/// Runs what can be run, and returns what is wrong, one text each.
///
/// # Errors
///
/// When a page cannot be read.
pub(super) fn problems(root: &Path, subcommands: &[String]) -> Result<Vec<String>> {
    let (mut problems, mut done) = (Vec::new(), Vec::new());
    for file in markdown::files(root, &["md"])? {
        let page = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        for block in markdown::blocks(&page).iter().filter(|block| ["sh", "console"].contains(&block.language.as_str()))
        {
            let place = format!("{name}:{}", block.line);
            let unknown = unknown_subcommands(&block.text, subcommands);
            problems.extend(unknown.iter().map(|name| format!("{place}: there is no `cargo xtask {name}`")));
            let work = (folder(root, &file), plan(block));
            if names_port(&work.1) {
                problems.push(format!("{place}: the server takes a port that may be in use: leave out `--port`"));
                continue;
            }
            if work.1 == Plan::Leave || done.contains(&work) {
                continue;
            }
            let start = Instant::now();
            if let Err(error) = execute(&work.0, &work.1) {
                problems.push(format!("{place}: {error:#}"));
            }
            println!("{place}: {:.1} s", start.elapsed().as_secs_f64());
            done.push(work);
        }
    }
    Ok(problems)
}

/// Where the reader of a page is.
fn folder(root: &Path, page: &Path) -> PathBuf {
    match page.parent() {
        Some(folder) if folder.parent() == Some(&root.join("examples")) => folder.to_owned(),
        _ => root.to_owned(),
    }
}

fn plan(block: &Block) -> Plan {
    if block.language != "sh" || block.text.contains('…') {
        return Plan::Leave;
    }
    let own = |line: &&str| !line.trim_start().starts_with("cargo xtask ");
    let commands: Vec<&str> = block.text.lines().filter(own).filter(|line| !line.trim().is_empty()).collect();
    let Some(last) = commands.last() else { return Plan::Leave };
    let script = commands.join("\n");
    if last.split_whitespace().any(|word| word == "serve") { Plan::Serve(script) } else { Plan::Run(script) }
}

/// What `cargo xtask NAME` names, and does not exist.
fn unknown_subcommands<'a>(text: &'a str, known: &[String]) -> Vec<&'a str> {
    let named = text.split("cargo xtask ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    named.filter(|name| known.iter().all(|known| known != name)).collect()
}

/// Whether a server is started on a port of the block's own choice, which may be another process's on this machine.
fn names_port(plan: &Plan) -> bool {
    matches!(plan, Plan::Serve(script) if script.contains("--port") && !script.contains("--port 0"))
}

fn execute(folder: &Path, plan: &Plan) -> Result<()> {
    let (script, serves) = match plan {
        Plan::Run(script) => (script, false),
        Plan::Serve(script) => (script, true),
        Plan::Leave => return Ok(()),
    };
    let mut child = Group::start(folder, script)?;
    let (mut said, start) = (String::new(), Instant::now());
    loop {
        match child.lines.recv_timeout(DEADLINE.saturating_sub(start.elapsed())) {
            Ok(line) => {
                said.push_str(&line);
                said.push('\n');
                if serves && line.contains("http://") {
                    return child.stop();
                }
            }
            Err(RecvTimeoutError::Timeout) => bail!("not done after {} s\n{said}", DEADLINE.as_secs()),
            // Both of its outputs are closed.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.child.wait().context("could not wait for bash")?;
    if !status.success() || serves {
        bail!("ended with {status}\n{}", said.trim_end());
    }
    Ok(())
}

/// bash and all that it starts; killed when this is dropped.
struct Group {
    child: Child,
    lines: Receiver<String>,
}

impl Group {
    fn start(folder: &Path, script: &str) -> Result<Self> {
        let scripts = tools::venv().join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(scripts).chain(std::env::split_paths(&path)))
            .context("PATH cannot be extended")?;
        let mut bash = command::clean("bash");
        bash.args(["-euo", "pipefail", "-c", script]).current_dir(folder).env("PATH", path);
        // Each block starts with an empty store, among what else is built here.
        let store = layout::target().join("docs-bentoml");
        match std::fs::remove_dir_all(&store) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("could not empty {}", store.display()));
            }
            _ => {}
        }
        bash.env("BENTOML_HOME", store).env("BENTOML_DO_NOT_TRACK", "True");
        // Neither the reader's local-cloud nor another server on a default port is in the way, and nobody else is let in.
        bash.env("LOCAL_CLOUD_PORT", "0").env("LOCAL_CLOUD_DATA", layout::target().join("docs-local-cloud"));
        bash.env("BENTOML_HOST", "127.0.0.1").env("BENTOML_PORT", free_port()?.to_string());
        own_group(&mut bash);
        let mut child = bash.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("could not start bash")?;
        let (sender, lines) = channel();
        let outputs: [Option<Box<dyn Read + Send>>; 2] =
            [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
        for output in outputs.into_iter().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(std::io::Result::ok) {
                    // Nobody listens any more once the block has failed.
                    let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
            });
        }
        Ok(Self { child, lines })
    }

    /// By SIGTERM: who starts us in the background lets all below ignore SIGINT. Once a second: a server that has just
    /// printed its address may not handle signals yet, and loses the first one.
    fn stop(mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.signal(false);
            for _ in 0..20 {
                if self.child.try_wait().context("could not wait for bash")?.is_some() {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        bail!("did not end within {} s of SIGTERM", PATIENCE.as_secs())
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if kill { Signal::KILL } else { Signal::TERM };
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process_group(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, _kill: bool) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(true);
        // Reaped, or never started.
        let _ = self.child.wait();
    }
}

/// A port of this machine that nobody listens on. It is free until another process takes it.
fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("could not find a free port")?;
    Ok(listener.local_addr().context("could not read the number of a free port")?.port())
}

#[cfg(unix)]
fn own_group(bash: &mut Command) {
    std::os::unix::process::CommandExt::process_group(bash, 0);
}

#[cfg(not(unix))]
fn own_group(_bash: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: &str, text: &str) -> Plan {
        plan(&Block { language: language.into(), line: 1, text: text.into() })
    }

    #[test]
    fn what_a_reader_can_paste_is_run_and_the_rest_is_left() {
        assert_eq!(of("sh", "cargo build\n\nls"), Plan::Run("cargo build\nls".into()));
        assert_eq!(of("sh", "cargo xtask tools   # fetches\nls"), Plan::Run("ls".into()));
        assert_eq!(of("sh", "ls\nlocal-cloud serve --port 0"), Plan::Serve("ls\nlocal-cloud serve --port 0".into()));
        assert_eq!(of("sh", "cargo xtask test"), Plan::Leave);
        assert_eq!(of("sh", "export KEY=…\nls"), Plan::Leave);
        assert_eq!(of("console", "$ ls"), Plan::Leave);
    }

    #[test]
    fn a_server_names_no_port_of_its_own() {
        assert!(names_port(&of("sh", "bentoml serve service:Service --port 3978")));
        assert!(!names_port(&of("sh", "bentoml serve service:Service")));
        assert!(!names_port(&of("sh", "local-cloud serve --port 0")));
        assert!(!names_port(&of("sh", "ls --port 3978")));
    }

    /// The ports are held for the time of the test, or another process has them already: both are what is asked.
    #[cfg(unix)]
    #[test]
    fn servers_of_the_documents_start_where_their_default_ports_are_taken() {
        let _held = [3000, local_cloud::DEFAULT_PORT].map(|port| std::net::TcpListener::bind(("127.0.0.1", port)));
        let here = layout::root();
        let local_cloud = format!("'{}' serve", layout::debug_binaries().join("local-cloud").display());
        execute(&here, &Plan::Serve(local_cloud)).expect("local-cloud takes a free port");
        let bentoml =
            "test \"$BENTOML_HOST\" = 127.0.0.1 && test \"$BENTOML_PORT\" -ne 3000 && test \"$BENTOML_PORT\" -gt 0";
        execute(&here, &Plan::Run(bentoml.into())).expect("bentoml serve is given a free port");
    }

    #[test]
    fn a_subcommand_that_does_not_exist_is_named() {
        let text = "$ cargo xtask test -- -p core\ncargo xtask tests # x";
        assert_eq!(unknown_subcommands(text, &["test".into()]), ["tests"]);
    }

    #[test]
    fn a_block_that_fails_says_what_it_printed() {
        let here = layout::root();
        execute(&here, &Plan::Run("test -f Cargo.toml".into())).expect("it is there");
        let error = execute(&here, &Plan::Run("echo seen\nfalse\necho never".into())).expect_err("false fails");
        let text = error.to_string();
        assert!(text.contains("seen") && !text.contains("never"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_server_is_stopped_once_it_answers_and_one_that_ends_is_a_failure() {
        let here = layout::root();
        let start = Instant::now();
        execute(&here, &Plan::Serve("echo at http://127.0.0.1:1\nsleep 60".into())).expect("it is stopped");
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        execute(&here, &Plan::Serve("echo no address".into())).expect_err("it does not serve");
    }
}
