//! Is there room for the image? Better told before a build than in the middle of it.

use std::path::Path;

use actions_core::action::Context;
use actions_core::{Result, disk};

use crate::engine::Engine;
use crate::plan::Plan;
use crate::recipe::Way;

/// What an image without models needs at the least, bytes: a slim Python and BentoML's own packages.
const LEAST: u64 = 512 * 1024 * 1024;
/// What is written beside, bytes.
const BESIDE: u64 = 16 * 1024 * 1024;

/// Asks where files are written by us, and by the engine where that is on this machine.
///
/// # Errors
/// There is too little; both sizes are told.
pub(crate) async fn check(plan: &Plan, engine: &Engine, ctx: &Context) -> Result<()> {
    let what = format!("the image of {}", plan.bento.tag);
    disk::require(&ctx.temp_root(), BESIDE, &what)?;
    let Some(root) = engine.data_root(ctx).await? else { return Ok(()) };
    let comes = |way: Way| matches!(way, Way::Contexts | Way::Inside);
    let carried = [&plan.pushed, &plan.local].into_iter().flatten().any(|recipe| comes(recipe.way));
    let models: u64 = plan.bento.models.iter().filter(|_| carried).filter_map(|model| model.size()).sum();
    // Once as it came, once as a layer. Models that are grafted never get there.
    let needed = LEAST.saturating_add(models.saturating_mul(2));
    if Path::new(&root).is_dir() { disk::require(Path::new(&root), needed, &what) } else { Ok(()) }
}
