//! What may differ, each with its reason. All else must be the same.

use regex::Regex;

use crate::difference::{Aspect, Difference};

/// A difference that is there on purpose, or by chance in every build.
pub(crate) struct Deliberate {
    /// Matches the whole place.
    pub(crate) place: &'static str,
    pub(crate) aspect: Aspect,
    /// Why it is not a fault; for whoever reads the table.
    #[expect(dead_code, reason = "it is read in the source")]
    pub(crate) why: &'static str,
}

impl Deliberate {
    pub(crate) fn covers(&self, difference: &Difference) -> bool {
        let place = Regex::new(&format!("^(?:{})$", self.place)).unwrap();
        self.aspect == difference.aspect && place.is_match(&difference.place)
    }
}

/// All of them.
pub(crate) const DELIBERATE: &[Deliberate] = &[
    Deliberate {
        place: r".*/__pycache__/[^/]+\.pyc",
        aspect: Aspect::Contents,
        why: "Python writes the source's time into it, and what it knows of references while it compiles",
    },
    Deliberate {
        place: r"/usr/local/lib/python[^/]+/.*__pycache__/[^/]+\.pyc",
        aspect: Aspect::Presence,
        why: "Python writes it when a command of the build first imports the module as root",
    },
    Deliberate {
        place: r"/home/bentoml/bento/env/docker/Dockerfile",
        aspect: Aspect::Contents,
        why: "the Bento's own, where the original writes the one that it made for this build",
    },
    Deliberate {
        place: r"/home/bentoml/bento/models/.*",
        aspect: Aspect::Mode,
        why: "0644, or 0755 for what can be executed: the same model is the same layer, whoever made it",
    },
    Deliberate {
        place: r"/home/bentoml/bento/hf-models",
        aspect: Aspect::Presence,
        why: "made for every Bento, also for those of versions that know no models of the hub",
    },
    Deliberate {
        place: r"config/Labels/(org\.opencontainers\.image|com\.bentoml)\..*",
        aspect: Aspect::Value,
        why: "the original sets none",
    },
];
