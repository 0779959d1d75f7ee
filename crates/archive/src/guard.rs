//! Where an entry of an archive may stand, and where a link in it may lead.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The path without `.` and with `..` resolved, if it stays below where it starts.
pub fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => clean.push(part),
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

/// Does a link in this folder (relative to the target) stay below the target, whatever other links it goes through?
///
/// It may climb first, over folders that are none of them links, and then only descend: `..` after a name could climb from
/// where another link leads.
pub fn stays_inside(link: &Path, folder: &Path) -> bool {
    let mut depth = folder.components().count();
    let mut descended = false;
    link.components().all(|component| match component {
        Component::CurDir => true,
        Component::Normal(_) => {
            descended = true;
            true
        }
        Component::ParentDir if !descended && depth > 0 => {
            depth = depth.saturating_sub(1);
            true
        }
        Component::ParentDir | Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Makes the folders above an entry, and returns how many were missing. One of them may not be a link: later entries must
/// not write through it.
pub fn ensure_plain_parents(target: &Path, relative: &Path) -> std::result::Result<u64, String> {
    let (mut path, mut made) = (target.to_owned(), 0_u64);
    for part in relative.parent().unwrap_or(Path::new("")) {
        path.push(part);
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(format!("{} is not a folder", path.display())),
            Err(_) => {
                fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                made = made.saturating_add(1);
            }
        }
    }
    Ok(made)
}

/// Makes a symbolic link at `path` that leads to `link`.
#[cfg(unix)]
pub fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(link, path)
}

/// Makes a symbolic link at `path` that leads to `link`.
#[cfg(windows)]
pub fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(link, path)
}

/// The owner can always read and enter, so that what was unpacked can be removed; set-id bits are dropped.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let least = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777 | least))
}

/// Windows has no such modes.
#[cfg(not(unix))]
pub fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
