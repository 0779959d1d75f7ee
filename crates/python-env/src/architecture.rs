//! Processors, under the names of setup-python.

use std::fmt;
use std::str::FromStr;

use actions_core::action::{FromInput, InputSpec, Kind};

/// A processor that Python is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    X64,
    /// 32-bit Intel and AMD.
    X86,
    /// 64-bit Arm.
    Arm64,
}

impl Architecture {
    /// This machine's, where Python is built for it.
    pub fn of_this_machine() -> Option<Self> {
        std::env::consts::ARCH.parse().ok()
    }

    /// Is it the one in a platform tag such as `linux-x86_64`, `macosx-11.0-arm64`, `win-amd64`, `win32`?
    pub fn is_of_platform(self, tag: &str) -> bool {
        let last = if tag == "win32" { "x86" } else { tag.rsplit('-').next().unwrap_or_default() };
        last == "universal2" || last.parse() == Ok(self)
    }

    /// The name of its folders in the runner's tool cache.
    pub fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::X86 => "x86",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromInput for Architecture {
    const KIND: Kind = Kind::Text;

    fn from_input(spec: &InputSpec, value: &str) -> actions_core::Result<Self> {
        value
            .parse()
            .map_err(|error: NoArchitecture| actions_core::Error::input(format!("input {}: {error}", spec.name)))
    }
}

/// The word is none of the known processors.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an architecture (write one of x64, x86, arm64)")]
pub struct NoArchitecture(String);

impl FromStr for Architecture {
    type Err = NoArchitecture;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_lowercase().as_str() {
            "x64" | "x86_64" | "amd64" => Ok(Self::X64),
            "x86" | "i386" | "i686" => Ok(Self::X86),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => Err(NoArchitecture(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_tags_name_the_processor_at_their_end() {
        for tag in ["linux-x86_64", "win-amd64", "macosx-10.9-universal2"] {
            assert!(Architecture::X64.is_of_platform(tag), "{tag}");
        }
        assert!(!Architecture::X64.is_of_platform("linux-aarch64"));
        assert!(Architecture::X86.is_of_platform("win32"));
        assert!("sparc".parse::<Architecture>().unwrap_err().to_string().contains("x64, x86, arm64"));
    }
}
