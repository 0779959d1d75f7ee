//! Defects of an action: one annotation without secrets, an exit code of its own, nothing left behind.

use std::process::ExitCode;

use actions_core::action::{Action, ActionSpec, Context, Report, command, output, run};
use actions_core::runner::mask;
use actions_core::{Result, inputs};
use secrecy::SecretString;

use crate::player::{Stage, play};

const SECRET: &str = "defect-secret";

inputs! {
    /// What the broken action takes.
    pub(crate) struct Inputs {
        /// What to do wrong.
        wrong: String => input("wrong").default("panic"),
    }
}

struct Broken;

impl Action for Broken {
    const SPEC: ActionSpec = ActionSpec {
        name: "broken",
        title: "Broken",
        description: "Does something wrong.",
        branding: ("red", "x"),
        post: true,
        two_spellings: false,
        outputs: &[output("declared", "Something.")],
    };
    type Inputs = Inputs;
    type Plan = String;

    fn dry_run(_: &Inputs) -> bool {
        false
    }

    async fn plan(inputs: Inputs, _: &Context) -> Result<String> {
        Ok(inputs.wrong)
    }

    async fn execute(wrong: String, ctx: &Context, report: &mut Report) -> Result<()> {
        mask::add(&SecretString::from(SECRET));
        let _folder = ctx.temp_dir("half-made-")?;
        report.output("declared", "yes");
        assert!(wrong != "panic", "no way on with {SECRET}");
        report.output("undeclared", "no");
        Ok(())
    }

    async fn post(ctx: &Context) -> Result<()> {
        let _folder = ctx.temp_dir("half-made-")?;
        panic!("after the job");
    }
}

fn act(stage: &Stage, arguments: &[&str]) {
    let matches = command::<Inputs>(&Broken::SPEC).get_matches_from([&["broken"], arguments].concat());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let code: ExitCode = runtime.block_on(run::<Broken>(stage.env.clone(), &matches));
    let root = stage.env.path("RUNNER_TEMP").unwrap();
    let left =
        std::fs::read_dir(root).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with("half-"));
    actions_core::runner::console::line(&format!("ended with {code:?}, {} left", left.count()));
}

pub(crate) fn main(stage: &Stage) {
    act(stage, &[]);
}

pub(crate) fn post(stage: &Stage) {
    act(stage, &["--post"]);
}

pub(crate) fn undeclared(stage: &Stage) {
    act(stage, &["--wrong", "output"]);
}

/// The messages of a scene's annotations, and how its action ended.
async fn ended(scene: &str) -> (Vec<String>, String) {
    let result = play(scene).await;
    let last = result.log.iter().find(|line| line.starts_with("ended with")).expect("it ends");
    (result.annotations.iter().map(|annotation| annotation.message.clone()).collect(), last.clone())
}

#[tokio::test]
async fn a_panic_is_one_annotation_and_leaves_nothing_behind() {
    let (messages, last) = ended("a defect").await;
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(message.contains("defect of bento-actions") && message.contains("no way on with ***"), "{message}");
    assert!(last.contains("101") && last.ends_with("0 left"), "{last}");
    let (messages, last) = ended("a defect after the job").await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(last.contains("(0)") && last.ends_with("0 left"), "a post step fails no job: {last}");
}

#[tokio::test]
async fn an_output_that_is_not_declared_is_an_error() {
    let result = play("an undeclared output").await;
    assert_eq!(result.outputs.keys().collect::<Vec<_>>(), ["declared"]);
    assert!(result.errors()[0].contains("sets the output undeclared"), "{:?}", result.errors());
    let last = result.log.iter().find(|line| line.starts_with("ended with")).expect("it ends");
    assert!(last.contains("(1)"), "{last}");
}
