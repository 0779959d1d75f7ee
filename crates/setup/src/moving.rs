//! Requirements whose text does not say what is installed: it may be another thing the next time.

use actions_core::address;

/// The ends of files that are installed as they are.
const ARCHIVES: [&str; 7] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"];
/// Digits of a whole commit.
const COMMIT: usize = 40;

/// Is this line of a file of requirements such a one? Something of the workspace, a branch, an address that names no wheel and
/// no hash, or one that is signed and so will not be the same again; what a variable says, unless these are credentials. An address
/// with credentials is one, too: what is installed from it may say where it came from.
pub(crate) fn is_moving(line: &str) -> bool {
    let line = line.trim_end_matches('\\').trim();
    if line.starts_with('#') {
        return false;
    }
    let without = address::without(line);
    if without.contains("${") {
        return true;
    }
    if let Some(folder) = value(line, &["--find-links", "-f"]) {
        return !folder.contains("://") || folder.starts_with("file:");
    }
    if line.starts_with('-') {
        return value(line, &["--editable", "-e"]).is_some();
    }
    if without != line {
        return true;
    }
    // Behind it stands where it is wanted.
    let what = line.split(';').next().unwrap_or_default().trim();
    if what.contains("git+") {
        return !names_commit(what);
    }
    match what.split_once("://") {
        _ if what.contains("file:") => true,
        Some((_, address)) => !names_version(address),
        None => {
            let file = what.split(['[', ' ']).next().unwrap_or_default().to_lowercase();
            what.starts_with('.') || what.contains(['/', '\\']) || ARCHIVES.iter().any(|end| file.ends_with(end))
        }
    }
}

/// What stands behind one of these options.
pub(crate) fn value<'a>(line: &'a str, options: &[&str]) -> Option<&'a str> {
    let behind = options.iter().find_map(|option| line.strip_prefix(option))?;
    Some(behind.trim_start_matches(['=', ' ', '\t']))
}

fn names_commit(address: &str) -> bool {
    let end = address.find(['#', '?', ' ']).filter(|end| address[..*end].contains("://"));
    let address = end.map_or(address, |end| &address[..end]);
    let name = address.rsplit('@').next().unwrap_or_default();
    name.len() == COMMIT && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn names_version(address: &str) -> bool {
    let address = address.split_whitespace().next().unwrap_or_default();
    let (path, hash) = address.split_once('#').unwrap_or((address, ""));
    !path.contains('?') && (path.ends_with(".whl") || hash.contains("sha256="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_another_thing_is_told_from_what_is_pinned_by_its_text() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for line in [
            ".",
            "./lib",
            "lib/",
            "/x",
            r"lib\x",
            "-e .",
            "--editable=lib",
            "x @ file:///x",
            "x@file:///x",
            "x @ file:x",
            "dist/x-1-py3-none-any.whl",
            "x-1-py3-none-any.whl ; python_version>'3'",
            "x-1-py3-none-any.whl[extra]",
            "dist/x.tar.gz",
            "x.zip",
            "--find-links wheels",
            "-f wheels",
            "--find-links=file:///wheels",
            "x @ git+https://h/x",
            "x @ git+https://h/x@main",
            "git+ssh://git@h/x@v1",
            "x @ git+https://h/x@0123abc",
            "x@git+https://h/x@${REF} \\",
            "x @ https://t0ken@h/x-1-py3-none-any.whl",
            "x @ https://${USER}:${TOKEN}@h/x.tar.gz#sha256=ab",
            "x @ https://h/${VERSION}/x-1-py3-none-any.whl",
            "--index-url https://h/${TEAM}/simple",
            "x @ https://h/archive/main.zip",
            "x @ https://h/x-1-py3-none-any.whl?sig=x",
        ] {
            assert!(is_moving(line), "{line}");
        }
        let pinned = format!("x @ git+https://h/x@{commit}");
        let of_folder = format!("git+https://h/x@{commit}#subdirectory=a@b");
        for line in [
            "",
            "numpy>=2",
            "numpy==2 \\",
            "--hash=sha256:ab/c",
            "numpy>=2; sys_platform=='a/b'",
            "x[a,b]==1.*",
            "x @ https://h/x-1-py3-none-any.whl",
            "x@https://h/x.tar.gz#sha256=ab",
            "--index-url=https://h",
            "--find-links https://h/links",
            "# ./x ${X}",
            "--index-url https://${USER}:${TOKEN}@h/simple",
            &pinned,
            &of_folder,
        ] {
            assert!(!is_moving(line), "{line}");
        }
    }
}
