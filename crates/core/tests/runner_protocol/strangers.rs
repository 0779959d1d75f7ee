//! Text that somebody else chose: whatever it holds, the runner finds no command in what is printed of it.

use actions_core::runner::{Annotation, Level, console, log};
use runner_sim::{Conclusion, StepResult};

use crate::player::{body, play};

/// Pieces of commands, and of what could hide them or end a line.
const PIECES: &[&str] = &[
    "::",
    ":",
    "##[",
    "##",
    "[",
    "]",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{b}",
    "\u{c}",
    "\0",
    "\u{8}",
    "\u{1c}",
    "\u{a0}",
    "\u{3000}",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{1b}",
    "\u{1b}[31m",
    "\u{1b}[2K",
    "\u{1b}]0;",
    "\u{7}",
    "\u{1b}\\",
    "\u{9b}",
    "\u{9c}",
    "%0A",
    "%0D",
    "name",
    "\u{e9}",
    "set-output name=evil::1",
    "save-state name=evil::1",
    "set-output name=evil;]1",
    "stop-commands::pwned",
    "add-mask::name",
    "error]no",
    "error::no",
    "warning file=a::no",
    "add-path::/evil",
    "set-env name=EVIL::1",
    "group::no",
    "endgroup::",
    "add-matcher::x.json",
    "echo::on",
    "debug::no",
];
/// Texts of one run.
const TEXTS: usize = 4000;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self) -> String {
        (0..=self.below(9)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

pub(crate) fn scene() {
    log::init(false);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..TEXTS {
        let text = numbers.text();
        match round % 5 {
            0 => console::line(&text),
            1 => tracing::info!("{text}"),
            2 => console::guard_foreign_output().line(&text),
            3 => {
                let _outer = console::group(&text);
                let _nested = console::group(&numbers.text());
            }
            _ => {
                let guard = console::guard_foreign_output();
                console::line(&text);
                guard.line(&numbers.text());
                console::line(&numbers.text());
            }
        }
    }
    Annotation::new(Level::Notice, "still heard").emit(None);
}

/// A user's name, a label, a line of a Dockerfile, and a registry's message, as they are printed.
pub(crate) fn proofs() {
    log::init(false);
    tracing::info!(
        "Account: bob\r::set-output name=bento_tag::evil:1\r::save-state name=cache-snapshot::/some/folder\r::stop-commands::pwned"
    );
    tracing::info!("Label: msg=fix typo\r::set-output name=bento-tag::evil:1");
    console::line("FROM python:3.11\r::set-output name=digest::sha256:evil");
    tracing::info!("the registry answered 503: busy\r::set-output name=digest::sha256:evil; trying again in 0.7 s");
    Annotation::new(Level::Notice, "still heard").emit(None);
}

fn assert_no_command_was_found(result: &StepResult) {
    assert!(result.outputs.is_empty(), "{:?}", result.outputs);
    assert!(result.state.is_empty() && result.env.is_empty() && result.path.is_empty());
    let messages: Vec<_> = result.annotations.iter().map(|annotation| annotation.message.as_str()).collect();
    assert_eq!((messages, result.conclusion), (vec!["still heard"], Conclusion::Success));
    assert!(result.log.iter().any(|line| line.contains("name")), "`name` was not masked");
}

#[tokio::test]
async fn no_text_is_a_command() {
    assert_no_command_was_found(&play("strangers").await);
}

#[tokio::test]
async fn a_lone_return_begins_no_command() {
    let result = play("proofs").await;
    assert_no_command_was_found(&result);
    let log = body(&result);
    assert!(log.contains(&"Account: bob") && log.contains(&"FROM python:3.11"), "{log:#?}");
}
