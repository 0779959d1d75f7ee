//! `cargo xtask check`: every workflow, action.yml and example, by three checkers that others keep.
//!
//! | checker | looks for |
//! |---|---|
//! | action-validator | what the JSON schemas refuse, and path filters that match no file |
//! | actionlint | types of expressions, inputs and outputs of the actions that are named by `$/` |
//! | zizmor | what an attacker could use |
//!
//! Then [`source`] holds this project's own text against rules of its own.
//!
//! None of them may find anything. An exception stands with its reason in `.github/zizmor.yml` or `.github/actionlint.yaml`.

#[cfg(test)]
mod scripts;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Command};

use crate::{command, layout, tools};

const ZIZMOR_CONFIG: &str = ".github/zizmor.yml";

pub(crate) fn command() -> Command {
    Command::new("check").about("Check workflows, action.yml and examples with action-validator, actionlint and zizmor")
}

pub(crate) fn run(_: &ArgMatches) -> Result<()> {
    tools::ensure()?;
    check()
}

/// A repository, as its workflows see it: this one, or an example that somebody copies into one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repository {
    pub root: PathBuf,
    /// Relative to the root, sorted.
    pub workflows: Vec<PathBuf>,
    /// The `action.yml` files, likewise.
    pub actions: Vec<PathBuf>,
}

/// Runs the three checkers, each to its end.
///
/// # Errors
///
/// Names the checkers that found something; what they found is printed.
pub(crate) fn check() -> Result<()> {
    let mut failed = Vec::new();
    for repository in repositories(&layout::root())? {
        let files: Vec<&PathBuf> = repository.workflows.iter().chain(&repository.actions).collect();
        println!("{}: {} files", repository.root.display(), files.len());
        for (name, result) in of(&repository, &layout::root().join(ZIZMOR_CONFIG)) {
            if let Err(error) = result {
                println!("{error:#}");
                failed.push(name);
            }
        }
    }
    let problems = source::problems(&layout::root())?;
    problems.iter().for_each(|problem| println!("{problem}"));
    if !problems.is_empty() {
        failed.push("this project's rules for its text");
    }
    if !failed.is_empty() {
        bail!("refused by {}", failed.join(", "));
    }
    Ok(())
}

/// What each checker says of the files of one repository.
fn of(repository: &Repository, zizmor_config: &Path) -> [(&'static str, Result<()>); 3] {
    let start = |program: PathBuf| {
        let mut command = command::clean(program);
        command.current_dir(&repository.root);
        command
    };
    let mut validator = start(tools::action_validator());
    validator.args(&repository.workflows).args(&repository.actions);
    // Programs that may or may not be on PATH are left out, so that the result is the same everywhere.
    let mut actionlint = start(tools::actionlint());
    actionlint.args(["-no-color", "-shellcheck=", "-pyflakes="]).args(&repository.workflows);
    let mut zizmor = start(tools::zizmor());
    zizmor.args(["--quiet", "--offline", "--persona=pedantic", "--no-progress", "--config"]).arg(zizmor_config);
    zizmor.args(&repository.workflows).args(&repository.actions);
    [
        ("action-validator", command::capture(&mut validator).map(drop)),
        ("actionlint", command::capture(&mut actionlint).map(drop)),
        ("zizmor", command::capture(&mut zizmor).map(drop)),
    ]
}

/// This repository, and each example that has workflows.
///
/// # Errors
///
/// When a folder cannot be listed.
pub(crate) fn repositories(root: &Path) -> Result<Vec<Repository>> {
    let mut roots = vec![root.to_owned()];
    roots.extend(entries(&root.join("examples"))?);
    let mut repositories = Vec::new();
    for root in roots {
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        let relative = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
            paths.iter().filter_map(|path| path.strip_prefix(&root).ok()).map(Path::to_owned).collect()
        };
        let workflows = entries(&root.join(".github").join("workflows"))?.into_iter().filter(is_yaml).collect();
        let actions = entries(&root.join("actions"))?.into_iter().map(|folder| folder.join("action.yml"));
        let actions = actions.filter(|path| path.is_file()).collect();
        let (workflows, actions) = (relative(workflows), relative(actions));
        if !workflows.is_empty() {
            repositories.push(Repository { root, workflows, actions });
        }
    }
    Ok(repositories)
}

