//! Sources with odd names, modes and links.

use std::os::unix::fs::symlink;

use super::{BENTOFILE, SERVICE};
use crate::images::assert_same;
use crate::project::{NEWEST, Project};

#[test]
fn odd_names_and_modes() {
    let project = Project::of(NEWEST, &[("service.py", SERVICE), ("bentofile.yaml", BENTOFILE)]);
    for (name, mode) in [
        ("with space.txt", 0o644),
        ("grüße ☃.txt", 0o644),
        ("#hash.txt", 0o644),
        ("quote'\"$HOME.txt", 0o644),
        ("a*b[c].txt", 0o644),
        ("back\\slash.txt", 0o644),
        (".hidden/.deep/file", 0o644),
        ("models/note.txt", 0o644),
        ("env/docker/note.txt", 0o644),
        ("Dockerfile", 0o644),
        (".dockerignore", 0o644),
        ("-dash.txt", 0o644),
        ("tool.sh", 0o755),
        ("secret.txt", 0o600),
        ("shared.txt", 0o666),
        ("sticky.sh", 0o4755),
        ("empty.txt", 0o444),
    ] {
        let text = match name {
            ".dockerignore" => "*.txt\nmodels\n",
            "empty.txt" => "",
            _ => "text\n",
        };
        project.file(name, text, mode);
    }
    std::fs::create_dir_all(project.folder().join("hollow/inner")).unwrap();
    assert_same(&project, "service");
}

#[test]
fn links_within_the_project() {
    let project = Project::of(NEWEST, &[("service.py", SERVICE), ("bentofile.yaml", BENTOFILE), ("data/a.txt", "a\n")]);
    let at = |name: &str| project.folder().join(name);
    symlink("data/a.txt", at("file.txt")).unwrap();
    symlink("data", at("folder")).unwrap();
    std::fs::hard_link(at("data/a.txt"), at("data/b.txt")).unwrap();
    assert_same(&project, "service");
}

#[test]
fn links_that_lead_out_of_the_project() {
    let project = Project::of(NEWEST, &[("service.py", SERVICE), ("bentofile.yaml", BENTOFILE)]);
    let outside = project.temp();
    std::fs::create_dir(outside.join("package")).unwrap();
    for name in ["shared.py", "package/__init__.py"] {
        std::fs::write(outside.join(name), "VALUE = 1\n").unwrap();
    }
    for name in ["shared.py", "package"] {
        symlink(outside.join(name), project.folder().join(name)).unwrap();
    }
    assert_same(&project, "service");
}
