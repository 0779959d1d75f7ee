//! The one place where a program is started.

use std::process::Stdio;

use tokio::process::{Child, Command as Tokio};

use super::{Command, environment};
use crate::{Context as _, Env, Result};

impl Command {
    /// Starts the program, as the leader of a process group of its own.
    ///
    /// On Linux it is killed when this process ends before it, however that ends.
    pub(super) fn spawn(&self) -> Result<Child> {
        #[expect(clippy::disallowed_methods, reason = "every other place starts its programs through this one")]
        let mut command = Tokio::new(&self.program);
        let input = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        command.args(&self.arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let own;
        let inherited = match &self.inherited {
            Some(env) => env,
            None => {
                own = Env::of_process();
                &own
            }
        };
        command.env_clear().envs(environment::for_children(inherited));
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        #[cfg(unix)]
        command.process_group(0);
        start(command).context(|| format!("failed to start {}", self.program().display()))
    }
}

#[cfg(not(target_os = "linux"))]
fn start(mut command: Tokio) -> std::io::Result<Child> {
    command.spawn()
}

#[cfg(target_os = "linux")]
use mortal::start;

/// Children that do not outlive this process.
///
/// Linux sends the signal when the *thread* that forked ends, and the runtime's threads come and go. So one thread, which
/// lives as long as the process, forks all children.
#[cfg(target_os = "linux")]
mod mortal {
    use std::io;
    use std::sync::{LazyLock, mpsc};

    use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};
    use tokio::process::{Child, Command};
    use tokio::runtime::Handle;

    struct Order {
        command: Command,
        /// The runtime that watches the child's pipes and its end.
        runtime: Handle,
        done: mpsc::SyncSender<io::Result<Child>>,
    }

    static FORKS: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, received) = mpsc::channel::<Order>();
        // Where there is no room for a thread, its end of the channel is dropped, and `start` reports it.
        let _ = std::thread::Builder::new().name("forks".into()).spawn(move || {
            for Order { mut command, runtime, done } in received {
                let _context = runtime.enter();
                let _ = done.send(command.spawn());
            }
        });
        orders
    });

    pub(super) fn start(mut command: Command) -> io::Result<Child> {
        let parent = getpid();
        // SAFETY: between fork and exec only calls that are safe in a signal handler are allowed. These are two system
        // calls, made without the C library; nothing is allocated and no lock is taken.
        #[expect(unsafe_code, reason = "there is no other way to a parent-death signal without a program in between")]
        unsafe {
            command.pre_exec(move || die_with(parent));
        }
        let (done, started) = mpsc::sync_channel(1);
        let gone = || io::Error::other("the thread that starts programs could not be started");
        FORKS.send(Order { command, runtime: Handle::current(), done }).map_err(|_| gone())?;
        started.recv().map_err(|_| gone())?
    }

    fn die_with(parent: Pid) -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have ended before the signal was asked for.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()))
        }
    }
}
