//! Does the pushed image serve? It is run as a container, which is asked for `/readyz` from within: no port is opened.

use std::time::{Duration, Instant};

use actions_core::action::{Cancel, Context};
use actions_core::{Cause, Error, Result};
use uuid::Uuid;

use crate::engine::{Containers, Engine};
use crate::plan::Plan;
use crate::workspace::Workspace;

/// The states by which the post step finds a container that was left.
pub(crate) const CONTAINER: &str = "container";
/// What the names of containers begin with.
pub(crate) const NAMES: &str = "bento-verify-";
/// Who runs it.
pub(crate) const ENGINE: &str = "engine";
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long taking the container away may take after a cancellation.
const FAREWELL: Duration = Duration::from_millis(2500);
/// The same, where there is time.
const PATIENCE: Duration = Duration::from_secs(30);

const HINT: &str =
    "The image is pushed. Its log above tells why; a service that loads long needs a larger verify-timeout.";

/// Asks the service where it listens, past any proxy.
const PROBE: &str = "import os, urllib.request as r; p = os.environ.get('PORT') or os.environ.get('BENTOML_PORT') or '3000'; \
    r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{p}/readyz', timeout=5)";

/// Runs the image until it is ready, and takes it away again.
///
/// # Errors
/// It does not start, ends, or is not ready in time: the end of its log is shown.
pub(crate) async fn verify(
    image: &str,
    plan: &Plan,
    engine: &Engine,
    workspace: &Workspace,
    ctx: &Context,
) -> Result<Duration> {
    let start = Instant::now();
    let containers = engine.containers(workspace)?;
    let name = format!("{NAMES}{}", Uuid::new_v4().simple());
    // Before it is started: the post step is to find it whenever we are killed.
    ctx.files.save_state(CONTAINER, &name)?;
    ctx.files.save_state(ENGINE, containers.state())?;
    tracing::info!("running {image} until it is ready");
    let limit = plan.inputs.verify_timeout;
    // No question is without an end: neither the pull nor an engine that stopped answering outlasts the limit.
    let tried = match tokio::time::timeout(limit, try_out(&containers, &name, image, plan, engine, ctx)).await {
        Ok(tried) => tried.map(|()| start.elapsed()),
        Err(_) => {
            Err(Error::new(Cause::Timeout, format!("{image} was not ready within {} s", limit.as_secs())).hint(HINT))
        }
    };
    if tried.as_ref().is_err_and(|error| matches!(error.cause(), Cause::Timeout | Cause::Deployment)) {
        containers.show_log(&name, &ctx.cancel).await;
    }
    let removing = async {
        let removed = containers.remove(&name).await;
        engine.forget(image, &Cancel::default()).await;
        removed
    };
    let patience = if ctx.cancel.is_cancelled() { FAREWELL } else { PATIENCE };
    match tokio::time::timeout(patience, removing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if tried.is_ok() => tracing::warn!("{}", error.full_text()),
        // There may be none; and the post step tries again.
        _ => {}
    }
    if let Ok(took) = &tried {
        tracing::info!("{image} is ready after {:.1} s", took.as_secs_f64());
    }
    tried
}

/// Starts it, and waits for as long as it runs.
async fn try_out(
    containers: &Containers,
    name: &str,
    image: &str,
    plan: &Plan,
    engine: &Engine,
    ctx: &Context,
) -> Result<()> {
    let registry =
        plan.destination.push.iter().flat_map(|push| &push.images).map(|image| &image.repository.registry).next();
    let credentials = registry.and_then(|registry| engine.credentials(plan, registry));
    containers.start(name, image, credentials, &ctx.cancel).await?;
    while !containers.succeeds(name, &["python", "-c", PROBE], &ctx.cancel).await? {
        if !containers.runs(name, &ctx.cancel).await? {
            return Err(Error::new(Cause::Deployment, format!("{image} ended before it was ready")).hint(HINT));
        }
        ctx.cancel.run(tokio::time::sleep(PAUSE)).await?;
    }
    Ok(())
}
