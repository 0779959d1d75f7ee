//! `tracing` events as lines of the log: the one way in which code of this suite talks to its user.

use std::fmt::{self, Write};
use std::path::Path;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use super::annotation::{Annotation, Level as Severity};
use super::console;

/// From this file up to the folder of all crates: `core/src/runner/log.rs`.
const OWN_DEPTH: usize = 4;

/// Sends events to the log from here on: `info` is a line, `warn` a warning, `debug` is shown with RUNNER_DEBUG=1.
///
/// Events of crates of this workspace are for the user, whichever they are; those of libraries are for debugging.
pub fn init(debug: bool) {
    // A second call (tests in one process) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(Log { debug }));
}

/// Is an event of this workspace? Then it was written in a file beside this crate's, by whatever name the compiler calls
/// their folder; so this crate need not know the names of those that use it.
fn is_ours(event: &Event<'_>) -> bool {
    let crates = Path::new(file!()).ancestors().nth(OWN_DEPTH).filter(|folder| !folder.as_os_str().is_empty());
    let written_in = event.metadata().file().map(Path::new);
    crates.zip(written_in).is_some_and(|(crates, file)| file.starts_with(crates))
}

struct Log {
    debug: bool,
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ours = is_ours(event);
        let level = *event.metadata().level();
        let verbose = level > Level::INFO || !ours;
        if level == Level::TRACE || (verbose && !self.debug) || (!ours && level > Level::INFO) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let Text { message, fields } = text;
        let text = message + &fields;
        if verbose {
            match console::mode() {
                console::Mode::Runner => console::send("debug", &[], &text),
                console::Mode::Terminal => console::line(&format!("debug: {text}")),
            }
        } else if level == Level::WARN {
            Annotation::new(Severity::Warning, text).emit(None);
        } else {
            console::line(&text);
        }
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
