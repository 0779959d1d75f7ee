//! How much a process keeps in temporary files, by looking every few milliseconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(10);

/// Watches until stopped.
pub(super) struct TempWatch {
    done: Arc<AtomicBool>,
    watcher: JoinHandle<u64>,
}

impl TempWatch {
    /// Watches `folders`, and the files in them that the process or its descendants deleted but still hold open.
    pub(super) fn start(pid: u32, folders: Vec<PathBuf>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&done);
        let watcher = std::thread::spawn(move || {
            let mut peak = 0;
            // Looks once more at the end: what a process leaves behind counts.
            loop {
                let last = stop.load(Ordering::Relaxed);
                let named: u64 = folders.iter().map(|folder| size_of(folder)).sum();
                peak = peak.max(named + deleted_bytes(pid, &folders));
                if last {
                    return peak;
                }
                std::thread::sleep(INTERVAL);
            }
        });
        Self { done, watcher }
    }

    /// The most bytes seen at once.
    pub(super) fn stop(self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        self.watcher.join().unwrap_or(0)
    }
}

/// Bytes of all files below. What vanishes meanwhile counts nothing.
pub(super) fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

/// Linux only: elsewhere there is no `/proc` and it finds nothing.
fn deleted_bytes(pid: u32, folders: &[PathBuf]) -> u64 {
    let own: u64 = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|fd| {
            fs::read_link(fd.path()).is_ok_and(|file| {
                file.to_string_lossy().ends_with(" (deleted)") && folders.iter().any(|folder| file.starts_with(folder))
            })
        })
        .filter_map(|fd| Some(fs::metadata(fd.path()).ok()?.len()))
        .sum();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let others: u64 =
        children.split_whitespace().filter_map(|child| child.parse().ok()).map(|c| deleted_bytes(c, folders)).sum();
    own + others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_came_and_went_is_seen() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("sub/archive.tar");
        let watch = TempWatch::start(std::process::id(), vec![folder.path().to_owned()]);
        fs::create_dir(folder.path().join("sub")).expect("create");
        fs::write(&file, vec![0; 5000]).expect("write");
        std::thread::sleep(INTERVAL * 10);
        fs::remove_file(&file).expect("remove");
        assert_eq!(watch.stop(), 5000);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_deleted_file_that_is_still_open_counts() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("archive.tar");
        fs::write(&path, vec![0; 7000]).expect("write");
        let open = fs::File::open(&path).expect("open");
        fs::remove_file(&path).expect("remove");
        assert_eq!(TempWatch::start(std::process::id(), vec![folder.path().to_owned()]).stop(), 7000);
        drop(open);
    }
}
