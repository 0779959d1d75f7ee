//! BentoML in a job: from the index, from the cache, or there already.
//!
//! Beside it stand the commands of the original action with pip, and plain uv as one would write it by hand. Every cold
//! run has a cache of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::Row;
use crate::bench::figure::{Figure, Outcome};
use crate::bench::lab::Lab;
use crate::bench::measure::{Run, compare};
use crate::bench::model;
use crate::{command, layout, tools};

const BENTOML: &str = "1.4.39";
/// What `bentoml-version` is where the newest one is asked for.
const NEWEST: &str = "";
const MIB: u64 = 1024 * 1024;

pub(super) const PIP: Row = Row {
    name: "setup-pip",
    work: "`setup` with cold caches (the original's commands: pip, hatch, towncrier)",
    aim: "–",
    measure: |lab| {
        let place = Place::new(lab)?;
        let pip = |_| {
            let venv = lab.new_folder("venv")?;
            command::capture(place.python().args(["-m", "venv"]).arg(&venv))?;
            let mut pip = place.command(venv.join("bin/pip"));
            pip.args(["install", "--quiet", "--no-cache-dir", &format!("bentoml=={BENTOML}"), "hatch", "towncrier"]);
            Ok(pip.into())
        };
        compare(lab, lab.scale.long_runs(), &pip, Some(&|_| place.cold(true)))
    },
};

pub(super) const COLD: Row = Row {
    name: "setup",
    work: "`setup` with cold caches (`uv venv` and `uv pip install --compile-bytecode`)",
    aim: "≤ 1.1 times as long",
    measure: |lab| {
        let place = Place::new(lab)?;
        compare(lab, lab.scale.long_runs(), &|_| place.by_hand(true), Some(&|_| place.cold(true)))
    },
};

pub(super) const UNCOMPILED: Row = Row {
    name: "setup-uncompiled",
    work: "`setup` with cold caches and `compile-bytecode: false` (`uv venv` and `uv pip install`)",
    aim: "≤ 1.1 times as long",
    measure: |lab| {
        let place = Place::new(lab)?;
        compare(lab, lab.scale.long_runs(), &|_| place.by_hand(false), Some(&|_| place.cold(false)))
    },
};

pub(super) const HIT: Row = Row {
    name: "setup-cache",
    work: "`setup` from the cache to the answer of `bentoml --version` (uv by hand with all wheels in its cache)",
    aim: "≤ 2.0 s",
    measure: |lab| hit(lab, BENTOML),
};

pub(super) const HIT_NEWEST: Row = Row {
    name: "setup-cache-newest",
    work: "the same where the newest BentoML is asked for, which only the package index knows",
    aim: "≤ 2.0 s",
    measure: |lab| hit(lab, NEWEST),
};

fn hit(lab: &Lab, version: &str) -> Result<Outcome> {
    let place = Place { version: version.to_owned(), ..Place::new(lab)? };
    let service = Service::start()?;
    place.save(&service, 0)?;
    let warm = lab.new_folder("warm")?;
    let today = |_| {
        let mut hand = place.by_hand(true)?.command;
        hand.env("UV_CACHE_DIR", &warm).env("THEN", "bin/bentoml");
        Ok(hand.into())
    };
    compare(lab, lab.scale.long_runs(), &today, Some(&|_| place.restore(&service, "bin/bentoml")))
}

pub(super) const THERE: Row = Row {
    name: "setup-there",
    work: "`setup` where everything is there already (`pip install`)",
    aim: "≤ 0.05 s",
    measure: |lab| {
        let place = Place::new(lab)?;
        let path = format!("{}:/usr/bin:/bin", tools::venv().join("bin").display());
        let pip = |_| {
            let mut pip = place.command(tools::venv().join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", &format!("bentoml=={BENTOML}")]);
            Ok(pip.into())
        };
        let here = |_| {
            let mut setup = place.setup()?;
            setup.env("PATH", &path);
            Ok(setup.into())
        };
        compare(lab, lab.scale.short_runs(), &pip, Some(&here))
    },
};

pub(super) const SAVE: Row = Row {
    name: "cache-save",
    work: "saving 250 MB that do not compress in the cache",
    aim: "≤ 48 MiB",
    measure: |lab| {
        let place = Place::new(lab)?;
        let service = Service::start()?;
        let noise = lab.scratch().join("noise");
        model::write_weights(&noise, 250 * MIB)?;
        alone(lab, &|turn| {
            let temp = lab.fresh_folder("snapshot")?;
            let name = format!(".bentoml-cache-{turn:032x}");
            let metadata = temp.join(&name).join("lib/python3/site-packages/bentoml-1.dist-info");
            std::fs::create_dir_all(&metadata)?;
            std::fs::write(metadata.join("METADATA"), "Version: 1\n")?;
            std::fs::hard_link(&noise, temp.join(&name).join("noise"))?;
            let action = place.action();
            // The post step is not a failure when it has saved nothing. The shell passes on no variable with such a name.
            let mut post = place.command("sh");
            post.args(["-ec", "env \"$@\" --post | grep -q 'saved in the cache'", "sh"]);
            let key = format!("bentoml-{}-noise-{turn}-1", std::env::consts::OS);
            post.env("RUNNER_TEMP", &temp)
                .arg(format!("STATE_cache-snapshot={name}"))
                .arg(format!("STATE_cache-key={key}"));
            post.arg(action.get_program()).args(action.get_args());
            service.name_in(&mut post);
            Ok(post.into())
        })
    },
};

pub(super) const RESTORE: Row = Row {
    name: "cache-restore",
    work: "restoring an environment with 250 MB that do not compress from the cache",
    aim: "≤ 48 MiB",
    measure: |lab| {
        let place = Place::new(lab)?;
        let service = Service::start()?;
        place.save(&service, 250 * MIB)?;
        alone(lab, &|_| place.restore(&service, "bin/true"))
    },
};

/// Work that the other side has no part in.
fn alone(lab: &Lab, make: &dyn Fn(usize) -> Result<Run>) -> Result<Outcome> {
    let measured = compare(lab, lab.scale.long_runs(), make, None)?;
    Ok(Outcome { today: Figure::default(), here: measured.today })
}

/// A machine with uv and a Python that has nothing.
struct Place<'a> {
    lab: &'a Lab,
    bin: PathBuf,
    /// The input `bentoml-version`.
    version: String,
}

