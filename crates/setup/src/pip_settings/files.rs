//! What is set for pip: its configuration files, and its variables over them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::env;
use actions_core::process::Command;
use actions_core::{Cause, Env, Error, Result};
use python_env::Interpreter;
use python_env::variables;

const SCRIPT: &str = include_str!("files.py");
const DEADLINE: Duration = Duration::from_secs(30);

/// All that is set, by the names of pip's options, as `pip config list` has it.
///
/// # Errors
/// When a configuration file cannot be read; on cancellation.
pub(super) async fn read(python: &Interpreter, ctx: &Context) -> Result<BTreeMap<String, String>> {
    let files: Vec<_> = files(python, &ctx.env).into_iter().filter(|file| file.is_file()).collect();
    let mut settings = BTreeMap::new();
    if !files.is_empty() {
        let in_files = of_files(python, &files, ctx).await?;
        for section in ["global.", "install."] {
            let of_section = in_files.iter().filter_map(|(name, value)| Some((name.strip_prefix(section)?, value)));
            let given = of_section.filter(|(_, value)| !value.trim().is_empty());
            settings.extend(given.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        }
    }
    for (name, value) in ctx.env.iter() {
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix("PIP_")) else { continue };
        let name = name.to_lowercase().replace('_', "-");
        // An empty variable does not hide what a file says.
        if let Some(value) = value.to_str().map(str::trim).filter(|value| !value.is_empty() && name != "config-file") {
            settings.insert(name, value.to_owned());
        }
    }
    Ok(settings)
}

async fn of_files(python: &Interpreter, files: &[PathBuf], ctx: &Context) -> Result<BTreeMap<String, String>> {
    let reading = Command::new(&python.executable).inherit(&ctx.env).args(["-I", "-c", SCRIPT]).args(files);
    let failed = |error: Error| {
        Error::new(Cause::Input, "failed to read what is set for pip on this machine").caused_by(error).hint(
            "Correct the file; `pip config debug` lists where pip looks. PIP_CONFIG_FILE=/dev/null passes over all of them.",
        )
    };
    let answer = match reading.deadline(DEADLINE).output(&ctx.cancel).await {
        Ok(answer) => answer,
        Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
        Err(error) => return Err(failed(error)),
    };
    serde_json::from_str(&answer)
        .map_err(|error| failed(Error::failure("it is not what was asked for").caused_by(error)))
}

/// The files that pip reads, the later over the earlier: the system's, the user's, the environment's. That of `PIP_CONFIG_FILE` comes
/// last and in place of the user's; none at all are read where it is the null device.
fn files(python: &Interpreter, env: &Env) -> Vec<PathBuf> {
    let own = env.path(variables::PIP_CONFIG_FILE);
    if own.as_deref().is_some_and(|file| file == Path::new(if cfg!(windows) { "nul" } else { "/dev/null" })) {
        return Vec::new();
    }
    let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let own = own.filter(|file| file.is_file());
    let home = env.path(env::HOME).or_else(|| env.path(env::USERPROFILE)).filter(|_| own.is_none());
    let of_data = |variable: &str| env.path(variable).filter(|_| own.is_none());
    let in_home = |folder: &str| home.as_ref().map(|home| home.join(folder).join(name));
    let mut found: Vec<Option<PathBuf>> = Vec::new();
    if cfg!(windows) {
        found.push(env.path(env::PROGRAMDATA).map(|data| data.join("pip").join(name)));
        found.extend([in_home("pip"), of_data(env::APPDATA).map(|data| data.join("pip").join(name))]);
    } else if cfg!(target_os = "macos") {
        found.push(Some(Path::new("/Library/Application Support/pip").join(name)));
        let of_user = in_home("Library/Application Support/pip").filter(|file| file.parent().is_some_and(Path::is_dir));
        found.extend([in_home(".pip"), of_user.or_else(|| in_home(".config/pip"))]);
    } else {
        let folders = env.get(env::XDG_CONFIG_DIRS).unwrap_or("/etc/xdg").to_owned();
        found.extend(std::env::split_paths(&folders).map(|folder| Some(folder.join("pip").join(name))));
        found.push(Some(Path::new("/etc").join(name)));
        let of_user = of_data(env::XDG_CONFIG_HOME).map(|folder| folder.join("pip").join(name));
        found.extend([in_home(".pip"), of_user.or_else(|| in_home(".config/pip"))]);
    }
    found.extend([Some(python.prefix.join(name)), own]);
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_is_what_pip_itself_lists() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            std::fs::write(path(name), text).unwrap();
        };
        let made = std::process::Command::new("python3").args(["-m", "venv"]).arg(path("venv")).status().unwrap();
        assert!(made.success(), "python3 with venv and ensurepip makes an environment");
        write("xdg/pip/pip.conf", "[global]\ntimeout = 1\nretries = 1\ncert = /xdg\n[download]\ndest = /d\n");
        write("home/.pip/pip.conf", "[global]\nretries = 2\nProxy = http://old\n");
        write(
            "home/.config/pip/pip.conf",
            "[global]\nretries = 3\nfind_links =\n  /a\n  /b\n[install]\npre = yes\ncert =\n",
        );
        write("venv/pip.conf", "[global]\npre = no\nno-index: 1\n");
        write("own.conf", "[install]\nno-index = 0\n");
        for (own, more) in [
            (path("own.conf").display().to_string(), &[("PIP_TIMEOUT", "9"), ("PIP_EMPTY", "")][..]),
            ("/dev/null".to_owned(), &[("PIP_PRE", "1")]),
            (String::new(), &[]),
        ] {
            let mut env: Env = [("HOME", path("home")), ("XDG_CONFIG_DIRS", path("xdg"))].into_iter().collect();
            env.set("PATH", "/usr/bin:/bin");
            if !own.is_empty() {
                env.set("PIP_CONFIG_FILE", own);
            }
            more.iter().for_each(|(name, value)| env.set(*name, *value));
            let ctx = Context::new(env.clone(), actions_core::action::Cancel::default());
            let python = Interpreter::query(&path("venv/bin/python"), &ctx).await.unwrap();
            let listed = std::process::Command::new(path("venv/bin/python"))
                .args(["-m", "pip", "config", "list"])
                .env_clear()
                .envs(env.iter())
                .output()
                .unwrap();
            assert_eq!(read(&python, &ctx).await.unwrap(), of_list(&String::from_utf8_lossy(&listed.stdout)));
        }
    }

    /// `section.name='value'`, of the sections that `pip install` obeys, in their order.
    fn of_list(printed: &str) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        for section in ["global.", "install.", ":env:."] {
            for line in printed.lines() {
                let Some((name, value)) = line.strip_prefix(section).and_then(|rest| rest.split_once('=')) else {
                    continue;
                };
                let value = value.trim_matches('\'').replace("\\n", "\n").trim().to_owned();
                if !value.is_empty() && name != "config-file" {
                    settings.insert(name.to_owned(), value);
                }
            }
        }
        settings
    }
}
