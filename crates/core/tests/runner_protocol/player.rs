//! The scenes: what a step does, each played in a process of its own.

use std::path::{Path, PathBuf};

use actions_core::Env;
use actions_core::runner::Files;
use actions_core::runner::console;
use actions_core::runner::console::Mode;
use runner_sim::{Job, Step, StepResult};

const SCENE: &str = "BENTO_TEST_SCENE";

/// What a scene finds when it starts.
pub(crate) struct Stage {
    pub(crate) env: Env,
    pub(crate) files: Files,
}

/// Plays a scene as a step of a job.
pub(crate) async fn play(scene: &str) -> StepResult {
    play_in(&mut job(), scene).await
}

/// A job in a workspace of its own.
pub(crate) fn job() -> Job {
    Job::new(workspace()).expect("a job")
}

/// The folder of all jobs.
pub(crate) fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runner-protocol");
    std::fs::create_dir_all(&folder).expect("a folder below target");
    folder.canonicalize().expect("it exists")
}

/// Plays a scene as the next step of this job.
pub(crate) async fn play_in(job: &mut Job, scene: &str) -> StepResult {
    let result = job.step(Step::run(command()).env(SCENE, scene)).await.expect("it runs");
    assert_eq!(result.exit_code, Some(0), "{:#?}", result.log);
    result
}

/// The command that plays the scene of the environment; the test harness prints a few lines around it.
pub(crate) fn command() -> Vec<String> {
    let program = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    [&program, "--exact", "player::plays", "--nocapture", "--quiet"].map(str::to_owned).to_vec()
}

/// The step that the other tests run; a test of its own it is not, and does nothing.
#[test]
fn plays() {
    let env = Env::of_process();
    let Some(scene) = env.get(SCENE).map(str::to_owned) else { return };
    console::init(Mode::Runner);
    let stage = Stage { files: Files::of(&env), env };
    match scene.as_str() {
        "files" => crate::files::scene(&stage),
        "add to a summary" => crate::files::summary_scene(&stage),
        "annotations" => crate::annotations::scene(&stage),
        "many annotations" => crate::annotations::many(),
        "masks" => crate::masks::scene(&stage),
        "lines" => crate::commands::lines(),
        "groups" => crate::commands::groups(),
        "foreign" => crate::commands::foreign(&stage),
        "silent" => crate::commands::silent(),
        "strangers" => crate::strangers::scene(),
        "proofs" => crate::strangers::proofs(),
        "a defect" => crate::defects::main(&stage),
        "a defect after the job" => crate::defects::post(&stage),
        "an undeclared output" => crate::defects::undeclared(&stage),
        "debug" => crate::commands::debug(),
        "inputs" => crate::inputs::scene(&stage),
        other => panic!("no scene {other}"),
    }
}

/// The lines of the step itself: without the head that the runner writes and the test harness's own.
pub(crate) fn body(result: &StepResult) -> Vec<&str> {
    let head = result.log.iter().position(|line| line == "##[endgroup]").map_or(0, |at| at + 1);
    let lines = result.log[head..].iter().map(String::as_str).filter(|line| !line.trim().is_empty());
    lines
        .filter(|line| !line.starts_with("running 1 test") && !line.starts_with("test result:") && *line != ".")
        .collect()
}
