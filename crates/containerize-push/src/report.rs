//! What containerize-push tells: outputs, a summary, and the labels of the image.

use std::time::Duration;

use actions_core::action::{Context, Report};
use actions_core::disk::readable;
use actions_core::runner::summary::escape;
use registry::Arrival;
use serde_json::{Value, json};

use crate::assemble::Made;
use crate::graft::set;
use crate::output::Push;
use crate::plan::Plan;
use crate::push::Added;

/// What came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    tags: Vec<String>,
    image: Option<String>,
    metadata: Value,
    digest: String,
    image_id: String,
    size: Option<u64>,
    layers: Vec<(String, u64)>,
    added: Vec<Added>,
    took: Option<Took>,
    ready: Option<Duration>,
}

/// How long the parts of a push took. Models are added while the engine builds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) building: Duration,
    pub(crate) adding: Duration,
    pub(crate) tagging: Duration,
}

impl Outcome {
    /// A pushed image.
    pub(crate) fn pushed(push: &Push, mut metadata: Value, made: Made, added: Vec<Added>) -> Self {
        let digest = made.manifest.digest.clone();
        let names = push.images.iter().filter(|_| push.tagged).map(ToString::to_string).collect::<Vec<_>>();
        set(&mut metadata, "containerimage.digest", digest.as_str());
        set(&mut metadata, "containerimage.config.digest", made.image_id.as_str());
        set(&mut metadata, "image.name", names.join(","));
        set(&mut metadata, "containerimage.descriptor", made.manifest.descriptor());
        Self {
            tags: names,
            image: push.images.first().map(|image| format!("{}@{digest}", image.repository)),
            metadata,
            digest,
            image_id: made.image_id,
            size: Some(made.size),
            layers: made.layers,
            added,
            took: None,
            ready: None,
        }
    }

    /// With how long it took.
    pub(crate) fn with_times(self, took: Took) -> Self {
        Self { took: Some(took), ..self }
    }

    /// With how long its container took to be ready, where one was tried and was.
    pub(crate) fn with_readiness(self, ready: Option<Duration>) -> Self {
        Self { ready, ..self }
    }

    /// The pushed image, `name@digest`.
    pub(crate) fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// An image on this machine.
    pub(crate) fn local(tags: Vec<String>, metadata: Value) -> Self {
        let field = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (digest, config) = (field("containerimage.digest"), field("containerimage.config.digest"));
        let image_id = if config.is_empty() { digest.clone() } else { config };
        Self {
            tags,
            image: None,
            digest,
            image_id,
            metadata,
            size: None,
            layers: Vec::new(),
            added: Vec::new(),
            took: None,
            ready: None,
        }
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
            ("Size", self.size.map(readable).unwrap_or_default()),
        ];
        match &self.took {
            Some(Took { building, adding, tagging }) => {
                rows.push(("Build", seconds(*building)));
                if !self.added.is_empty() {
                    rows.push(("Models, meanwhile", seconds(*adding)));
                }
                rows.push(("Tags", seconds(*tagging)));
                rows.extend(self.ready.map(|ready| ("Pulled, run and ready", seconds(ready))));
                rows.push(("Together", seconds(took)));
            }
            None => rows.push(("Took", seconds(took))),
        }
        rows.retain(|(_, value)| !value.is_empty());
        let heading = if self.image.is_some() { "Image pushed" } else { "Image built" };
        report.summary.heading(heading).table(&rows);
        let layers = self.layer_rows();
        let layers: Vec<_> = layers.iter().map(|(title, text)| (title.as_str(), text.clone())).collect();
        report.summary.table(&layers);
    }

    /// The layers, those of the models with what became of them.
    fn layer_rows(&self) -> Vec<(String, String)> {
        let ours = |digest: &str| self.added.iter().find(|added| added.layer.digest == digest);
        let (models, others): (Vec<_>, Vec<_>) = self.layers.iter().partition(|(digest, _)| ours(digest).is_some());
        let models = models.into_iter().filter_map(|(digest, size)| {
            let added = ours(digest)?;
            let how = match added.arrival {
                Arrival::Reused => "reused",
                Arrival::Sent => "new",
            };
            Some((format!("Layer: {}", added.layer.title), format!("{}, {how}", readable(*size))))
        });
        let sum = others.iter().fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        let engine = (!others.is_empty()).then(|| (format!("{} layers of the build", others.len()), readable(sum)));
        engine.into_iter().chain(models).collect()
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// The labels that tell where an image comes from, `key=value`.
pub(crate) fn labels(plan: &Plan, ctx: &Context) -> Vec<String> {
    facts(plan, ctx).into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// What labels and annotations tell.
///
/// Source: the OCI image specification's "Pre-Defined Annotation Keys".
pub(crate) fn facts(plan: &Plan, ctx: &Context) -> Vec<(&'static str, String)> {
    let event = &ctx.event;
    let source =
        if event.repository.is_empty() { String::new() } else { format!("{}/{}", event.server_url, event.repository) };
    let facts = [
        ("org.opencontainers.image.source", source),
        ("org.opencontainers.image.revision", event.sha.clone()),
        ("org.opencontainers.image.created", plan.bento.info.creation_time.to_string()),
        ("org.opencontainers.image.title", plan.bento.tag.name().to_owned()),
        ("org.opencontainers.image.version", plan.bento.tag.version().unwrap_or_default().to_owned()),
        ("com.bentoml.bento.tag", plan.bento.tag.to_string()),
        ("com.bentoml.version", plan.bento.info.bentoml_version().to_owned()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}
