//! What is done about packages that the project imports and this Python lacks.

use actions_core::Result;
use actions_core::action::inputs::choice;
use actions_core::action::{FromInput, InputSpec, Kind};

/// What is done about packages that the project imports and this Python lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dependencies {
    /// They are stood in for while the service is imported; those that the Bento depends on are installed for this build.
    #[default]
    Auto,
    /// All that the project requires is installed for this build.
    Install,
    /// Nothing: a package that is missing fails the build.
    None,
}

const WORDS: [(&str, Dependencies); 3] =
    [("auto", Dependencies::Auto), ("install", Dependencies::Install), ("none", Dependencies::None)];

impl FromInput for Dependencies {
    const KIND: Kind = Kind::Choice(&["auto", "install", "none"]);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        choice(spec, value, &WORDS)
    }
}
