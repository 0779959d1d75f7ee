//! Where the image goes: to a registry, or to this machine.

use actions_core::{Error, Result};
use registry::Image;

use crate::inputs::Inputs;

/// Where the image goes; to a registry and to this machine, it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// To a registry.
    pub(crate) push: Option<Push>,
    /// To where these `--output`s say; with none of them it stays with the engine.
    pub(crate) local: Option<Vec<String>>,
}

/// A push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Push {
    /// The names.
    pub(crate) images: Vec<Image>,
    /// Are the tags written? Not for an output with `push-by-digest`: another job makes an index of several images.
    pub(crate) tagged: bool,
    /// Attributes of the output that are BuildKit's own, such as `compression=zstd`.
    pub(crate) attributes: Vec<String>,
}

impl Push {
    /// An `--output` of BuildKit's that pushes to these names, with more attributes.
    ///
    /// Docker's own format, which BuildKit takes where it states nothing, has no place for annotations nor for layers
    /// that zstd compressed.
    pub(crate) fn output(&self, names: &[String], how: &str) -> String {
        const FORMAT: &str = "oci-mediatypes";
        let chosen = self.attributes.iter().any(|field| field.starts_with(FORMAT));
        let format = if chosen { String::new() } else { format!(",{FORMAT}=true") };
        let own: String = self.attributes.iter().map(|field| format!(",{}", quoted(field))).collect();
        format!("type=image,{},{how}{format}{own}", quoted(&format!("name={}", names.join(","))))
    }
}

