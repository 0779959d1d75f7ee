//! Typed inputs: one struct per action is the single source of names, types, defaults and help.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::spec::{InputSpec, Kind};
use crate::runner::mask;
use crate::{Env, Error, Result};

/// The typed inputs of an action; implemented by [`inputs!`](crate::inputs).
pub trait Inputs: Sized {
    /// One entry per input, in the order of the fields.
    const SPECS: &'static [InputSpec];

    /// Reads and checks every input.
    fn read(values: &Values) -> Result<Self>;
}

/// Declares the inputs of an action.
///
/// The documentation of a field is the input's description; its type says what values it takes.
///
/// ```
/// actions_core::inputs! {
///     /// Inputs of an example.
///     pub struct Example {
///         /// The build context.
///         context: String => input("context").default("."),
///     }
/// }
/// ```
#[macro_export]
macro_rules! inputs {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident {
        $( $(#[doc = $doc:literal])+ $field:ident : $type:ty => $spec:expr ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl $crate::action::Inputs for $name {
            const SPECS: &'static [$crate::action::InputSpec] = {
                #[allow(unused_imports)]
                use $crate::action::{FromInput, input};
                &[ $( $spec.of(concat!($($doc),+), <$type as FromInput>::KIND) ),* ]
            };

            fn read(values: &$crate::action::Values) -> $crate::Result<Self> {
                let mut specs = <Self as $crate::action::Inputs>::SPECS.iter();
                Ok(Self { $( $field: values.read::<$type>(specs.next())?, )* })
            }
        }
    };
}

/// What the user gave, before types: the runner's `INPUT_*` variables, flags over them.
#[derive(Debug, Default)]
pub struct Values {
    env: Env,
    flags: BTreeMap<&'static str, String>,
    secrets: BTreeMap<&'static str, SecretString>,
}

impl Values {
    /// Values from the environment alone, as under the runner.
    pub fn of(env: &Env) -> Self {
        Self { env: env.clone(), ..Self::default() }
    }

    /// Sets an input from a flag.
    pub fn set(&mut self, spec: &InputSpec, value: String) {
        self.flags.insert(spec.name, value);
    }

    /// Sets a secret that was read from standard input.
    pub fn set_secret(&mut self, spec: &InputSpec, value: SecretString) {
        self.secrets.insert(spec.name, value);
    }

    /// Masks every secret among the inputs, before anything else may print.
    pub fn mask_secrets(&self, specs: &[InputSpec]) {
        for spec in specs.iter().filter(|spec| spec.kind == Kind::Secret) {
            self.secrets.get(spec.name).into_iter().for_each(mask::add);
            let spellings = [Some(spec.variable()), spec.other_variable()].into_iter().flatten();
            let passed = spellings.filter_map(|name| Some(self.env.get(&name)?.trim().to_owned()));
            let given = self.given(spec).into_iter().chain(passed).filter(|value| !value.is_empty());
            given.for_each(|value| mask::add(&SecretString::from(value)));
        }
    }

    /// Reads one input. `spec` is `None` never; the macro pairs fields and specs by position.
    pub fn read<T: FromInput>(&self, spec: Option<&InputSpec>) -> Result<T> {
        let spec = spec.ok_or_else(|| Error::failure("an action has more fields than inputs"))?;
        if let Some(secret) = self.secrets.get(spec.name) {
            return T::from_secret(spec, secret);
        }
        self.require_utf_8(spec)?;
        let given = self.given(spec);
        // An empty text was meant (`deployment_config: ''` is "none"); an empty boolean or number is an unset expression.
        let empty_means_default = !matches!(spec.kind, Kind::Text | Kind::Lines);
        let given = given.filter(|value| !(value.is_empty() && empty_means_default));
        let value = given.or_else(|| spec.default.map(str::to_owned)).unwrap_or_default();
        if spec.required && value.is_empty() {
            let flag = match spec.kind {
                Kind::Secret => format!("the environment variable {}", spec.env.unwrap_or("of the input")),
                _ => format!("--{}", spec.flag()),
            };
            return Err(Error::input(format!("Input required and not supplied: {}", spec.name))
                .hint(format!("Set it under `with:` (on a command line: {flag}).")));
        }
        T::from_input(spec, &value)
    }

    /// A value that is not UTF-8 is refused: taken for one that is not given, it would be replaced by the default.
    fn require_utf_8(&self, spec: &InputSpec) -> Result<()> {
        let names = [Some(spec.variable()), spec.other_variable(), spec.env.map(str::to_owned)];
        match names.into_iter().flatten().find(|name| self.env.os(name).is_some_and(|value| value.to_str().is_none())) {
            Some(name) => Err(Error::input(format!("input {}: the variable {name} is not UTF-8", spec.name))
                .hint("Write the value in UTF-8.")),
            None => Ok(()),
        }
    }

