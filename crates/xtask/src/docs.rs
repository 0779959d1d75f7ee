//! `cargo xtask docs`: action.yml and the tables of inputs and outputs, from what each action declares in code and each
//! workflow in YAML.

mod figures;
mod interface;
mod links;
mod manifest;
pub(crate) mod markdown;
mod messages;
mod page;
mod shell;
mod table;
mod tests_named;
mod uses;
mod workflow;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bento_actions::ACTIONS;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{SUBCOMMANDS, checks, events, layout};
use interface::{Form, Interface};

/// The page of reusable workflows, composite actions and strategies.
const WORKFLOWS: &str = "docs/workflows.md";

/// A generated file, or a page with generated parts.
struct Document {
    /// Relative to the root.
    path: PathBuf,
    /// What it should hold; none where it should not exist.
    text: Option<String>,
}

pub(crate) fn command() -> Command {
    Command::new("docs").about("Write each action's action.yml and the tables of its pages").arg(
        Arg::new("check").long("check").action(ArgAction::SetTrue).help(
            "Write nothing; fail where a file differs, an example or a link names what does not exist, or a shell block fails",
        ),
    )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    if matches.get_flag("check") { check() } else { write() }
}

/// Compares what stands in the checkout with the actions.
///
/// # Errors
///
/// When a generated part differs, an example names an action, input or output that does not exist, a link leads
/// nowhere, a promise names a test that does not exist, or a shell block fails.
pub(crate) fn check() -> Result<()> {
    let root = layout::root();
    let mut problems = Vec::new();
    for document in documents(&root)? {
        if read(&root.join(&document.path))? != document.text {
            let wrong = if document.text.is_some() { "differs from the code" } else { "is not needed" };
            problems.push(format!("{} {wrong}: run `cargo xtask docs`", document.path.display()));
        }
    }
    let suite = interface::all(&root)?;
    problems.extend(suite.iter().flat_map(Interface::flaws));
    problems.extend(uses::problems(&root, &suite)?);
    problems.extend(messages::problems(&root)?);
    problems.extend(links::problems(&root)?);
    problems.extend(tests_named::problems(&root)?);
    let subcommands: Vec<_> = SUBCOMMANDS.iter().map(|(command, _)| command().get_name().to_owned()).collect();
    problems.extend(shell::problems(&root, &subcommands)?);
    if problems.is_empty() {
        return Ok(());
    }
    for problem in &problems {
        println!("{problem}");
    }
    bail!("{} problems in the documents", problems.len());
}

/// The first block of YAML on a page, which is to be run as it stands there.
///
/// # Errors
///
/// The page cannot be read, or has none.
pub(crate) fn first_workflow(page: &Path) -> Result<String> {
    let text = std::fs::read_to_string(page).with_context(|| format!("could not read {}", page.display()))?;
    let block = markdown::blocks(&text).into_iter().find(|block| block.language == "yaml");
    Ok(block.with_context(|| format!("{} has no workflow", page.display()))?.text)
}

fn write() -> Result<()> {
    let root = layout::root();
    for document in documents(&root)? {
        let path = root.join(&document.path);
        if read(&path)? == document.text {
            continue;
        }
        match &document.text {
            Some(text) => std::fs::write(&path, text),
            None => std::fs::remove_file(&path),
        }
        .with_context(|| format!("could not write {}", path.display()))?;
        println!("{} {}", if document.text.is_some() { "wrote" } else { "removed" }, document.path.display());
    }
    Ok(())
}

/// Everything generated. Pages must exist: their rest is written by hand.
fn documents(root: &Path) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for action in ACTIONS {
        let name = action.spec.name;
        let folder = Path::new("actions").join(name);
        documents.push(Document { path: folder.join("action.yml"), text: Some(manifest::of(action)) });
        documents.push(Document { path: folder.join("main.js"), text: Some(manifest::script(name, false)) });
        documents.push(Document {
            path: folder.join("post.js"),
            text: action.spec.post.then(|| manifest::script(name, true)),
        });
        for path in [folder.join("README.md"), Path::new("docs").join(format!("{name}.md"))] {
            let full = root.join(&path);
            let page =
                read(&full)?.with_context(|| format!("{} is missing: each action has this page", path.display()))?;
            let text =
                page::fill(&page, &interface::of_entry(action)).with_context(|| format!("in {}", path.display()))?;
            documents.push(Document { path, text: Some(text) });
        }
    }
    documents.extend(written_by_hand(root)?);
    documents.push(figures::document(root)?);
    Ok(documents)
}

/// The tables of what is declared in YAML: composite actions and reusable workflows; and the table of events.
fn written_by_hand(root: &Path) -> Result<Vec<Document>> {
    let path = PathBuf::from(WORKFLOWS);
    let mut page = read(&root.join(&path))?.with_context(|| format!("{WORKFLOWS} is missing"))?;
    let mut documents = Vec::new();
    for of in interface::all(root)?.iter().filter(|of| of.form != Form::Action) {
        page = page::between(&page, &of.name, &table::whole(of)).with_context(|| format!("in {WORKFLOWS}"))?;
        if of.form == Form::Composite {
            let path = Path::new("actions").join(&of.name).join("README.md");
            let readme = read(&root.join(&path))?.with_context(|| format!("{} is missing", path.display()))?;
            let text = page::fill(&readme, of).with_context(|| format!("in {}", path.display()))?;
            documents.push(Document { path, text: Some(text) });
        }
    }
    let strategies = root.join("examples").join("cicd");
    let repositories = checks::repositories(root)?;
    let found = repositories.iter().find(|repository| repository.root == strategies);
    let workflows = &found.with_context(|| format!("{} has no workflows", strategies.display()))?.workflows;
    let table = events::table(&strategies, workflows)?;
    let text = page::between(&page, "events", &table).with_context(|| format!("in {WORKFLOWS}"))?;
    documents.push(Document { path, text: Some(text) });
    Ok(documents)
}

/// The text of a file; none where there is none.
fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}
