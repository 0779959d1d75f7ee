//! Configurations in which clients easily differ, beside those at random: (action, state of the cloud, what the file holds
//! beside `name: dep-1` and `bento:`).

use crate::Case;

const BENTO: &str = "bento: single:aaaabbbbccccdddd\n";

const NAMED: &[(&str, &str, &str)] = &[
    // A cluster that is a number is a cluster.
    ("create", "none", "cluster: 1"),
    ("apply", "plain", "cluster: 1"),
    ("update", "plain", "cluster: 1"),
    // A null under a key that holds mappings takes nothing away.
    ("update", "full", "services:"),
    ("update", "full", "services: ~"),
    ("update", "canary", "canary: {versions: {next: {services: ~}}}"),
    ("create", "none", "dev: true"),
    ("create", "none", "dev: 'true'"),
    // Replica counts that are not there, or nothing.
    ("create", "none", "services: {Single: {scaling: {}}}"),
    ("create", "none", "services: {Single: {scaling: {min_replicas: null}}}"),
    ("create", "none", "services: {Single: {scaling: null}}"),
    ("update", "odd-scaling", "services: {Single: {instance_type: cpu.2}}"),
    ("create", "none", "canary: {versions: {v2: {bento: single:eeee, weight: 5, services: {Single: {scaling: {}}}}}}"),
    // Free keys, and keys with a type below them.
    (
        "create",
        "none",
        "services: {Single: {extras: {bento_function_overrides: {annotations: {a: 1, yes: off}, typo: x}}}}",
    ),
    ("create", "none", "services: {Single: {extras: {bento_request_overrides: {imageBuildTimeout: '3'}}}}"),
    ("create", "none", "services: {Single: {config_overrides: {t: 2024-01-02T03:04:05Z}}}"),
    ("create", "none", "services: {Single: {config_overrides: null}}"),
    ("create", "none", "services: {Single: {config_overrides: {yes: 1, 2024-01-02T03:04:05Z: 2, 1.5: 3, ~: 4}}}"),
    // Texts that YAML reads as something else.
    ("create", "none", "envs: [{name: A, value: 2024-01-02T03:04:05Z}]"),
    ("create", "none", "envs: [{name: A, value: 2024-01-02}]"),
    ("create", "none", "envs: [{name: A, value: 0.00001}, {name: B, value: 1.0E-7}, {name: C, value: 1e3}]"),
    ("create", "none", "envs: [{name: A, value: 18446744073709551616}]"),
    ("create", "none", "envs: [{name: A, value: -.inf}, {name: B, value: .nan}]"),
    ("create", "none", "envs: [{name: A, value: 'true'}, {name: B, value: true}, {name: C, value: 017}]"),
    ("create", "none", "envs: [{name: A, value: \"a\u{85}b\"}, {name: B, value: \"a\u{2028}b\"}]"),
    ("create", "none", "envs: [{name: A, value: a\u{85}b}]"),
    ("create", "none", "services: {yes: {}, 2: {}, .inf: {}, 2024-01-02: {}, 18446744073709551616: {}}"),
    ("create", "none", "services: {Single: {instance_type: 1, envs: [null]}}"),
    ("create", "none", "secrets: [2024, on]"),
    ("create", "none", "canary: {route_type: header, route_by: 1, versions: {2: {bento: 3, weight: 5}}}"),
    (
        "create",
        "none",
        "services: {Single: {scaling: {policy: {metrics: [{type: 1, value: 2}], scale_up_behavior: off}}}}",
    ),
    // Whole numbers in other forms.
    ("create", "none", "services: {Single: {scaling: {min_replicas: '1', max_replicas: 3.0}}}"),
    ("create", "none", "services: {Single: {scaling: {min_replicas: true}, cold_start_timeout: 30.0}}"),
    ("create", "none", "access_authorization: 0"),
    ("create", "none", "access_authorization: 1"),
    // Tags of YAML, and a mark of the byte order inside.
    ("create", "none", "envs: [{name: A, value: !!timestamp 2024-01-02}, {name: B, value: !!binary aGk=}]"),
    ("create", "none", "services: {Single: {config_overrides: {a: !!set {x, y}}}}"),
    ("create", "none", "envs: [{name: A, value: \"a\u{feff}b\"}]"),
    // What the server holds is not held to the rules for what the user writes.
    ("update", "odd-scaling", ""),
    ("update", "nulls", ""),
    ("update", "nulls", "services: {Single: {envs: [null, {name: A, value: b}]}}"),
    ("update", "bare-canary", ""),
    ("update", "bare-canary", "canary: {versions: {next: {weight: 5}}}"),
    // A target of which nobody says how much of the traffic it gets.
    ("update", "unweighed", ""),
    // What the real client refuses.
    ("create", "none", "envs: [{name: A}]"),
    ("create", "none", "envs: [{value: A}]"),
    ("create", "none", "envs: [[A, b]]"),
    ("create", "none", "labels: [{key: A}]"),
    ("create", "none", "canary: {route_type: cookie}"),
    ("create", "none", "services: {Single: {extras: {bento_function_overrides: {annotations: []}}}}"),
    ("create", "none", "services: {Single: {extras: {bento_request_overrides: {imageBuildTimeout: abc}}}}"),
    ("create", "none", "services: {Single: {extras: {bento_request_overrides: 3}}}"),
    ("create", "none", "services: {Single: [a]}"),
    ("create", "none", "envs: [{name: A, value: 2024-13-45}]"),
    ("create", "none", "services: {Single: {config_overrides: {a: .inf}}}"),
    ("create", "none", "services: {Single: {config_overrides: {a: 2024-01-02}}}"),
];

/// Names as YAML has them, of a Deployment that is created.
const NAMES: &[&str] = &["123", "1.5", "0x10", "~", "'a'", "1_0", "017"];

pub(crate) fn cases() -> Vec<Case> {
    let named =
        NAMED.iter().map(|(action, state, text)| Case { action, state, file: format!("name: dep-1\n{BENTO}{text}\n") });
    let names =
        NAMES.iter().map(|name| Case { action: "create", state: "none", file: format!("name: {name}\n{BENTO}") });
    named.chain(names).collect()
}
