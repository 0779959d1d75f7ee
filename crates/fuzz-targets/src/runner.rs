//! The protocol of GitHub's runner.

use actions_core::Env;
use actions_core::runner::Files;
use arbitrary::Unstructured;

/// Outputs as an action writes them are the outputs that the runner reads; and any bytes in the file are read or refused.
pub(crate) fn command_files(data: &[u8]) {
    let _ = runner_sim::fuzzing::parse_pairs(&String::from_utf8_lossy(data));

    let mut input = Unstructured::new(data);
    let Ok(outputs) = input.arbitrary::<Vec<(String, String)>>() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("output");
    std::fs::write(&file, "").expect("a file");
    let mut env = Env::default();
    env.set("GITHUB_OUTPUT", file.to_str().expect("Unicode"));
    if Files::of(&env).set_outputs(&outputs).is_err() {
        return;
    }
    let written = std::fs::read_to_string(&file).expect("a file of text");
    let (read, result) = runner_sim::fuzzing::parse_pairs(&written);
    assert_eq!(result, Ok(()), "{written:?}");
    assert_eq!(read, outputs, "{written:?}");
}
