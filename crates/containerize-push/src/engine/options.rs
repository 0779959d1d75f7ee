//! One table: which input which engine serves, and how its command line says it.

use std::ffi::OsString;

use actions_core::{Env, Error, Result};

use super::kind::{KINDS, Kind};
use crate::inputs::Inputs;
use crate::output::fields;

/// An input, and what each engine of [`KINDS`] is told in its place.
///
/// An empty cell: the engine cannot serve the input. Else words, the value after them as an argument of its own; glued to
/// the last word where that ends with `=` or `:`; all values glued to it, with commas between, where that ends with `=,`.
/// What the API is told is in the code of [`super::api`].
type Row = (&'static str, [&'static str; 5]);

const TABLE: &[Row] = &[
    // input, and: buildx, buildah, nerdctl, buildctl, the API
    ("add-hosts", ["--add-host", "--add-host", "--add-host", "--opt add-hosts=,", "served"]),
    ("allow", ["--allow", "", "--allow", "--allow", ""]),
    ("annotations", ["--annotation", "--annotation", "", "", ""]),
    ("attests", ["--attest", "", "--attest", "", ""]),
    ("build-args", ["--build-arg", "--build-arg", "--build-arg", "--opt build-arg:", "served"]),
    ("build-contexts", ["--build-context", "--build-context", "--build-context", "--local", ""]),
    ("builder", ["--builder", "", "", "", ""]),
    ("cache-from", ["--cache-from", "--cache-from", "--cache-from", "--import-cache", "served"]),
    ("cache-to", ["--cache-to", "--cache-to", "--cache-to", "--export-cache", ""]),
    ("call", ["--call", "", "", "", ""]),
    ("cgroup-parent", ["--cgroup-parent", "--cgroup-parent", "", "--opt cgroup-parent=", ""]),
    ("labels", ["--label", "--label", "--label", "--opt label:", "served"]),
    ("network", ["--network", "--network", "--network", "--opt force-network-mode=", "served"]),
    ("no-cache", ["--no-cache", "--no-cache", "--no-cache", "--no-cache", "served"]),
    ("no-cache-filters", ["--no-cache-filter", "", "", "--opt no-cache=,", ""]),
    ("outputs", ["--output", "", "--output", "--output", ""]),
    ("platforms", ["--platform", "--platform", "--platform", "--opt platform=,", "served"]),
    ("provenance", ["--provenance", "", "", "", ""]),
    ("pull", ["--pull", "--pull=always", "--pull", "--opt image-resolve-mode=pull", "served"]),
    ("sbom", ["--sbom", "", "", "", ""]),
    ("secret-envs", ["--secret", "--secret", "--secret", "--secret", ""]),
    ("secret-files", ["--secret", "--secret", "--secret", "--secret", ""]),
    ("secrets", ["--secret", "--secret", "--secret", "--secret", ""]),
    ("shm-size", ["--shm-size", "--shm-size", "", "", ""]),
    ("ssh", ["--ssh", "--ssh", "--ssh", "--ssh", ""]),
    ("target", ["--target", "--target", "--target", "--opt target=", "served"]),
    ("ulimit", ["--ulimit", "--ulimit", "", "--opt ulimit=,", ""]),
    // No inputs of their own, but as different from engine to engine.
    (LOAD, ["served", "served", "served", "", "served"]),
    (GIT_CONTEXT, ["served", "", "", "", ""]),
    (SECRET_MOUNTS, ["served", "served", "served", "served", ""]),
    (SEVERAL_PLATFORMS, ["served", "", "served", "served", ""]),
    (SEVERAL_HOSTS, ["served", "served", "served", "served", ""]),
    (SEVERAL_OUTPUTS, ["served", "", "", "served", ""]),
    (PUSH_ATTRIBUTES, ["served", "", "", "served", ""]),
    (VERIFY, ["served", "", "served", "", "served"]),
];

