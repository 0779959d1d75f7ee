//! The platforms that a release has binaries for, named as `actions/launcher` looks for them: Node's
//! `process.platform` and `process.arch`.

use anyhow::{Context, Result};

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Platform {
    /// The folder under `actions/bin`.
    pub(super) name: &'static str,
    /// Rust's target triple.
    pub(super) target: &'static str,
    /// `std::env::consts::OS` of the machines that build it.
    pub(super) built_on: &'static str,
}

const LINUX: &str = "linux";
const MACOS: &str = "macos";
const WINDOWS: &str = "windows";

/// In the launcher's order.
pub(super) const ALL: [Platform; 5] = [
    Platform { name: "linux-x64", target: "x86_64-unknown-linux-musl", built_on: LINUX },
    Platform { name: "linux-arm64", target: "aarch64-unknown-linux-musl", built_on: LINUX },
    Platform { name: "darwin-arm64", target: "aarch64-apple-darwin", built_on: MACOS },
    Platform { name: "darwin-x64", target: "x86_64-apple-darwin", built_on: MACOS },
    Platform { name: "win32-x64", target: "x86_64-pc-windows-msvc", built_on: WINDOWS },
];

impl Platform {
    /// The platform of this name.
    ///
    /// # Errors
    ///
    /// There is none; the message lists those that there are.
    pub(super) fn named(name: &str) -> Result<&'static Self> {
        ALL.iter().find(|platform| platform.name == name).with_context(|| {
            let names: Vec<_> = ALL.iter().map(|platform| platform.name).collect();
            format!("there is no platform {name}; there are {}", names.join(", "))
        })
    }

    /// Those that a machine like this one builds.
    pub(super) fn built_here() -> Vec<&'static Self> {
        ALL.iter().filter(|platform| platform.built_on == std::env::consts::OS).collect()
    }

    /// The platform of this machine, if a release serves it.
    pub(super) fn of_this_machine() -> Option<&'static Self> {
        Self::built_here().into_iter().find(|platform| platform.target.starts_with(std::env::consts::ARCH))
    }

    /// Is it linked against musl, through zig?
    pub(super) fn is_static(&self) -> bool {
        self.built_on == LINUX
    }

    /// The binary's file name.
    pub(super) fn binary(&self) -> &'static str {
        if self.built_on == WINDOWS { "bento-actions.exe" } else { "bento-actions" }
    }

    /// The binary's name beside those of the other platforms.
    pub(super) fn asset(&self) -> String {
        match self.binary().strip_prefix("bento-actions") {
            Some(suffix) => format!("bento-actions-{}{suffix}", self.name),
            None => self.binary().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_launcher_looks_for_the_same_platforms() {
        let launcher = crate::layout::root().join("actions/launcher/launch.js");
        let text = std::fs::read_to_string(launcher).expect("the launcher");
        let names: Vec<_> = ALL.iter().map(|platform| format!("'{}'", platform.name)).collect();
        let line = format!("const PLATFORMS = [{}]", names.join(", "));
        assert!(text.contains(&line), "{line}");
    }

    #[test]
    fn an_unknown_platform_is_answered_with_the_known_ones() {
        let error = Platform::named("linux-riscv64").expect_err("no such platform").to_string();
        assert!(error.contains("linux-riscv64") && error.contains("win32-x64"), "{error}");
        assert_eq!(Platform::named("win32-x64").expect("one of ours").asset(), "bento-actions-win32-x64.exe");
    }
}
