//! What may stand under each key of a v2 Deployment's configuration: the classes of the Python client (`schemasv2.py`,
//! `modelschemas.py` of 1.4), each field with the conversion that its type stands for.

/// What a value is turned into.
#[derive(Debug)]
pub(super) enum Slot {
    /// `str()`.
    Text,
    /// `bool()`.
    Truth,
    /// `int()`.
    Number,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Whatever JSON has.
    Any,
    /// A mapping of whatever JSON has.
    Free,
    /// A list.
    List(&'static Slot),
    /// A mapping with any keys, each holding the same.
    Each(&'static Slot),
    /// A mapping with these keys.
    Keys(&'static [Key]),
    /// The same or nothing, which is sent as `null`.
    Opt(&'static Slot),
}

/// A key of a mapping.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub slot: Slot,
    /// What is sent where the key is absent.
    pub absent: Absent,
}

/// What is sent for a key that is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// Nothing can be: the key must be there.
    Refused,
    Null,
    False,
    EmptyMapping,
    /// The key names the Deployment; its configuration does not contain it.
    NotSent,
}

use Slot::{Any, Each, Free, Keys, List, Number, OneOf, Opt, Text, Truth};

const fn key(name: &'static str, slot: Slot) -> Key {
    Key { name, slot, absent: Absent::Null }
}

const fn or(name: &'static str, slot: Slot, absent: Absent) -> Key {
    Key { name, slot, absent }
}

/// How a new revision may replace the old one.
const STRATEGIES: Slot = OneOf(&["RollingUpdate", "Recreate", "RampedSlowRollout", "BestEffortControlledRollout"]);

const ENV: Slot = Keys(&[or("name", Text, Absent::Refused), or("value", Text, Absent::Refused)]);
const LABEL: Slot = Keys(&[or("key", Text, Absent::Refused), or("value", Text, Absent::Refused)]);
const METRIC: Slot = Keys(&[or("type", Text, Absent::Refused), or("value", Any, Absent::Refused)]);
const POLICY: Slot = Keys(&[
    key("metrics", Opt(&List(&METRIC))),
    key("scale_down_behavior", Opt(&Text)),
    key("scale_up_behavior", Opt(&Text)),
    key("scale_down_stabilization_window", Opt(&Number)),
    key("scale_up_stabilization_window", Opt(&Number)),
]);
const SCALING: Slot =
    Keys(&[key("min_replicas", Opt(&Number)), key("max_replicas", Opt(&Number)), key("policy", Opt(&POLICY))]);
const EXTRAS: Slot = Keys(&[
    key(
        "bento_function_overrides",
        Opt(&Keys(&[
            key("annotations", Opt(&Each(&Text))),
            key("monitorExporter", Opt(&Free)),
            key("extraPodMetadata", Opt(&Free)),
            key("extraPodSpec", Opt(&Free)),
        ])),
    ),
    key(
        "bento_request_overrides",
        Opt(&Keys(&[
            key("imageBuildTimeout", Number),
            key("imageBuilderExtraPodMetadata", Opt(&Free)),
            key("imageBuilderExtraPodSpec", Opt(&Free)),
            key("imageBuilderExtraContainerEnv", Opt(&List(&Free))),
            key("imageBuilderContainerResources", Opt(&Free)),
            key("dockerConfigJsonSecretName", Opt(&Text)),
            key("downloaderContainerEnvFrom", Opt(&Free)),
        ])),
    ),
]);
const SERVICE: Slot = Keys(&[
    key("instance_type", Opt(&Text)),
    key("scaling", Opt(&SCALING)),
    key("envs", Opt(&List(&Opt(&ENV)))),
    key("deployment_strategy", Opt(&STRATEGIES)),
    key("extras", Opt(&EXTRAS)),
    key("cold_start_timeout", Opt(&Number)),
    or("config_overrides", Opt(&Free), Absent::EmptyMapping),
]);
const VERSION: Slot = Keys(&[
    key("envs", Opt(&List(&ENV))),
    key("secrets", Opt(&List(&Text))),
    or("services", Each(&SERVICE), Absent::EmptyMapping),
    key("bento", Opt(&Text)),
    key("weight", Opt(&Number)),
]);
const CANARY: Slot = Keys(&[
    key("route_type", Opt(&OneOf(&["random", "header", "query"]))),
    key("route_by", Opt(&Text)),
    key("versions", Opt(&Each(&VERSION))),
]);

/// A whole file.
pub(super) const FILE: Slot = Keys(FILE_KEYS);
/// The keys of a file.
pub(super) const FILE_KEYS: &[Key] = &[
    or("name", Opt(&Text), Absent::NotSent),
    or("cluster", Opt(&Text), Absent::NotSent),
    or("bento", Opt(&Text), Absent::NotSent),
    or("dev", Truth, Absent::NotSent),
    // Written by older clients, ignored by all since.
    or("distributed", Any, Absent::NotSent),
    or("access_authorization", Truth, Absent::False),
    key("envs", Opt(&List(&ENV))),
    key("labels", Opt(&List(&LABEL))),
    key("secrets", Opt(&List(&Text))),
    or("services", Each(&SERVICE), Absent::EmptyMapping),
    key("canary", Opt(&CANARY)),
];
