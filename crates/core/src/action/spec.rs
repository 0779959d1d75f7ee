//! What an action declares about itself. action.yml, the command line and the tables of the docs are made from it.

/// An action.
#[derive(Debug, Clone, Copy)]
pub struct ActionSpec {
    /// Folder under `actions/`, crate, subcommand and docs page: one name everywhere.
    pub name: &'static str,
    /// The name shown by GitHub.
    pub title: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// The colour and the icon (Feather) on GitHub's marketplace.
    pub branding: (&'static str, &'static str),
    /// Does it have something to do after the job?
    pub post: bool,
    /// Are inputs and outputs declared with underscores too? The names with hyphens are those of the documentation.
    pub two_spellings: bool,
    /// What it tells later steps.
    pub outputs: &'static [OutputSpec],
}

/// An output.
#[derive(Debug, Clone, Copy)]
pub struct OutputSpec {
    /// As in `steps.ID.outputs.NAME`.
    pub name: &'static str,
    /// One sentence.
    pub description: &'static str,
}

/// Declares an output.
pub const fn output(name: &'static str, description: &'static str) -> OutputSpec {
    OutputSpec { name, description }
}

/// An input.
#[derive(Debug, Clone, Copy)]
pub struct InputSpec {
    /// As in `with:`; hyphens and underscores as the user writes them.
    pub name: &'static str,
    /// A sentence or two, from the field's documentation.
    pub description: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Must it be given?
    pub required: bool,
    /// The value when it is not given, as a user would write it.
    pub default: Option<&'static str>,
    /// An environment variable that stands in when the input is not given.
    pub env: Option<&'static str>,
}

/// What values an input takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text; an empty one is a value of its own.
    Text,
    /// `true` or `false`, in the spellings of the YAML 1.2 core schema.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One item per line.
    Lines,
    /// A duration: seconds, or a number with a unit (`90s`, `15m`, `1h`).
    Seconds,
    /// A secret: masked, and never a flag.
    Secret,
}

/// Declares an input.
pub const fn input(name: &'static str) -> InputSpec {
    InputSpec { name, description: "", kind: Kind::Text, required: false, default: None, env: None }
}

impl InputSpec {
    /// The value when the input is not given.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// The input must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The environment variable that stands in.
    #[must_use]
    pub const fn env(mut self, name: &'static str) -> Self {
        self.env = Some(name);
        self
    }

    /// Used by [`inputs!`](crate::inputs): description and kind come from the field.
    #[must_use]
    pub const fn of(mut self, description: &'static str, kind: Kind) -> Self {
        self.description = description;
        self.kind = kind;
        self
    }

    /// The name of its flag on a command line, without dashes in front: underscores become hyphens.
    pub fn flag(&self) -> String {
        self.name.replace([' ', '_'], "-").to_lowercase()
    }

    /// The environment variable that the runner sets: spaces become `_`, letters upper case, hyphens stay.
    pub fn variable(&self) -> String {
        format!("INPUT_{}", self.name.replace(' ', "_").to_uppercase())
    }

    /// The variable of the other spelling, with underscores for hyphens, where there is another one.
    pub fn other_variable(&self) -> Option<String> {
        let own = self.variable();
        Some(own.replace('-', "_")).filter(|other| *other != own)
    }
}