impl<'a> Place<'a> {
    fn new(lab: &'a Lab) -> Result<Self> {
        let bare = lab.new_folder("bare")?;
        let mut venv = command::clean(tools::venv().join("bin/python"));
        command::capture(venv.args(["-m", "venv", "--without-pip"]).arg(&bare))?;
        std::fs::copy(tools::venv().join("bin/uv"), bare.join("bin/uv"))?;
        Ok(Self { lab, bin: bare.join("bin"), version: BENTOML.to_owned() })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = command::clean(program);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.bin.display()));
        command
    }

    fn python(&self) -> Command {
        self.command(self.bin.join("python"))
    }

    fn action(&self) -> Command {
        let mut action = self.command(self.lab.dist("bento-actions").get_program());
        action.arg("setup").env("RUNNER_ENVIRONMENT", "github-hosted");
        action
    }

    /// The action with a folder for temporary files of its own; without `GITHUB_ACTIONS` its inputs are flags.
    fn setup(&self) -> Result<Command> {
        let mut setup = self.action();
        setup.args(["--bentoml-version", &self.version]).env("RUNNER_TEMP", self.lab.new_folder("runner-temp")?);
        Ok(setup)
    }

    fn cold(&self, compile: bool) -> Result<Run> {
        let mut setup = self.setup()?;
        setup.env("UV_CACHE_DIR", self.lab.new_folder("uv-cache")?);
        setup.arg(format!("--compile-bytecode={compile}"));
        Ok(setup.into())
    }

    /// `uv venv` and `uv pip install`, then a command of the environment if `THEN` names one.
    fn by_hand(&self, compile: bool) -> Result<Run> {
        const SCRIPT: &str = "uv venv --quiet --python python3 \"$VENV\"
            uv pip install --python \"$VENV/bin/python\" $COMPILE \"bentoml$VERSION\"
            if [ -n \"$THEN\" ]; then exec \"$VENV/$THEN\" --version; fi";
        let venv = self.lab.new_folder("by-hand")?.join("venv");
        let mut hand = self.command("sh");
        hand.args(["-ec", SCRIPT]).env("VENV", venv);
        hand.env("VERSION", if self.version == NEWEST { String::new() } else { format!("=={}", self.version) });
        hand.env("COMPILE", if compile { "--compile-bytecode" } else { "" });
        hand.env("UV_CACHE_DIR", self.lab.new_folder("uv-cache")?);
        Ok(hand.into())
    }

    /// Puts an environment into the cache, with so many bytes more that do not compress.
    fn save(&self, service: &Service, more: u64) -> Result<()> {
        let state = self.lab.scratch().join("state");
        let _ = std::fs::remove_file(&state);
        let temp = self.lab.new_folder("save-temp")?;
        let mut setup = self.setup()?;
        service.name_in(&mut setup);
        command::capture(setup.env("GITHUB_STATE", &state).env("RUNNER_TEMP", &temp))?;
        let text = std::fs::read_to_string(&state)?;
        let value = |name: &str| {
            let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{name}<<")));
            lines.nth(1).map(PathBuf::from).with_context(|| format!("the action left no {name}"))
        };
        let (snapshot, key) = (value("cache-snapshot")?, value("cache-key")?);
        if more > 0 {
            model::write_weights(&temp.join(&snapshot).join("noise"), more)?;
        }
        let mut post = self.action();
        service.name_in(&mut post);
        post.arg("--post").env("RUNNER_TEMP", temp).env("STATE_cache-snapshot", snapshot).env("STATE_cache-key", key);
        command::capture(&mut post).map(drop)
    }

    /// The action, then a command of its environment.
    fn restore(&self, service: &Service, then: &str) -> Result<Run> {
        const SCRIPT: &str = "\"$@\" | grep -q 'taken from the cache'
            case $THEN in */true) ;; *) exec \"$RUNNER_TEMP\"/bentoml-*/$THEN --version;; esac";
        let setup = self.setup()?;
        let mut both = self.command("sh");
        both.args(["-ec", SCRIPT, "sh"]).arg(setup.get_program()).args(setup.get_args()).env("THEN", then);
        both.envs(setup.get_envs().filter_map(|(name, value)| Some((name, value?))));
        service.name_in(&mut both);
        Ok(both.into())
    }
}

/// The cache service, optimised as the action is: both sides of it share the machine.
struct Service {
    child: Child,
    variables: Vec<(String, String)>,
}

impl Service {
    fn start() -> Result<Self> {
        let build = ["build", "--locked", "--release", "--package", "runner-sim", "--example", "cache-server"];
        command::run(command::cargo().args(build))?;
        let program = layout::release_binaries().join(format!("examples/cache-server{}", std::env::consts::EXE_SUFFIX));
        // It serves until its standard input ends.
        let mut child = command::clean(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("the cache service has no standard output")?).lines();
        let mut service = Self { child, variables: Vec::new() };
        for line in lines.take(2) {
            let line = line?;
            let (name, value) = line.split_once('=').context("the cache service names no variable")?;
            service.variables.push((name.to_owned(), value.to_owned()));
        }
        Ok(service)
    }

    fn name_in(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
