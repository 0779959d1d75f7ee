//! Which engine builds: what the input asks for, and what serves it on this machine.

use actions_core::action::inputs::{FromInput, choice};
use actions_core::action::{InputSpec, Kind as InputKind};
use actions_core::programs::find_on_path;
use actions_core::{Env, Result};

/// What the input `oci-backend` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// BuildKit through the docker CLI and its plugin.
    Buildx,
    /// The same where the docker CLI is, else the engine's API.
    Docker,
    /// Podman's service.
    Podman,
    /// The buildah CLI.
    Buildah,
    /// The nerdctl CLI.
    Nerdctl,
    /// BuildKit's own CLI.
    Buildctl,
}

const NAMES: [&str; 6] = ["buildx", "docker", "podman", "buildah", "nerdctl", "buildctl"];

impl FromInput for Backend {
    const KIND: InputKind = InputKind::Choice(&NAMES);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        let [buildx, docker, podman, buildah, nerdctl, buildctl] = NAMES;
        let backends = [
            (buildx, Self::Buildx),
            (docker, Self::Docker),
            (podman, Self::Podman),
            (buildah, Self::Buildah),
            (nerdctl, Self::Nerdctl),
            (buildctl, Self::Buildctl),
        ];
        choice(spec, value, &backends)
    }
}

/// What serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Buildx,
    Buildah,
    Nerdctl,
    Buildctl,
    /// The API of docker, spoken by docker or podman.
    Api,
}

/// All of them, in the order in which one is recommended.
pub(crate) const KINDS: [Kind; 5] = [Kind::Buildx, Kind::Buildah, Kind::Nerdctl, Kind::Buildctl, Kind::Api];

impl Kind {
    /// Looks for the docker CLI where that decides.
    pub(crate) fn of(backend: Backend, env: &Env) -> Self {
        match backend {
            Backend::Buildx => Self::Buildx,
            // docker's own `build` is buildx.
            Backend::Docker if find_on_path(env, "docker").is_some() => Self::Buildx,
            Backend::Docker | Backend::Podman => Self::Api,
            Backend::Buildah => Self::Buildah,
            Backend::Nerdctl => Self::Nerdctl,
            Backend::Buildctl => Self::Buildctl,
        }
    }

    /// As errors name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Buildx => "buildx",
            Self::Buildah => "buildah",
            Self::Nerdctl => "nerdctl",
            Self::Buildctl => "buildctl",
            Self::Api => "an engine's API (podman, or docker without its command line program)",
        }
    }
}
