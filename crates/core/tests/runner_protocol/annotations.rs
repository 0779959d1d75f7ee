//! Annotations: texts, places, and how many of them are kept.

use std::path::PathBuf;

use actions_core::Location;
use actions_core::runner::{Annotation, Level};
use runner_sim::Level as Seen;

use crate::player::{Stage, play, workspace};

const TEXT: &str = "100%: a, b; c\r\nsecond %0A line\n::error::no command\n##[error]nor this";

pub(crate) fn scene(stage: &Stage) {
    let folder = PathBuf::from(stage.env.get("GITHUB_WORKSPACE").expect("the runner's folder"));
    let at = |file: PathBuf, line, column| Some(Location { file, line, column });
    let odd = "src/a,b:c%25 \u{fc}.py";
    Annotation::new(Level::Error, TEXT)
        .title("100%, a: b\nc")
        .at(at(folder.join(odd), Some(3), Some(7)))
        .emit(Some(&folder));
    Annotation::new(Level::Warning, TEXT).at(at(PathBuf::from("/elsewhere/x.py"), Some(1), None)).emit(Some(&folder));
    Annotation::new(Level::Notice, TEXT).emit(None);
}

#[tokio::test]
async fn texts_and_places_arrive_as_they_were() {
    let result = play("annotations").await;
    let [error, warning, notice] = result.annotations.as_slice() else { panic!("{:#?}", result.annotations) };
    assert_eq!((error.level, warning.level, notice.level), (Seen::Error, Seen::Warning, Seen::Notice));
    for annotation in &result.annotations {
        assert_eq!(annotation.message, TEXT);
    }
    assert_eq!(error.title.as_deref(), Some("100%, a: b\nc"));
    assert_eq!(error.file.as_deref(), Some("src/a,b:c%25 \u{fc}.py"));
    assert_eq!((error.line, error.col), (Some(3), Some(7)));
    assert_eq!((warning.file.as_deref(), warning.line, warning.col), (Some("/elsewhere/x.py"), Some(1), None));
    assert_eq!((notice.file.as_deref(), notice.line, notice.title.as_deref()), (None, None, None));
    assert!(workspace().is_absolute());
}

pub(crate) fn many() {
    for number in 0..12 {
        Annotation::new(Level::Error, format!("{number} {}", "x".repeat(5000))).emit(None);
    }
}

#[tokio::test]
async fn the_runner_keeps_ten_and_cuts_long_ones() {
    let result = play("many annotations").await;
    assert_eq!((result.annotations.len(), result.annotations_dropped), (10, 2));
    assert!(result.annotations.iter().all(|annotation| annotation.message.len() == 4096));
}
