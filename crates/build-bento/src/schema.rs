//! What BentoML 1.4 takes in a build configuration: the keys, and what may stand below each.
//!
//! Source: the classes of BentoML's `_internal/bento/build_config.py`; a test asks them.

use bento_format::project::step;
use serde_json::Value;

/// The newest BentoML whose keys are known here.
pub(crate) const KNOWN: &str = "1.4.39";

/// Lists that BentoML 1.4 makes of the letters of a text, and of the keys of a mapping.
pub(crate) const LISTS: [&str; 6] =
    ["/include", "/exclude", "/docker/system_packages", "/conda/channels", "/conda/dependencies", "/conda/pip"];

/// What stands below a key, in BentoML's form. `*` is any item.
const SHAPES: [(&str, Shape, &str); 25] = [
    ("", Shape::Mapping, "a mapping"),
    ("/labels", Shape::Mapping, "a mapping of texts"),
    ("/include", Shape::List, "a list of patterns"),
    ("/exclude", Shape::List, "a list of patterns"),
    ("/docker", Shape::Mapping, "a mapping"),
    ("/docker/system_packages", Shape::List, "a list of texts"),
    ("/python", Shape::Mapping, "a mapping"),
    ("/python/packages", Shape::List, "a list of texts"),
    ("/python/wheels", Shape::List, "a list of texts"),
    ("/python/trusted_host", Shape::Texts, "a text or a list of texts"),
    ("/python/find_links", Shape::Texts, "a text or a list of texts"),
    ("/python/extra_index_url", Shape::Texts, "a text or a list of texts"),
    ("/python/requirements_txt", Shape::Text, "a text"),
    ("/python/index_url", Shape::Text, "a text"),
    ("/python/pip_args", Shape::Text, "a text"),
    ("/python/no_index", Shape::Boolean, "true or false"),
    ("/conda", Shape::Mapping, "a mapping"),
    ("/conda/channels", Shape::List, "a list of texts"),
    ("/conda/dependencies", Shape::List, "a list of texts, and at most one mapping with the key pip"),
    ("/conda/pip", Shape::List, "a list of texts"),
    ("/models", Shape::List, "a list of tags, or of mappings with tag, filter and alias"),
    ("/models/*", Shape::Model, "a tag, or a mapping with tag, filter and alias"),
    ("/envs", Shape::List, "a list of mappings with name, value and stage"),
    ("/envs/*", Shape::Mapping, "a mapping with name, value and stage"),
    ("/args", Shape::Mapping, "a mapping"),
];

/// The keys of each mapping whose keys BentoML checks.
pub(crate) const KEYS: [(&str, &[&str]); 5] = [
    (
        "",
        &[
            "service",
            "name",
            "description",
            "labels",
            "include",
            "exclude",
            "docker",
            "python",
            "conda",
            "models",
            "envs",
            "args",
        ],
    ),
    (
        "/docker",
        &[
            "distro",
            "python_version",
            "cuda_version",
            "env",
            "system_packages",
            "setup_script",
            "base_image",
            "dockerfile_template",
        ],
    ),
    (
        "/python",
        &[
            "requirements_txt",
            "packages",
            "lock_packages",
            "pack_git_packages",
            "index_url",
            "no_index",
            "trusted_host",
            "find_links",
            "extra_index_url",
            "pip_args",
            "wheels",
            "is_src_layout",
        ],
    ),
    ("/conda", &["environment_yml", "channels", "dependencies", "pip"]),
    ("/models/*", &["tag", "filter", "alias"]),
];

/// Texts that are one of a few.
pub(crate) const WORDS: [(&str, &[&str]); 2] =
    [("/docker/distro", &["amazonlinux", "ubi8", "debian", "alpine"]), ("/envs/*/stage", &["all", "build", "runtime"])];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Texts,
    Boolean,
    List,
    Mapping,
    Model,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value.is_string() || value.is_array(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Mapping => value.is_object(),
            Self::Model => value.is_string() || value.is_object(),
        }
    }
}

