//! Git LFS pointers in the place of the files that they stand for.
//!
//! Source: the Git LFS specification, "The Pointer": a text of fewer than 1024 bytes whose first line is its version.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use actions_core::Location;
use actions_core::runner::Annotation;
use bento_format::{BentoInfo, Kind, Project, Store};

use super::warning;

/// How a pointer begins.
const HEAD: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// A pointer has fewer bytes.
const LIMIT: u64 = 1024;
/// Folders below which nothing is looked for.
const DEPTH: usize = 32;
/// Names that a warning lists.
const NAMED: usize = 5;
const TITLE: &str = "Git LFS pointer in place of a file";

/// Pointers among the source of a finished Bento, shown where they stand in the project.
pub(super) fn packed(bento: &Path, context: &Path) -> Option<Annotation> {
    let in_project = |path: PathBuf| {
        // A project may have BentoML leave its folder `src` out of the paths.
        let below_src = Path::new("src").join(&path);
        if !context.join(&path).exists() && context.join(&below_src).exists() { below_src } else { path }
    };
    let found = below(&bento.join("src")).into_iter().map(in_project).collect();
    project("The Bento holds", found, context)
}

/// Pointers in a project.
pub(super) fn in_project(context: &Path) -> Option<Annotation> {
    project("The project holds", below(context), context)
}

fn project(holds: &str, found: Vec<PathBuf>, context: &Path) -> Option<Annotation> {
    let at = Location { file: context.join(found.first()?), line: None, column: None };
    let message = format!(
        "{holds} {}. Let actions/checkout fetch the files (`lfs: true`), or run `git lfs pull` in a step before.",
        listed(&found)
    );
    Some(warning(TITLE, message, Some(at)))
}

/// Pointers in the models of a Bento that the store holds, one warning for each model.
pub(super) fn in_models(bento: &BentoInfo, project: &Project, store: &Store) -> Vec<Annotation> {
    let models = bento.models.iter().filter_map(|model| Some((model, store.get(Kind::Model, &model.tag)?)));
    let warnings = models.filter_map(|(model, folder)| {
        let found = below(&folder);
        let configured = project.models.iter().find(|wanted| wanted.value.tag.name() == model.tag.name());
        let message = format!(
            "The model {} holds {}. Fetch the files (`git lfs pull`) and save the model again.",
            model.tag,
            listed(&found)
        );
        (!found.is_empty()).then(|| warning(TITLE, message, configured.map(|wanted| wanted.at.clone())))
    });
    warnings.collect()
}

fn listed(found: &[PathBuf]) -> String {
    let names: Vec<_> = found.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (noun, stands) = match found.len() {
        1 => ("a Git LFS pointer", "that it stands"),
        _ => ("Git LFS pointers", "that they stand"),
    };
    format!("{noun} and not the contents {stands} for: {}{more}", names.join(", "))
}

/// The pointers below a folder, relative to it. Environments, hidden folders and links are passed over.
fn below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut level = vec![PathBuf::new()];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for folder in &level {
            for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
                let (path, name) = (folder.join(entry.file_name()), entry.file_name());
                let Ok(meta) = entry.metadata() else { continue };
                let is_own = !name.to_string_lossy().starts_with('.') && !entry.path().join("pyvenv.cfg").exists();
                if meta.is_dir() && is_own {
                    next.push(path);
                } else if meta.is_file() && meta.len() < LIMIT && is_pointer(&entry.path()) {
                    found.push(path);
                }
            }
        }
        level = next;
    }
    found.sort();
    found
}

fn is_pointer(file: &Path) -> bool {
    let mut head = Vec::new();
    fs::File::open(file).and_then(|file| file.take(LIMIT).read_to_end(&mut head)).is_ok() && head.starts_with(HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_told_from_files_that_speak_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, contents: &[u8]| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, contents).unwrap();
        };
        let pointer = [HEAD, b"oid sha256:aa\nsize 5\n"].concat();
        write("weights/b.bin", &pointer);
        write("a.bin", &pointer);
        write("long.bin", &[HEAD, &[b'x'; 1024]].concat());
        write("readme.txt", &[b"# ", HEAD].concat());
        write(".git/c.bin", &pointer);
        write("venv/pyvenv.cfg", b"");
        write("venv/d.bin", &pointer);
        assert_eq!(below(folder.path()), [Path::new("a.bin"), Path::new("weights/b.bin")]);
        let warning = in_project(folder.path()).unwrap();
        assert!(warning.message.contains("a.bin, weights/b.bin") && warning.message.contains("lfs: true"));
    }
}
