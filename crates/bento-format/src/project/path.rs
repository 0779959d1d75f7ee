//! Paths as BentoML reads them in a build configuration: variables, `~`, counted from the project.

use std::path::{Component, Path, PathBuf};

use actions_core::env;
use actions_core::{Env, text};

/// Where a path of a build configuration leads: `$NAME` and `${NAME}` are filled in, then a leading `~`; what is relative
/// then counts from the project. Source: `resolve_user_filepath` of BentoML's `_internal/utils/filesystem.py`.
pub fn resolve(path: &str, project: &Path, env: &Env) -> PathBuf {
    let expanded = expand_user(&expand_variables(path, env), env);
    let joined = project.join(expanded);
    joined.components().filter(|part| *part != Component::CurDir).collect()
}

/// `$NAME` and `${NAME}`; an unknown name stays as it is written, as in Python's `os.path.expandvars`.
pub fn expand_variables(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let in_braces = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, behind) = in_braces.unwrap_or_else(|| after.split_at(word(after)));
        match env.raw(name) {
            Some(value) => out.push_str(value),
            None => out.extend(["$", after.strip_suffix(behind).unwrap_or_default()]),
        }
        rest = behind;
    }
    out + rest
}

/// A leading `~` or `~user`, as in Python's `os.path.expanduser`; a home that is not known stays as it is written.
pub(crate) fn expand_user(path: &str, env: &Env) -> String {
    let Some(after) = path.strip_prefix('~') else { return path.to_owned() };
    let end = after.find('/').unwrap_or(after.len());
    let (user, rest) = after.split_at(end);
    let home = match user {
        "" => env.raw(env::HOME).or_else(|| env.raw(env::USERPROFILE)).map(str::to_owned).or_else(|| home_of(None)),
        user => home_of(Some(user)),
    };
    match home {
        Some(home) => {
            let whole = format!("{}{rest}", home.trim_end_matches('/'));
            if whole.is_empty() { "/".to_owned() } else { whole }
        }
        None => path.to_owned(),
    }
}

/// The home that the machine's list of users gives; `None` asks for the user of this process.
#[cfg(unix)]
fn home_of(user: Option<&str>) -> Option<String> {
    let own = rustix::process::getuid().as_raw().to_string();
    let users = text::read(Path::new("/etc/passwd")).ok()?;
    users.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        let [name, _, id, _, _, home, ..] = fields[..] else { return None };
        let is_meant = user.map_or(id == own, |user| name == user);
        is_meant.then(|| home.to_owned())
    })
}

#[cfg(not(unix))]
fn home_of(_: Option<&str>) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_filled_in_and_count_from_the_project() {
        let env: Env = [("FLAVOR", "cpu"), ("HOME", "/home/me/"), ("E", "")].into_iter().collect();
        for (path, leads_to) in [
            ("./requirements-${FLAVOR}.txt", "/p/requirements-cpu.txt"),
            ("$FLAVOR.txt", "/p/cpu.txt"),
            ("a/$UNKNOWN/${E}b", "/p/a/$UNKNOWN/b"),
            ("~/r.txt", "/home/me/r.txt"),
            ("~", "/home/me"),
            ("~no-such-user/r.txt", "/p/~no-such-user/r.txt"),
            ("a/~", "/p/a/~"),
            ("/etc/r.txt", "/etc/r.txt"),
            ("../r.txt", "/p/../r.txt"),
        ] {
            assert_eq!(resolve(path, Path::new("/p"), &env), Path::new(leads_to), "{path}");
        }
        assert_eq!(expand_user("~root", &env), "/root");
    }
}
