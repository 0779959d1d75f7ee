//! Makes sure that a repository has a folder or file as a layer: `upload HOST/NAME FOLDER-OR-FILE`.
//!
//! It prints the layer's digest and whether it was sent or reused. The benchmark measures it beside `curl`.

use std::path::Path;
use std::process::ExitCode;

use actions_core::action::Cancel;
use actions_core::runner::{console, log};
use actions_core::{Env, Error, Result};
use archive::FixedPlan;
use registry::{Image, LayerSource, Logins, Registry};

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let env = Env::of_process();
    log::init(env.flag("RUNNER_DEBUG"));
    match run(&env, &std::env::args().skip(1).collect::<Vec<_>>()).await {
        Ok(text) => {
            console::line(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            console::line(&error.full_text());
            ExitCode::FAILURE
        }
    }
}

async fn run(env: &Env, arguments: &[String]) -> Result<String> {
    let [name, path] = arguments else { return Err(Error::input("usage: upload HOST/NAME FOLDER-OR-FILE")) };
    let Image { repository, .. } = name.parse()?;
    let cancel = Cancel::default();
    let logins = Logins::default().resolve(&[&repository.registry], env, &cancel).await?;
    let registry = Registry::new(&repository, logins.credentials(&repository.registry), &[], &cancel)?;
    let mut layer = FixedPlan::new(0, 0);
    layer.tree("content", Path::new(path))?;
    let (layer, arrival) = registry.add_layer(&LayerSource::new(path.clone(), layer.finish())).await?;
    Ok(format!("{} {}", layer.digest, format!("{arrival:?}").to_lowercase()))
}
