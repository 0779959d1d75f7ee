//! Pushes or pulls one model or Bento: `transfer push|pull model|bento NAME:VERSION`.
//!
//! Endpoint and token come from BENTO_CLOUD_API_ENDPOINT and BENTO_CLOUD_API_KEY, the store from BENTOML_HOME. The
//! benchmark measures it beside `bentoml models push` and `bentoml models pull`.

use std::process::ExitCode;

use actions_core::action::{Cancel, Context};
use actions_core::runner::{console, log};
use actions_core::{Env, Error, Result};
use bento_format::{Kind, ModelWanted, Store};
use bentocloud::Client;
use bentocloud::variables::{BENTO_CLOUD_API_ENDPOINT, BENTO_CLOUD_API_KEY};

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let env = Env::of_process();
    log::init(env.flag("RUNNER_DEBUG"));
    match run(env, &std::env::args().skip(1).collect::<Vec<_>>()).await {
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

async fn run(env: Env, arguments: &[String]) -> Result<String> {
    let usage = || Error::input("usage: transfer push|pull model|bento NAME:VERSION");
    let [verb, kind, tag] = arguments else { return Err(usage()) };
    let tag = tag.parse()?;
    let token = env.get(BENTO_CLOUD_API_KEY).unwrap_or_default().into();
    let store = Store::of(&env)?;
    let ctx = Context::new(env, Cancel::default());
    let client = Client::connect(ctx.env.get(BENTO_CLOUD_API_ENDPOINT), &token, &ctx)?;
    let kind = match kind.as_str() {
        "bento" => Kind::Bento,
        "model" => Kind::Model,
        _ => return Err(usage()),
    };
    Ok(match (verb.as_str(), kind) {
        ("push", Kind::Bento) => format!("{:?}", client.push_bento(&store, &tag, false, &ctx.env).await?),
        ("push", Kind::Model) => format!("{:?}", client.push_model(&store, &tag, false).await?),
        ("pull", Kind::Bento) => format!("{:?}", client.pull_bento(&store, &tag, true).await?),
        ("pull", Kind::Model) => format!("{:?}", client.pull_model(&store, &ModelWanted { tag, filter: None }).await?),
        _ => return Err(usage()),
    })
}