/// What BentoML means to find at this pointer, where the value is of another kind.
pub(crate) fn misfit(pointer: &str, value: &Value) -> Option<&'static str> {
    let at_place = |place: &str| match place.strip_suffix("/*") {
        Some(list) => pointer.rsplit_once('/').is_some_and(|(above, _)| above == list),
        None => place == pointer,
    };
    SHAPES.iter().find(|(place, shape, _)| at_place(place) && !shape.fits(value)).map(|(_, _, takes)| *takes)
}

/// The pointers of all values of another kind than BentoML takes, each with what it takes. Some of another kind it takes,
/// and makes something else of them.
pub(crate) fn refused(value: &Value) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (place, shape, takes) in SHAPES {
        for pointer in pointers(place, value) {
            let Some(value) = value.pointer(&pointer) else { continue };
            // Of the sections below the top nothing is as good as no value.
            let is_unset = value.is_null() && (LISTS.contains(&place) || place.starts_with("/python/"));
            let is_iterated =
                (value.is_string() || value.is_object()) && (LISTS.contains(&place) || place == "/models");
            if !shape.fits(value) && !is_unset && !is_iterated {
                found.push((pointer, takes));
            }
        }
    }
    found
}

/// The pointers of all that a place names; `*` in it is any item or key.
pub(crate) fn pointers(place: &str, value: &Value) -> Vec<String> {
    let Some((above, below)) = place.split_once("/*") else {
        return value.pointer(place).map(|_| place.to_owned()).into_iter().collect();
    };
    let items: Vec<String> = match value.pointer(above) {
        Some(Value::Array(items)) => (0..items.len()).map(|index| format!("{above}/{index}")).collect(),
        Some(Value::Object(map)) if !above.ends_with("models") && !above.ends_with("envs") => {
            map.keys().map(|key| format!("{above}{}", step(key))).collect()
        }
        _ => Vec::new(),
    };
    items.into_iter().map(|item| item + below).filter(|pointer| value.pointer(pointer).is_some()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::asked;

    /// A document with this value in this place.
    fn with(place: &str, value: &Value) -> Value {
        let keys: Vec<_> = place.trim_start_matches('/').split('/').collect();
        match keys[..] {
            [""] => value.clone(),
            [list, "*"] => json!({list: [value]}),
            [section, key] => json!({section: {key: value}}),
            [key] => json!({key: value}),
            _ => panic!("{place}"),
        }
    }

    #[test]
    fn bentoml_refuses_the_same_kinds_of_values() {
        let values = [json!(null), json!(true), json!(5), json!(3.5), json!("a:1"), json!(["a:1"]), json!({})];
        let mut questions = Vec::new();
        for (place, ..) in SHAPES {
            questions.extend(values.iter().map(|value| with(place, value)));
        }
        let script = "
import json, sys
from bentoml._internal.bento.build_config import BentoBuildConfig
for line in sys.stdin:
    try:
        BentoBuildConfig.load(json.loads(line))
        print('true')
    except Exception as error:
        print('false')
";
        for (question, answer) in questions.iter().zip(asked(script, &questions)) {
            // An empty mapping is iterated like an empty list; one with keys is refused.
            if *question == json!({"envs": {}}) {
                continue;
            }
            // Mappings need keys of their own there.
            let lacks = question.pointer("/envs/0").is_some_and(Value::is_object)
                || question.pointer("/models/0").is_some_and(Value::is_object);
            assert_eq!(refused(question).is_empty() && !lacks, answer == json!(true), "{question}");
        }
    }

    #[test]
    fn bentoml_knows_the_same_keys_and_words() {
        let script = "
import attr, bentoml, json
from bentoml._internal.bento import build_config as c
keys = lambda cls: [field.name for field in attr.fields(cls)]
from bentoml._internal.container.frontend.dockerfile import CONTAINER_SUPPORTED_DISTROS
print(json.dumps([bentoml.__version__, [keys(cls) for cls in (c.BentoBuildConfig, c.DockerOptions, c.PythonOptions,
    c.CondaOptions, c.ModelSpec)], [CONTAINER_SUPPORTED_DISTROS, c.EnvStage.__args__]]))
";
        let keys: Vec<_> = KEYS.iter().map(|(_, keys)| keys).collect();
        let words: Vec<_> = WORDS.iter().map(|(_, words)| words).collect();
        assert_eq!(asked(script, &[]), [json!([KNOWN, keys, words])]);
    }
}