    /// What the runner passed in either spelling. It passes the default where a spelling was not used, so the one that
    /// differs was meant: an empty text may be a value.
    fn spelled(&self, spec: &InputSpec) -> Option<String> {
        let names = [Some(spec.variable()), spec.other_variable()];
        let passed: Vec<_> = names.into_iter().flatten().filter_map(|name| self.env.raw(&name)).collect();
        // Of a text alone an empty value is meant.
        let may_be_empty = matches!(spec.kind, Kind::Text | Kind::Lines);
        let is_meant = |value: &str| value != spec.default.unwrap_or_default() && (may_be_empty || !value.is_empty());
        let meant = passed.iter().find(|value| is_meant(value.trim()));
        meant.or(passed.first()).map(|value| (*value).to_owned())
    }

    fn given(&self, spec: &InputSpec) -> Option<String> {
        let own = self.flags.get(spec.name).cloned().or_else(|| self.spelled(spec));
        let own = own.map(|value| value.trim().to_owned());
        match (own, spec.env.and_then(|name| self.env.get(name))) {
            (Some(value), _) if !value.is_empty() => Some(value),
            (_, Some(stand_in)) => Some(stand_in.trim().to_owned()),
            (own, None) => own,
        }
    }
}

/// A type that an input can have.
pub trait FromInput: Sized {
    /// What values it takes.
    const KIND: Kind;

    /// Reads the trimmed value; it is empty where the input was not given and has no default.
    fn from_input(spec: &InputSpec, value: &str) -> Result<Self>;

    /// Takes a secret that never was a plain string here.
    fn from_secret(spec: &InputSpec, _: &SecretString) -> Result<Self> {
        Err(Error::failure(format!("{} is not a secret", spec.name)))
    }
}

impl FromInput for String {
    const KIND: Kind = Kind::Text;

    fn from_input(_: &InputSpec, value: &str) -> Result<Self> {
        Ok(value.to_owned())
    }
}

impl FromInput for bool {
    const KIND: Kind = Kind::Boolean;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        match value {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err(Error::input(format!("input {}: {value:?} is not a boolean", spec.name))
                .hint("Write one of true, True, TRUE, false, False, FALSE.")),
        }
    }
}

impl FromInput for Vec<String> {
    const KIND: Kind = Kind::Lines;

    fn from_input(_: &InputSpec, value: &str) -> Result<Self> {
        Ok(value.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }
}

/// Lines of `key=value`. The value may hold `=`; the last of two lines with the same key counts.
impl FromInput for BTreeMap<String, String> {
    const KIND: Kind = Kind::Lines;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        Vec::<String>::from_input(spec, value)?.iter().map(|line| pair(spec, line)).collect()
    }
}

fn pair(spec: &InputSpec, line: &str) -> Result<(String, String)> {
    let wrong = |why: &str| {
        Error::input(format!("input {}: the line {line:?} {why}", spec.name)).hint("Write one key=value per line.")
    };
    let (key, value) = line.split_once('=').ok_or_else(|| wrong("has no `=`"))?;
    let key = key.trim();
    if key.is_empty() { Err(wrong("has no key")) } else { Ok((key.to_owned(), value.trim().to_owned())) }
}

impl FromInput for Duration {
    const KIND: Kind = Kind::Seconds;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        let seconds = value.parse().map(Duration::from_secs).ok();
        // `90s`, `15m`, `1h 30m`: jiff's friendly format. A day has no fixed length there, and is refused.
        let spelled = || Duration::try_from(value.parse::<SignedDuration>().ok()?).ok();
        seconds.or_else(spelled).ok_or_else(|| {
            Error::input(format!("input {}: {value:?} is not a duration", spec.name))
                .hint("Write seconds, such as 600, or a number with a unit: 90s, 15m, 1h.")
        })
    }
}

impl FromInput for SecretString {
    const KIND: Kind = Kind::Secret;

    fn from_input(_: &InputSpec, value: &str) -> Result<Self> {
        Ok(Self::from(value))
    }

    fn from_secret(_: &InputSpec, value: &SecretString) -> Result<Self> {
        Ok(value.clone())
    }
}

impl<T: FromInput> FromInput for Option<T> {
    const KIND: Kind = T::KIND;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        if value.is_empty() { Ok(None) } else { T::from_input(spec, value).map(Some) }
    }

    fn from_secret(spec: &InputSpec, value: &SecretString) -> Result<Self> {
        T::from_secret(spec, value).map(Some)
    }
}

/// Reads a word out of a fixed set, for types that implement [`FromInput`] over [`Kind::Choice`].
pub fn choice<T: Copy>(spec: &InputSpec, value: &str, choices: &[(&str, T)]) -> Result<T> {
    choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let nearest = nearest(value, words.iter().copied());
        let meant = nearest.map(|word| format!(" (did you mean {word}?)")).unwrap_or_default();
        Error::input(format!("input {}: {value:?} is unknown{meant}", spec.name))
            .hint(format!("Write one of {}.", words.join(", ")))
    })
}

/// The candidate that a misspelt word most likely meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
