//! One line of a file of requirements: paths in it count from the project.

use std::path::Path;

use actions_core::Env;

use super::path::expand_variables;

/// Options that take a path or an address of a package.
const EDITABLE: [&str; 2] = ["--editable", "-e"];
/// What the name of an archive of a package ends with.
const ARCHIVES: [&str; 8] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar"];

/// The line as an argument of pip or uv that means the same in any working directory: BentoML locks the packages of a
/// project inside a copy of it, so their paths count from the project. Names, addresses and absolute paths stay as they are.
pub fn absolute(line: &str, project: &Path, env: &Env) -> String {
    let line = line.trim();
    for option in EDITABLE {
        let Some(target) = line.strip_prefix(option) else { continue };
        if let Some(target) = target.strip_prefix(['=', ' ', '\t']) {
            return format!("--editable {}", target_in(target.trim(), project, env));
        }
    }
    if line.starts_with('-') {
        return line.to_owned();
    }
    match line.split_once('@') {
        Some((name, target)) if is_name(name) => {
            format!("{} @ {}", name.trim_end(), target_in(target.trim(), project, env))
        }
        _ => target_in(line, project, env),
    }
}

/// Makes what is a path absolute.
fn target_in(target: &str, project: &Path, env: &Env) -> String {
    // A marker needs a space before its `;`, since a path may hold one; extras stand at the end.
    let (place, marker) = target.find(" ;").map_or((target, ""), |at| target.split_at(at));
    let expanded = expand_variables(place, env);
    if !is_path(&expanded) || Path::new(&expanded).is_absolute() {
        return target.to_owned();
    }
    // Variables stay as they are written: they may hold secrets.
    if let Some(path) = place.strip_prefix("file:") {
        return format!("file://{}{marker}", project.join(path).display());
    }
    let path = place.strip_prefix("./").unwrap_or(place);
    format!("{}{marker}", if path == "." { project.to_owned() } else { project.join(path) }.display())
}

/// Is it a path, as pip and uv tell it from a name and an address?
fn is_path(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("file:") {
        return !rest.starts_with('/');
    }
    if text.contains("://") {
        return false;
    }
    let bare = text.split('[').next().unwrap_or_default();
    let is_archive = || {
        let lower = bare.to_ascii_lowercase();
        ARCHIVES.iter().any(|end| lower.ends_with(end)) && !bare.contains([' ', '=', '<', '>'])
    };
    bare.starts_with('.') || bare.contains('/') || (cfg!(windows) && bare.contains('\\')) || is_archive()
}

fn is_name(text: &str) -> bool {
    let name = text.split('[').next().unwrap_or_default().trim();
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_the_project_and_all_else_stays() {
        let env: Env = [("LIBS", "libs"), ("ROOT", "/abs"), ("URL", "https://x.example")].into_iter().collect();
        for (line, same_as) in [
            ("./libs/tools", "/p/libs/tools"),
            ("libs/tools", "/p/libs/tools"),
            (".", "/p"),
            (".[gpu]", "/p/.[gpu]"),
            ("../shared", "/p/../shared"),
            ("./libs/tools[gpu] ; python_version < '3.12'", "/p/libs/tools[gpu] ; python_version < '3.12'"),
            ("tools-1.0-py3-none-any.whl", "/p/tools-1.0-py3-none-any.whl"),
            ("-e ./libs/tools", "--editable /p/libs/tools"),
            ("--editable=libs/tools", "--editable /p/libs/tools"),
            ("-e git+https://host.example/x.git@v1#egg=x", "--editable git+https://host.example/x.git@v1#egg=x"),
            ("tools @ ./libs/tools", "tools @ /p/libs/tools"),
            ("tools[gpu]@libs/tools", "tools[gpu] @ /p/libs/tools"),
            ("tools @ file:libs/tools", "tools @ file:///p/libs/tools"),
            ("tools @ file:///abs/tools", "tools @ file:///abs/tools"),
            ("tools @ https://host.example/t.whl", "tools @ https://host.example/t.whl"),
            ("${LIBS}/tools", "/p/${LIBS}/tools"),
            ("${ROOT}/tools", "${ROOT}/tools"),
            ("${URL}/t.whl", "${URL}/t.whl"),
            ("/abs/tools", "/abs/tools"),
            ("numpy>=2 ; sys_platform == 'linux'", "numpy>=2 ; sys_platform == 'linux'"),
            ("git+ssh://git@host.example/a/b.git", "git+ssh://git@host.example/a/b.git"),
            ("https://user:x@host.example/t-1.whl", "https://user:x@host.example/t-1.whl"),
            ("--pre", "--pre"),
        ] {
            assert_eq!(absolute(line, Path::new("/p"), &env), same_as, "{line}");
        }
    }
}
