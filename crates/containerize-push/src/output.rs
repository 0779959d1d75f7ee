//! Where the image goes: to a registry, or to this machine.

use bento_core::{Error, Result};

use crate::inputs::Inputs;
use registry::Image;

/// Where the image goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To a registry, under these names.
    Push(Vec<Image>),
    /// To where these `--output`s say; with none of them it stays in the build cache.
    Local(Vec<String>),
}

/// Reads `push`, `load`, `outputs` and `tags` together.
///
/// # Errors
/// They contradict each other, or no tag names a registry to push to.
pub(crate) fn destination(inputs: &Inputs) -> Result<Destination> {
    if inputs.push && inputs.load {
        return Err(Error::input("push and load cannot be both true")
            .hint("Push, and load by a second step from the registry."));
    }
    let (pushes, others): (Vec<_>, Vec<_>) = inputs.outputs.iter().partition(|output| is_push(output));
    if let Some(by_digest) = pushes.iter().find(|output| output.contains("push-by-digest=true")) {
        return Err(unsupported(&format!("the output {by_digest:?}")));
    }
    if !inputs.push && pushes.is_empty() {
        let load = inputs.load.then(|| "type=docker".to_owned());
        return Ok(Destination::Local(load.into_iter().chain(others.into_iter().cloned()).collect()));
    }
    if inputs.load || !others.is_empty() {
        return Err(unsupported("a push together with load or other outputs"));
    }
    let mut names: Vec<String> = inputs.tags.to_vec();
    names.extend(pushes.iter().flat_map(|output| output_names(output)));
    if names.is_empty() {
        return Err(Error::input("there is nothing to push to: tags is empty")
            .hint("Set tags, such as ghcr.io/owner/name:latest."));
    }
    let mut images: Vec<Image> = Vec::new();
    for name in &names {
        if !name.contains('/') {
            return Err(Error::input(format!("the tag {name:?} names no registry to push to"))
                .hint("Write registry/repository:tag, or user/repository:tag for Docker Hub."));
        }
        let image = name.parse()?;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    Ok(Destination::Push(images))
}

/// The error of an input that is not served yet.
pub(crate) fn unsupported(what: &str) -> Error {
    Error::input(format!("{what} is not supported yet"))
}

/// `type=registry`, or `type=image` with `push=true`.
fn is_push(output: &str) -> bool {
    let has = |wanted: &str| fields(output).iter().any(|field| field == wanted);
    has("type=registry") || (has("type=image") && has("push=true"))
}

fn output_names(output: &str) -> Vec<String> {
    let fields = fields(output);
    let names = fields.iter().filter_map(|field| field.strip_prefix("name="));
    names.flat_map(|names| names.split(',')).map(str::to_owned).collect()
}

/// The fields of a CSV record; quotes around one are taken away.
fn fields(output: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in output.chars() {
        match (c, fields.last_mut()) {
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => fields.push(String::new()),
            (c, Some(field)) => field.push(c),
            (_, None) => {}
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use bento_core::Env;
    use bento_core::action::{Inputs as _, Values};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Destination> {
        let variables = variables.iter().copied().chain([("INPUT_BENTO-TAG", "a:b")]);
        destination(&Inputs::read(&Values::of(&variables.collect::<Env>()))?)
    }

    fn pushed(variables: &[(&str, &str)]) -> Vec<String> {
        match read(variables).unwrap() {
            Destination::Push(images) => images.iter().map(ToString::to_string).collect(),
            other => panic!("no push: {other:?}"),
        }
    }

    #[test]
    fn an_output_that_pushes_is_a_push() {
        assert_eq!(
            pushed(&[("INPUT_PUSH", "true"), ("INPUT_TAGS", "r.x/a:1,r.x/a:1\nr.x/a")]),
            ["r.x/a:1", "r.x/a:latest"]
        );
        let output = ("INPUT_OUTPUTS", "type=image,\"name=r.x/a:2,r.y/b\",push=true");
        assert_eq!(pushed(&[output]), ["r.x/a:2", "r.y/b:latest"]);
        assert_eq!(pushed(&[("INPUT_OUTPUTS", "type=registry"), ("INPUT_TAGS", "a/b")]), ["docker.io/a/b:latest"]);
    }

    #[test]
    fn local_results_and_contradictions() {
        let local = |outputs: &[&str]| Destination::Local(outputs.iter().map(|&output| output.to_owned()).collect());
        assert_eq!(read(&[]).unwrap(), local(&[]));
        assert_eq!(read(&[("INPUT_LOAD", "true")]).unwrap(), local(&["type=docker"]));
        assert_eq!(read(&[("INPUT_OUTPUTS", "type=local,dest=x")]).unwrap(), local(&["type=local,dest=x"]));
        for (variables, text) in [
            (&[("INPUT_PUSH", "true"), ("INPUT_LOAD", "true")][..], "both"),
            (&[("INPUT_PUSH", "true")], "nothing to push to"),
            (&[("INPUT_PUSH", "true"), ("INPUT_TAGS", "name:1")], "names no registry"),
            (&[("INPUT_PUSH", "true"), ("INPUT_TAGS", "r.x/A")], "no name of an image"),
        ] {
            let error = read(variables).unwrap_err().full_text();
            assert!(error.contains(text), "{error}");
        }
    }
}
