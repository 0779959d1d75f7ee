//! Inputs: the runner's variables, set by its own rules from an action.yml, read by ours.

use actions_core::action::{Inputs, Values};
use actions_core::inputs;
use runner_sim::{Step, StepResult};

use crate::player::{Stage, command, job};

inputs! {
    /// One input of each kind.
    pub(crate) struct Example {
        /// A name with a hyphen.
        bento_tag: String => input("bento-tag").required(),
        /// A name with a space.
        with_space: String => input("with space").default("none"),
        /// A name in capitals.
        upper: String => input("UPPER_case").default("low"),
        /// A switch.
        wait: bool => input("wait").default("true"),
        /// A list.
        labels: Vec<String> => input("labels"),
    }
}

const ACTION: &str = "name: inputs
inputs:
  bento-tag: {required: true}
  with space: {default: none}
  UPPER_case: {default: low}
  wait: {default: 'true'}
  labels: {}
runs: {using: node24, main: main.js}
";

/// Starts the player with what the runner gave the action.
const MAIN: &str = "const { spawnSync } = require('child_process');
const [program, ...rest] = JSON.parse(process.env.PLAYER);
process.exitCode = spawnSync(program, rest, { stdio: 'inherit' }).status;
";

pub(crate) fn scene(stage: &Stage) {
    let text = match Example::read(&Values::of(&stage.env)) {
        Ok(read) => {
            let texts = [&read.bento_tag, &read.with_space, &read.upper];
            serde_json::json!([texts, read.wait, read.labels]).to_string()
        }
        Err(error) => error.full_text(),
    };
    stage.files.set_outputs(&[("read".into(), text)]).unwrap();
}

async fn read(with: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("action.yml"), ACTION).unwrap();
    std::fs::write(folder.path().join("main.js"), MAIN).unwrap();
    let step = Step::action(folder.path())
        .env("BENTO_TEST_SCENE", "inputs")
        .env("PLAYER", serde_json::to_string(&command()).unwrap());
    let step = with.iter().fold(step, |step, (name, value)| step.with(*name, *value));
    let result: StepResult = job().step(step).await.unwrap();
    result.outputs.get("read").unwrap_or_else(|| panic!("{:#?}", result.log)).clone()
}

#[tokio::test]
async fn inputs_arrive_by_name_trimmed_and_with_defaults() {
    assert_eq!(read(&[("bento-tag", "a:b")]).await, r#"[["a:b","none","low"],true,[]]"#);
    let with = [
        ("bento-tag", "  a:b \n"),
        ("with space", "x = y"),
        ("UPPER_case", "%0A"),
        ("wait", "FALSE"),
        ("labels", "\n a=1 \r\n\n  b=2,c\n"),
    ];
    assert_eq!(read(&with).await, r#"[["a:b","x = y","%0A"],false,["a=1","b=2,c"]]"#);
}

#[tokio::test]
async fn booleans_are_those_of_yaml_1_2_and_required_means_not_empty() {
    for (text, expected) in
        [("true", true), ("True", true), ("TRUE", true), ("false", false), ("False", false), ("FALSE", false)]
    {
        let read = read(&[("bento-tag", "a"), ("wait", text)]).await;
        assert_eq!(read, format!(r#"[["a","none","low"],{expected},[]]"#));
    }
    for text in ["yes", "on", "1", "0", "tRUE", "no"] {
        let read = read(&[("bento-tag", "a"), ("wait", text)]).await;
        assert!(read.contains("wait") && read.contains("true, True, TRUE, false, False, FALSE"), "{read}");
    }
    for with in [&[] as &[_], &[("bento-tag", "  ")]] {
        let read = read(with).await;
        assert!(read.starts_with("Input required and not supplied: bento-tag"), "{read}");
    }
}
