//! One Bento made an image by both tools, and the comparison.

use std::process::Command;

use uuid::Uuid;

use crate::IS_ACTION;
use crate::archive::Archive;
use crate::base::{build_context, registry};
use crate::deliberate::DELIBERATE;
use crate::difference::{Difference, between};
use crate::project::{Project, output};

/// The images of one Bento, removed from the engine when dropped.
struct Images {
    /// By `bentoml containerize`.
    original: String,
    /// By the action, with `push: true`.
    pushed: String,
    /// By the action, with `load: true`.
    loaded: String,
}

/// Fails where an image that the action makes of the Bento `name`, pushed or loaded, differs from the original's in more than
/// what is deliberate.
pub(crate) fn assert_same(project: &Project, name: &str) {
    let images = Images::make(project, &project.build(name));
    let archive = Archive::save(&[&images.original, &images.pushed, &images.loaded], &project.temp());
    let original = archive.image(&images.original);
    let mut report = String::new();
    for (how, name) in [("pushed", &images.pushed), ("loaded", &images.loaded)] {
        let differences = between(&archive.image(name), &original);
        let unknown: Vec<&Difference> =
            differences.iter().filter(|one| !DELIBERATE.iter().any(|known| known.covers(one))).collect();
        if !unknown.is_empty() {
            report.push_str(&format!("\nthe {how} image of {name}, here against the original:\n"));
            report.extend(unknown.into_iter().map(|one| format!("  {one}\n")));
        }
    }
    assert!(report.is_empty(), "{report}");
}

impl Images {
    fn make(project: &Project, bento: &str) -> Self {
        let repository = format!("{}/test-compare-{}", registry(), Uuid::new_v4().simple());
        let image = |tag: &str| format!("{repository}:{tag}");
        // Made before anything can fail, so that what was made is removed.
        let images = Self { original: image("original"), pushed: image("pushed"), loaded: image("loaded") };
        let option = format!("build-context={}", build_context());
        let containerize = ["containerize", bento, "--backend", "buildx", "--image-tag", &images.original, "--opt"];
        // From the root, for BentoML opens a template of the user's only below its working directory.
        output(project.program("bentoml").args(containerize).arg(option).current_dir("/"));
        action(project, bento, &images.pushed, "PUSH");
        action(project, bento, &images.loaded, "LOAD");
        output(Command::new("docker").args(["pull", "--quiet", &images.pushed]));
        images
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        // What was not made cannot be removed.
        let _ = Command::new("docker")
            .args(["image", "rm", "--force", &self.original, &self.pushed, &self.loaded])
            .output();
    }
}

/// Runs the action.
fn action(project: &Project, bento: &str, image: &str, how: &str) {
    let mut action = Command::new(std::env::current_exe().unwrap());
    action.args(["--exact", "action_process", "--nocapture"]).current_dir(project.folder()).env_clear();
    for name in ["PATH", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "HOME"] {
        if let Some(value) = std::env::var_os(name) {
            action.env(name, value);
        }
    }
    action
        .env(IS_ACTION, "true")
        .env("GITHUB_ACTIONS", "true")
        .env("RUNNER_TEMP", project.temp())
        .env("BENTOML_HOME", project.home())
        .env("INPUT_BENTO-TAG", bento)
        .env("INPUT_TAGS", image)
        .env("INPUT_BUILD-CONTEXTS", build_context())
        .env(format!("INPUT_{how}"), "true");
    output(&mut action);
}
