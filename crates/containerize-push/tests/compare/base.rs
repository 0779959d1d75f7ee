//! The base image in place of `python:X.Y-slim`, in which a package is installed without what it depends on: what is not in
//! question here takes most of the time.

use std::process::Command;
use std::sync::OnceLock;

use crate::project::{NEWEST, Project, output};

/// Kept in the registry with the tests' other images: the next run finds it in the engine's cache.
const REPOSITORY: &str = "test-compare-base";

const DOCKERFILE: &str = "\
RUN mkdir -p /etc/uv && printf '[pip]\\nno-deps = true\\n' > /etc/uv/uv.toml \\
    && printf '[install]\\nno-deps = true\\n' > /etc/pip.conf && pip install uv
";

/// The build context that stands in for the base image that Bentos of the tests' Python ask for, as both tools take it.
///
/// A missing engine is a failure: a test that did not run has shown nothing.
pub(crate) fn build_context() -> &'static str {
    static CONTEXT: OnceLock<String> = OnceLock::new();
    CONTEXT.get_or_init(|| {
        assert!(
            std::net::TcpStream::connect(registry()).is_ok(),
            "no registry at {}: use `cargo xtask test`, or `eval \"$(scripts/docker-engine up)\"`",
            registry()
        );
        let project = Project::new(NEWEST);
        let version = "import sys; print('%d.%d' % sys.version_info[:2], end='')";
        let version = output(project.program("python").args(["-c", version]));
        let (base, image) = (format!("python:{version}-slim"), format!("{}/{REPOSITORY}:{version}", registry()));
        let context = project.temp();
        std::fs::write(context.join("Dockerfile"), format!("FROM {base}\n{DOCKERFILE}")).unwrap();
        let build = ["buildx", "build", "--quiet", "--provenance=false", "--push", "--tag", &image];
        output(Command::new("docker").args(build).arg(&context));
        format!("{base}=docker-image://{image}")
    })
}

/// The registry of the tests.
pub(crate) fn registry() -> String {
    std::env::var("BENTO_TEST_REGISTRY").unwrap_or_else(|_| "127.0.0.1:5000".into())
}
