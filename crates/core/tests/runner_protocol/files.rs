//! The command files: outputs, environment, PATH, state and the summary.

use crate::player::{Stage, job, play, play_in};

/// Values that a careless writer loses, or that inject a record of their own.
const VALUES: &[&str] = &[
    "",
    " ",
    "plain",
    "  kept  ",
    "a\nb",
    "a\r\nb",
    "a\r",
    "\r",
    "\n",
    "\n\nled",
    "trailed\n",
    "trailed\n\n",
    "k=v",
    "=v",
    "a<<b",
    "a<<EOF\nx\nEOF",
    "evil\nother=1",
    "evil<<X\n1\nX\n",
    "ghadelimiter_",
    "ghadelimiter_00000000-0000-4000-8000-000000000000",
    "%0A%25%",
    "::error::x",
    "##[error]x",
    "\u{fc}\u{1f371}",
    "\"quoted\" 'twice' $HOME `x`",
    "{\"json\": [1]}",
    "\t",
    "\u{2028}",
];

fn pairs() -> Vec<(String, String)> {
    let names = (0..).map(|number| format!("name-{number}_\u{fc}"));
    names.zip(VALUES).map(|(name, value)| (name, (*value).to_owned())).collect()
}

pub(crate) fn scene(stage: &Stage) {
    let files = &stage.files;
    files.set_outputs(&pairs()).unwrap();
    for (name, value) in pairs() {
        files.export(&name, &value).unwrap();
        files.save_state(&name, &value).unwrap();
    }
    // Refused before anything is written: a list with one of them leaves no trace.
    for name in ["", "a=b", "a<<b", "a\nb", "a\rb"] {
        let good_and_bad = [("early".to_owned(), "1".to_owned()), (name.to_owned(), "v".to_owned())];
        assert!(files.set_outputs(&good_and_bad).is_err(), "{name:?}");
        assert!(files.export(name, "v").is_err() && files.save_state(name, "v").is_err(), "{name:?}");
    }
    for name in ["NODE_OPTIONS", "node_options"] {
        assert!(files.export(name, "--require x").is_err());
    }
    for folder in ["/first", "/with space = and << and %25", "/\u{fc}"] {
        files.add_path(folder).unwrap();
    }
    assert!(files.add_path("/a\n/b").is_err());
    files.append_summary("# One\n").unwrap();
    files.append_summary("two | three\r\n").unwrap();
}

#[tokio::test]
async fn every_name_and_value_arrives_as_it_was() {
    let result = play("files").await;
    let expected = pairs();
    for (channel, got) in [("outputs", &result.outputs), ("state", &result.state), ("env", &result.env)] {
        assert_eq!(got.len(), expected.len(), "{channel}: {got:#?}");
        for (name, value) in &expected {
            assert_eq!(got.get(name), Some(value), "{channel}: {name}");
        }
    }
    let folders: Vec<_> = result.path.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    assert_eq!(folders, ["/first", "/with space = and << and %25", "/\u{fc}"]);
    assert_eq!(result.summary.as_deref(), Some("# One\ntwo | three\n"), "the runner reads lines");
    assert!(result.annotations.is_empty(), "{:?}", result.annotations);
}

pub(crate) fn summary_scene(stage: &Stage) {
    let large = format!("{}\n", "\u{e9}".repeat(300 * 1024));
    for text in ["first\n", &large, &large, "last\n"] {
        stage.files.append_summary(text).unwrap();
    }
}

#[tokio::test]
async fn a_summary_stays_under_the_limit_however_often_it_is_added_to() {
    let result = play("add to a summary").await;
    let summary = result.summary.clone().unwrap_or_else(|| panic!("it was refused: {:?}", result.annotations));
    assert!(summary.starts_with("first\n\u{e9}") && summary.contains("1 MiB"), "{} bytes", summary.len());
    assert!(summary.len() > 1000 * 1024 && summary.len() <= 1024 * 1024, "{} bytes", summary.len());
}

#[tokio::test]
async fn later_steps_see_what_an_earlier_one_exported() {
    let mut job = job();
    play_in(&mut job, "files").await;
    let shown = job.step(runner_sim::Step::run(["printenv", "PATH", "name-2_\u{fc}"])).await.unwrap();
    let log = shown.log.join("\n");
    assert!(log.contains("/\u{fc}:/with space = and << and %25:/first:"), "{log}");
    assert!(log.ends_with("\nplain"), "{log}");
}