/// What a folder holds, sorted; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("could not list {}", folder.display());
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = std::fs::read_dir(folder).with_context(context)?;
    let mut paths = read.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().with_context(context)?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_and_its_examples_are_found() {
        let found = repositories(&layout::root()).expect("folders can be listed");
        assert!(found[0].workflows.contains(&".github/workflows/ci.yml".into()), "{found:?}");
        assert!(found[0].actions.contains(&"actions/setup/action.yml".into()), "{found:?}");
        assert!(found.iter().any(|repository| repository.root.ends_with("examples/cicd")), "{found:?}");
    }

    /// Else the release is made with another Rust than the one that is tested, or promised.
    #[test]
    fn workflows_install_the_rust_that_the_workspace_promises() {
        let promised = env!("CARGO_PKG_RUST_VERSION");
        for name in ["ci.yml", "release.yml"] {
            let path = layout::root().join(".github").join("workflows").join(name);
            let text = std::fs::read_to_string(path).expect("a workflow");
            let workflow: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
            let rust = workflow["env"]["RUST"].as_str().expect("a version");
            assert!(rust == promised || rust.strip_suffix(".0") == Some(promised), "{name}: {rust}, not {promised}");
            let installs = text.matches("rustup toolchain install").count();
            let by_name = text.matches("rustup toolchain install \"$RUST\"").count();
            assert!(installs > 0 && installs == by_name, "{name} installs another one");
        }
    }

    /// What somebody copies should be read at a glance.
    #[test]
    fn each_strategy_has_at_most_20_lines() {
        let found = repositories(&layout::root()).expect("folders can be listed");
        let strategies =
            found.iter().find(|repository| repository.root.ends_with("examples/cicd")).expect("they exist");
        for path in &strategies.workflows {
            let text = std::fs::read_to_string(strategies.root.join(path)).expect("a workflow");
            assert!(text.lines().count() <= 20, "{}", path.display());
        }
    }

    /// A checker that finds nothing, whatever it is given, would let everything pass.
    #[test]
    fn each_checker_refuses_what_it_is_there_for() {
        let refused = |text: &str| -> Vec<&str> {
            let folder = tempfile::tempdir().expect("temporary folder");
            let workflow = Path::new(".github").join("workflows").join("w.yml");
            std::fs::create_dir_all(folder.path().join(".github").join("workflows")).expect("folder");
            std::fs::write(folder.path().join(&workflow), text).expect("write");
            let root = folder.path().to_owned();
            let repository = Repository { root, workflows: vec![workflow], actions: Vec::new() };
            let results = of(&repository, &layout::root().join(ZIZMOR_CONFIG));
            results.into_iter().filter(|(_, result)| result.is_err()).map(|(name, _)| name).collect()
        };
        let workflow = |on: &str, step: &str| {
            format!(
                "name: W\non: {on}\npermissions: {{}}\nconcurrency: {{group: w, cancel-in-progress: true}}\n\
                 jobs: {{a: {{name: A, runs-on: ubuntu-latest, timeout-minutes: 5, steps: [{step}]}}}}\n"
            )
        };
        assert_eq!(refused(&workflow("push", "{run: 'true'}")), [""; 0], "nothing is wrong with it");
        assert_eq!(refused(&workflow("{push: {paths: [nothing]}}", "{run: 'true'}")), ["action-validator"]);
        assert_eq!(refused(&workflow("push", "{run: 'true', if: steps.x.outputs.y}")), ["actionlint"]);
        assert_eq!(refused(&workflow("push", "{run: 'echo ${{ github.head_ref }}'}")), ["actionlint", "zizmor"]);
        assert_eq!(refused(&workflow("push", "{uses: someone/else@v1}")), ["zizmor"]);
    }
}