/// An image that docker can run afterwards.
pub(crate) const LOAD: &str = "load";
/// A context that the engine fetches.
pub(crate) const GIT_CONTEXT: &str = "a git context";
/// `RUN --mount` of secrets, SSH agents, or other folders.
pub(crate) const SECRET_MOUNTS: &str = "RUN --mount in the Dockerfile";
/// More than one platform.
pub(crate) const SEVERAL_PLATFORMS: &str = "platforms with more than one";
/// More than one host of `add-hosts`.
pub(crate) const SEVERAL_HOSTS: &str = "add-hosts with more than one";
/// More than one of `load` and `outputs`.
pub(crate) const SEVERAL_OUTPUTS: &str = "outputs with more than one";
/// Attributes of an output that pushes.
pub(crate) const PUSH_ATTRIBUTES: &str = "outputs with attributes of a push";
/// The pushed image is run.
pub(crate) const VERIFY: &str = "verify";

fn cell(input: &str, kind: Kind) -> &'static str {
    let row = TABLE.iter().find(|(name, _)| *name == input);
    let column = KINDS.iter().position(|other| *other == kind);
    row.zip(column).map_or("", |((_, cells), column)| cells[column])
}

/// Fails where the engine cannot serve an input; the error names the one that can.
///
/// # Errors
/// The table has an empty cell.
pub(crate) fn serves(input: &str, kind: Kind) -> Result<()> {
    if !cell(input, kind).is_empty() {
        return Ok(());
    }
    let other = KINDS.iter().find(|other| !cell(input, **other).is_empty());
    let error = Error::input(format!("{input} cannot be served by {}", kind.name()));
    Err(match other {
        Some(other) => error.hint(format!("Set oci-backend: {}.", other.name())),
        None => error,
    })
}

/// The inputs that are for the engine, as they are set.
pub(crate) fn given(inputs: &Inputs) -> Vec<(&'static str, Vec<String>)> {
    let one = |value: &Option<String>| value.iter().filter(|value| !value.is_empty()).cloned().collect::<Vec<_>>();
    let flag = |wanted: bool| if wanted { vec![String::new()] } else { Vec::new() };
    let mut given = vec![
        ("add-hosts", inputs.add_hosts.to_vec()),
        ("allow", inputs.allow.to_vec()),
        ("annotations", inputs.annotations.to_vec()),
        ("attests", inputs.attests.to_vec()),
        ("build-args", inputs.build_args.to_vec()),
        ("build-contexts", inputs.build_contexts.to_vec()),
        ("builder", one(&inputs.builder)),
        ("cache-from", inputs.cache_from.to_vec()),
        ("cache-to", inputs.cache_to.iter().map(|cache| forgiving(cache)).collect()),
        ("call", one(&inputs.call)),
        ("cgroup-parent", one(&inputs.cgroup_parent)),
        ("labels", inputs.labels.to_vec()),
        ("network", one(&inputs.network)),
        ("no-cache", flag(inputs.no_cache)),
        ("no-cache-filters", inputs.no_cache_filters.to_vec()),
        ("platforms", inputs.platforms.to_vec()),
        ("provenance", one(&inputs.provenance)),
        ("pull", flag(inputs.pull)),
        ("sbom", one(&inputs.sbom)),
        ("secret-envs", inputs.secret_envs.to_vec()),
        ("secret-files", inputs.secret_files.to_vec()),
        ("secrets", inputs.secrets.to_vec()),
        ("shm-size", one(&inputs.shm_size)),
        ("ssh", inputs.ssh.to_vec()),
        ("target", one(&inputs.target)),
        ("ulimit", inputs.ulimit.to_vec()),
    ];
    given.retain(|(_, values)| !values.is_empty());
    given
}

/// Does a cache live in the cache service of GitHub Actions? Only its token opens it.
pub(crate) fn asks_for_actions_cache(inputs: &Inputs) -> bool {
    inputs.cache_from.iter().chain(inputs.cache_to.iter()).any(|cache| fields(cache).contains(&"type=gha".to_owned()))
}

/// Fails where the engine cannot serve what is set.
///
/// # Errors
/// See [`serves`].
pub(crate) fn check(inputs: &Inputs, kind: Kind) -> Result<()> {
    for (input, values) in given(inputs) {
        // Nothing is asked for by these.
        if matches!((input, values[0].as_str()), ("provenance" | "sbom", "false") | ("call", "build")) {
            continue;
        }
        serves(input, kind)?;
        match input {
            "platforms" if values.len() > 1 => serves(SEVERAL_PLATFORMS, kind)?,
            "add-hosts" if values.len() > 1 => serves(SEVERAL_HOSTS, kind)?,
            _ => {}
        }
    }
    Ok(())
}

