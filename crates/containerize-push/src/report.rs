//! What containerize-push tells: outputs, a summary, and the labels of the image.

use std::time::Duration;

use bento_core::action::{Context, Report};
use bento_core::runner::summary::escape;
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::push::{Added, Made};
use registry::Arrival;
use registry::Image;

/// What came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    tags: Vec<String>,
    image: Option<String>,
    metadata: Value,
    digest: String,
    image_id: String,
    size: Option<u64>,
    added: Vec<Added>,
}

impl Outcome {
    /// A pushed image.
    pub(crate) fn pushed(images: &[Image], mut metadata: Value, made: &Made, added: Vec<Added>) -> Self {
        let digest = made.manifest.digest.as_str();
        metadata["containerimage.digest"] = digest.into();
        metadata["containerimage.config.digest"] = made.image_id.as_str().into();
        metadata["image.name"] = images.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into();
        metadata["containerimage.descriptor"] = made.manifest.descriptor();
        Self {
            tags: images.iter().map(ToString::to_string).collect(),
            image: images.first().map(|image| format!("{}@{digest}", image.repository)),
            metadata,
            digest: digest.to_owned(),
            image_id: made.image_id.clone(),
            size: Some(made.size),
            added,
        }
    }

    /// An image on this machine.
    pub(crate) fn local(tags: Vec<String>, metadata: Value) -> Self {
        let field = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (digest, config) = (field("containerimage.digest"), field("containerimage.config.digest"));
        let image_id = if config.is_empty() { digest.clone() } else { config };
        Self { tags, image: None, digest, image_id, metadata, size: None, added: Vec::new() }
    }

    /// Fills the report.
    pub(crate) fn fill(&self, plan: &Plan, took: Duration, report: &mut Report) {
        let reused = self.added.iter().filter(|added| added.arrival == Arrival::Reused).count();
        report.output("imageid", &self.image_id);
        report.output("digest", &self.digest);
        report.output("metadata", format!("{:#}", self.metadata));
        report.output("tags", json!(self.tags).to_string());
        report.output("image", self.image.clone().unwrap_or_default());
        report.output("size", self.size.map(|size| size.to_string()).unwrap_or_default());
        report.output("layers-reused", reused.to_string());
        let tags: Vec<_> = self.tags.iter().map(|tag| escape(tag)).collect();
        let mut rows = vec![
            ("Bento", format!("**{}**", escape(&plan.bento.tag.to_string()))),
            ("Image", tags.join("<br>")),
            ("Digest", escape(&self.digest)),
            ("Size", self.size.map(bytes).unwrap_or_default()),
        ];
        for added in &self.added {
            let how = match added.arrival {
                Arrival::Reused => "reused",
                Arrival::Sent => "sent",
            };
            let layer = &added.layer;
            rows.push(("Layer", format!("{}, {}, {how}", escape(&layer.title), bytes(layer.plan.len()))));
        }
        rows.push(("Took", format!("{:.1} s", took.as_secs_f64())));
        rows.retain(|(_, value)| !value.is_empty());
        let heading = if self.image.is_some() { "Image pushed" } else { "Image built" };
        report.summary.heading(heading).table(&rows);
    }
}

/// The labels that tell where an image comes from, `key=value`. Those of the user come after them and win.
///
/// Source: the OCI image specification's "Pre-Defined Annotation Keys".
pub(crate) fn labels(plan: &Plan, ctx: &Context) -> Vec<String> {
    let event = &ctx.event;
    let source =
        if event.repository.is_empty() { String::new() } else { format!("{}/{}", event.server_url, event.repository) };
    let version = plan.bento.tag.version().unwrap_or_default();
    [
        ("org.opencontainers.image.source", source.as_str()),
        ("org.opencontainers.image.revision", &event.sha),
        ("org.opencontainers.image.created", &plan.bento.info.creation_time.to_string()),
        ("org.opencontainers.image.title", plan.bento.tag.name()),
        ("org.opencontainers.image.version", version),
        ("com.bentoml.bento.tag", &plan.bento.tag.to_string()),
        ("com.bentoml.version", plan.bento.info.bentoml_version()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| format!("{key}={value}"))
    .collect()
}

/// A size as people read it.
pub(crate) fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let size = bytes as f64;
    match bytes {
        0..1_048_576 => format!("{:.1} KiB", size / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", size / 1_048_576.0),
        _ => format!("{:.1} GiB", size / 1_073_741_824.0),
    }
}
