//! A whole action: `greet --name Ada` on a laptop, `INPUT_NAME=Ada` under GitHub's runner.

use std::fmt;
use std::process::ExitCode;

use actions_core::action::{Action, ActionSpec, Context, Report, command, output, run};
use actions_core::{Env, Result};

actions_core::inputs! {
    /// Inputs of greet.
    pub struct Inputs {
        /// Who is greeted.
        name: String => input("name").required(),
        /// Print what would be done, and do nothing.
        dry_run: bool => input("dry-run").default("false"),
    }
}

struct Plan {
    name: String,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Greets {}", self.name)
    }
}

struct Greet;

impl Action for Greet {
    const SPEC: ActionSpec = ActionSpec {
        name: "greet",
        title: "Greet",
        description: "Greets somebody.",
        branding: ("green", "smile"),
        post: false,
        two_spellings: false,
        outputs: &[output("greeting", "What was said.")],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, _: &Context) -> Result<Plan> {
        Ok(Plan { name: inputs.name })
    }

    async fn execute(plan: Plan, _: &Context, report: &mut Report) -> Result<()> {
        let greeting = format!("Hello, {}!", plan.name);
        tracing::info!("{greeting}");
        report.output("greeting", greeting);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = command::<Inputs>(&Greet::SPEC).get_matches();
    run::<Greet>(Env::of_process(), &matches).await
}
