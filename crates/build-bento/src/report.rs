//! What build-bento tells: outputs and summary.

use actions_core::action::Report;
use actions_core::runner::summary::escape;
use actions_core::{Context as _, Result};
use bento_format::size_of;

use crate::Built;

/// Fills the report.
pub(crate) fn fill(report: &mut Report, built: &Built) -> Result<()> {
    let metadata = serde_json::to_string_pretty(built.info.fields())
        .context(|| format!("failed to write the metadata of {}", built.tag))?;
    report.output("bento-tag", built.tag.to_string());
    report.output("bento-name", built.tag.name());
    report.output("bento-version", built.tag.version().unwrap_or_default());
    report.output("bento-path", built.path.display().to_string());
    report.output("bento-metadata", metadata.clone());
    report.output("metadata", metadata);
    report.output("digest", built.digest.clone().unwrap_or_default());
    report.output("cache-hit", built.is_kept.to_string());
    let models: Vec<_> = built.info.models.iter().map(|model| escape(&model.tag.to_string())).collect();
    let size = size_of(&built.path).map(megabytes).unwrap_or_default();
    let rows = [
        ("Bento", format!("**{}**", escape(&built.tag.to_string()))),
        ("Size", size),
        ("Models", models.join("<br>")),
        ("Python", escape(built.info.python_version().unwrap_or_default())),
        ("BentoML", escape(built.info.bentoml_version())),
        ("Digest", built.digest.clone().unwrap_or_default()),
        ("Took", format!("{:.1} s", built.duration.as_secs_f64())),
    ];
    let rows: Vec<_> = rows.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    report.summary.heading(if built.is_kept { "Nothing built: the Bento is there already" } else { "Bento built" });
    report.summary.table(&rows);
    Ok(())
}

fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let size = bytes as f64;
    match bytes {
        0..1_048_576 => format!("{:.1} KiB", size / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", size / 1_048_576.0),
        _ => format!("{:.1} GiB", size / 1_073_741_824.0),
    }
}
