//! What this crate reads of others, for the crate `fuzz-targets` alone: no part of the crate's interface.

use std::path::Path;

use actions_core::action::inputs::FromInput;
use actions_core::action::{InputSpec, Inputs as _};

use crate::Inputs;
use crate::dockerfile::Dockerfile;
use crate::engine::ignore::Ignore;
use crate::list::{Items, Lines};
use crate::output;

fn spec() -> &'static InputSpec {
    Inputs::SPECS.first().expect("the action has inputs")
}

/// Everything that is done with the text of a Dockerfile.
pub fn dockerfile(text: &str) {
    let Ok(file) = Dockerfile::parse(text.into(), Path::new("Dockerfile")) else { return };
    let no_script = |_: &str| None;
    let place = file.place(&[], None);
    let _ = (file.reads_models(&place, &no_script), file.bases());
    for changed in [
        file.with_models_from("models"),
        Some(file.with_caches()),
        file.without_caches().ok(),
        Some(file.with_copied(&["a".to_owned()], &["b".to_owned()])),
        Some(file.with_before_source("RUN true\n", &place, None, &no_script)),
    ]
    .into_iter()
    .flatten()
    {
        let _ = changed.bases();
    }
}

/// The items of both kinds of lists, none where the text is refused.
pub fn lists(text: &str) -> [Option<Vec<String>>; 2] {
    let items = Items::from_input(spec(), text).map(|items| items.to_vec());
    let lines = Lines::from_input(spec(), text).map(|lines| lines.to_vec());
    [items.ok(), lines.ok()]
}

/// The fields of an output or of a tag rule.
pub fn fields(text: &str) -> Vec<String> {
    output::fields(text)
}

/// Whether a `.dockerignore` leaves a path out; none where it is refused.
pub fn leaves_out(ignore: &str, path: &str) -> Option<bool> {
    Ignore::parse(ignore).ok().map(|ignore| ignore.leaves_out(Path::new(path)))
}