/// A field of a CSV record.
pub(crate) fn quoted(field: &str) -> String {
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

/// Reads `push`, `load`, `outputs` and the tags together.
///
/// # Errors
/// They contradict each other, or no tag names a registry to push to.
pub(crate) fn destination(inputs: &Inputs, tags: &[String]) -> Result<Destination> {
    if inputs.push && inputs.load {
        return Err(Error::input("push and load cannot be both true")
            .hint("Push, and load by an entry `type=docker` of outputs."));
    }
    let (pushes, others): (Vec<_>, Vec<_>) = inputs
        .outputs
        .iter()
        .filter(|output| !output.trim_start().starts_with('#'))
        .partition(|output| is_push(output));
    for output in &others {
        if let Some(kind) = to_standard_output(output) {
            return Err(Error::input(format!("outputs: {kind} without dest would write the image into the log"))
                .hint("Name a file, such as `type=oci,dest=image.tar`."));
        }
    }
    // Names of images on this machine have the same grammar; without a registry they are local.
    for name in tags.iter().cloned().chain(others.iter().flat_map(|output| output_names(output))) {
        name.parse::<Image>()?;
    }
    let load = inputs.load.then(|| "type=docker".to_owned());
    let local: Vec<_> = load.into_iter().chain(others.into_iter().cloned()).collect();
    if !inputs.push && pushes.is_empty() {
        return Ok(Destination { push: None, local: Some(local) });
    }
    let tagged = !pushes.iter().any(|output| is_true(output, "push-by-digest"));
    // Only where it is said: credentials of another registry must not travel in the clear.
    let insecure = pushes.iter().filter(|output| is_true(output, "registry.insecure"));
    let insecure: Vec<_> = insecure.map(|output| output_names(output)).collect();
    let plain =
        |name: &String| insecure.iter().any(|own| own.contains(name) || (own.is_empty() && tags.contains(name)));
    if !tagged && !tags.is_empty() {
        return Err(Error::input("an output with push-by-digest has no tags")
            .hint("Leave tags out; write them with `docker buildx imagetools create` from the digests."));
    }
    let mut names = tags.to_vec();
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
        let mut image: Image = name.parse()?;
        image.repository.plain |= plain(name);
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let attributes = pushes.iter().flat_map(|output| attributes(output)).collect();
    let push = Push { images, tagged, attributes };
    Ok(Destination { push: Some(push), local: (!local.is_empty()).then_some(local) })
}

/// Does it load the image into docker?
pub(crate) fn is_docker(output: &str) -> bool {
    fields(output).iter().any(|field| field == "type=docker")
}

/// What is said besides the kind and the names.
fn attributes(output: &str) -> Vec<String> {
    let ours = ["type", "name", "push", "push-by-digest", "name-canonical", "unpack", "store"];
    let key = |field: &str| field.split('=').next().unwrap_or_default().to_owned();
    fields(output).into_iter().filter(|field| !ours.contains(&key(field).as_str())).collect()
}

/// `type=registry`, or `type=image` with `push=true`.
fn is_push(output: &str) -> bool {
    let has = |wanted: &str| fields(output).iter().any(|field| field == wanted);
    has("type=registry") || (has("type=image") && is_true(output, "push"))
}

/// Is an attribute true, as Go reads it? With its name alone it is.
fn is_true(output: &str, name: &str) -> bool {
    let values = ["=true", "=True", "=TRUE", "=t", "=T", "=1", ""];
    fields(output).iter().filter_map(|field| field.strip_prefix(name)).any(|value| values.contains(&value))
}

/// The kind of an output that buildx writes to standard output, as it does where no file is named. `-` alone is one.
fn to_standard_output(output: &str) -> Option<String> {
    let fields = fields(output);
    let value = |name: &str| fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let kind = if output.trim() == "-" { "tar" } else { value("type")? };
    let is_file = match kind {
        "tar" | "oci" => value("dest").is_some_and(|dest| dest != "-"),
        // Without a file it is loaded.
        "docker" => value("dest") != Some("-"),
        _ => true,
    };
    (!is_file).then(|| format!("type={kind}"))
}

/// An output with a file of an image, under these names where it says none.
pub(crate) fn with_names(output: &str, names: &[String]) -> String {
    let is_image = ["type=oci", "type=docker"].iter().any(|kind| fields(output).iter().any(|field| field == kind));
    if is_image && output_names(output).is_empty() {
        return format!("{output},{}", quoted(&format!("name={}", names.join(","))));
    }
    output.to_owned()
}

fn output_names(output: &str) -> Vec<String> {
    let fields = fields(output);
    let names = fields.iter().filter_map(|field| field.strip_prefix("name="));
    names.flat_map(|names| names.split(',')).map(str::to_owned).collect()
}

/// The fields of a CSV record; quotes around one are taken away, and of two inside them one.
pub(crate) fn fields(output: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut rest = output.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, fields.last_mut()) {
            ('"', Some(field)) if quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
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
    use actions_core::Env;
    use actions_core::action::{Inputs as _, Values};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Destination> {
        let variables = variables.iter().copied().chain([("INPUT_BENTO-TAG", "a:b")]);
        let inputs = Inputs::read(&Values::of(&variables.collect::<Env>()))?;
        destination(&inputs, &inputs.tags)
    }

    fn pushed(variables: &[(&str, &str)]) -> Vec<String> {
        let push = read(variables).unwrap().push.unwrap();
        push.images.iter().map(ToString::to_string).collect()
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
        assert_eq!(pushed(&[("INPUT_OUTPUTS", "type=image,name=r.x/a,push=1")]), ["r.x/a:latest"]);
        let insecure = ("INPUT_OUTPUTS", "type=registry,name=r:5000/a,registry.insecure=true");
        let images = read(&[insecure, ("INPUT_TAGS", "ghcr.io/a/b")]).unwrap().push.unwrap().images;
        let endpoints: Vec<_> = images.iter().map(|image| image.repository.endpoint()).collect();
        assert_eq!(endpoints, ["https://ghcr.io", "http://r:5000"]);
    }

    #[test]
    fn a_push_may_have_other_outputs_and_attributes_beside_it() {
        let outputs = "type=image,push=true,compression=zstd\ntype=docker";
        let both = read(&[("INPUT_OUTPUTS", outputs), ("INPUT_TAGS", "r.x/a:1")]).unwrap();
        assert_eq!(both.local, Some(vec!["type=docker".to_owned()]));
        let push = both.push.unwrap();
        assert!(push.tagged);
        let names = ["r.x/a".to_owned(), "r.y/b".to_owned()];
        let how = "push=true,push-by-digest=true";
        let expected =
            "type=image,\"name=r.x/a,r.y/b\",push=true,push-by-digest=true,oci-mediatypes=true,compression=zstd";
        assert_eq!(push.output(&names, how), expected);
        let docker = Push { attributes: vec!["oci-mediatypes=false".into()], ..push };
        assert!(docker.output(&names, how).ends_with(",push-by-digest=true,oci-mediatypes=false"));
        let output = ("INPUT_OUTPUTS", "type=image,name=r.x/a,push-by-digest=true,name-canonical=true,push=true");
        let by_digest = read(&[output]).unwrap();
        assert_eq!((by_digest.push.unwrap().tagged, by_digest.local), (false, None));
        let error = read(&[output, ("INPUT_TAGS", "r.x/a:1")]).unwrap_err().full_text();
        assert!(error.contains("has no tags"), "{error}");
    }

    #[test]
    fn records_are_csv() {
        for field in ["name=a,b", "annotation.x=say \"hi\"", "plain=1", "odd=\",\""] {
            assert_eq!(fields(&format!("type=image,{},push=true", quoted(field)))[1], field);
        }
        let outputs = read(&[("INPUT_OUTPUTS", "# type=registry\ntype=local,dest=x")]).unwrap();
        assert_eq!(outputs.local, Some(vec!["type=local,dest=x".to_owned()]));
    }

    #[test]
    fn local_results_and_contradictions() {
        let local = |outputs: &[&str]| Destination {
            push: None,
            local: Some(outputs.iter().map(|&output| output.to_owned()).collect()),
        };
        assert_eq!(read(&[]).unwrap(), local(&[]));
        assert_eq!(read(&[("INPUT_LOAD", "true")]).unwrap(), local(&["type=docker"]));
        for output in ["type=local,dest=x", "type=docker", "out"] {
            assert_eq!(read(&[("INPUT_OUTPUTS", output)]).unwrap(), local(&[output]));
        }
        let names = ["a:1".to_owned(), "b:1".to_owned()];
        assert_eq!(with_names("type=oci,dest=x", &names), "type=oci,dest=x,\"name=a:1,b:1\"");
        for named in ["type=oci,dest=x,name=c", "type=local,dest=x"] {
            assert_eq!(with_names(named, &names), named);
        }
        for (variables, text) in [
            (&[("INPUT_PUSH", "true"), ("INPUT_LOAD", "true")][..], "both"),
            (&[("INPUT_PUSH", "true")], "nothing to push to"),
            (&[("INPUT_PUSH", "true"), ("INPUT_TAGS", "name:1")], "names no registry"),
            (&[("INPUT_PUSH", "true"), ("INPUT_TAGS", "r.x/A")], "not a name of an image"),
            (&[("INPUT_TAGS", "shop-_a:1")], "not a name of an image"),
            (&[("INPUT_OUTPUTS", "type=oci,dest=x,name=A/b")], "not a name of an image"),
            (&[("INPUT_OUTPUTS", "type=tar")], "into the log"),
            (&[("INPUT_OUTPUTS", "type=docker,dest=-")], "into the log"),
            (&[("INPUT_OUTPUTS", "-")], "into the log"),
        ] {
            let error = read(variables).unwrap_err().full_text();
            assert!(error.contains(text), "{error}");
        }
    }
}