/// Names and values of `build-args`. A name alone takes its value from the environment, and is left out where it has none.
pub(super) fn build_args(given: &[String], env: &Env) -> Vec<(String, String)> {
    let pair = |given: &String| match given.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((given.clone(), env.get(given)?.to_owned())),
    };
    given.iter().filter_map(pair).collect()
}

/// Keys and values of `labels`. A key alone has an empty value.
pub(super) fn labels(given: &[String]) -> Vec<(String, String)> {
    let pair = |label: &String| label.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    given.iter().map(|label| pair(label).unwrap_or_else(|| (label.clone(), String::new()))).collect()
}

/// The arguments that an engine with a command line gets for an input.
pub(crate) fn arguments(input: &str, values: &[String], kind: Kind) -> Vec<OsString> {
    let mut words: Vec<&str> = cell(input, kind).split(' ').filter(|word| !word.is_empty()).collect();
    let Some(last) = words.pop().filter(|_| !values.is_empty()) else { return Vec::new() };
    if let Some(joined) = last.strip_suffix(',') {
        let last = format!("{joined}{}", values.join(","));
        return words.into_iter().map(Into::into).chain([last.into()]).collect();
    }
    let mut arguments = Vec::new();
    for value in values {
        arguments.extend(words.iter().map(OsString::from));
        if last.ends_with(['=', ':']) {
            arguments.push(format!("{last}{value}").into());
        } else {
            arguments.push(last.into());
            if !value.is_empty() {
                arguments.push(value.into());
            }
        }
    }
    arguments
}

/// A cache that cannot be written must not fail a build whose image is good: BuildKit warns instead.
fn forgiving(cache: &str) -> String {
    let apart = cache.contains("type=") && !cache.contains("type=inline");
    if apart && !cache.contains("ignore-error=") { format!("{cache},ignore-error=true") } else { cache.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(input: &str, values: &[&str], kind: Kind) -> String {
        let values: Vec<_> = values.iter().map(|&value| value.to_owned()).collect();
        let words = arguments(input, &values, kind);
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn each_engine_is_told_in_its_own_words() {
        assert_eq!(words("build-args", &["A=1", "B=2"], Kind::Buildx), "--build-arg|A=1|--build-arg|B=2");
        assert_eq!(words("build-args", &["A=1", "B=2"], Kind::Buildctl), "--opt|build-arg:A=1|--opt|build-arg:B=2");
        assert_eq!(words("platforms", &["a/b", "c/d"], Kind::Buildctl), "--opt|platform=a/b,c/d");
        assert_eq!(words("no-cache", &[""], Kind::Nerdctl), "--no-cache");
        assert_eq!(words("pull", &[""], Kind::Buildctl), "--opt|image-resolve-mode=pull");
        assert_eq!(words("ulimit", &[], Kind::Buildx), "");
    }

    #[test]
    fn arguments_and_labels_need_no_value() {
        let owned = |pairs: [(&str, &str); 2]| pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let given = ["A=1=2", "FROM_ENV", "NOT_SET"].map(str::to_owned);
        let env = Env::from_iter([("FROM_ENV", "x")]);
        assert_eq!(build_args(&given, &env), owned([("A", "1=2"), ("FROM_ENV", "x")]));
        assert_eq!(labels(&["a=b".to_owned(), "key".to_owned()]), owned([("a", "b"), ("key", "")]));
    }

    #[test]
    fn what_cannot_be_served_is_told_with_who_can() {
        assert!(KINDS.iter().all(|kind| serves("target", *kind).is_ok()));
        let error = serves("ulimit", Kind::Nerdctl).unwrap_err().full_text();
        assert!(
            error.contains("ulimit cannot be served by nerdctl") && error.contains("oci-backend: buildx"),
            "{error}"
        );
    }

    #[test]
    fn a_cache_export_of_its_own_may_fail() {
        assert_eq!(forgiving("type=gha,mode=max"), "type=gha,mode=max,ignore-error=true");
        for kept in ["type=inline", "type=gha,ignore-error=false", "owner/name:cache"] {
            assert_eq!(forgiving(kept), kept);
        }
    }
}
