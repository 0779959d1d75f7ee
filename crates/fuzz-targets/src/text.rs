//! What is read as text.

use std::borrow::Cow;

use bento_format::Tag;
use registry::{Image, Manifest};
use serde_json::Value;

/// The input as text; where it is none, with what stands for the bytes that are not.
fn text(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// PyYAML's YAML: what is read has its places within the text, and so has what is refused.
pub(crate) fn yaml(data: &[u8]) {
    let text = text(data);
    // The end of the text is on a line of its own for the scanner.
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() + 1;
    let within = |line: u32| usize::try_from(line).is_ok_and(|line| line <= lines);
    match bento_format::yaml::parse(&text) {
        Ok(document) => {
            for name in document.value.as_object().into_iter().flat_map(|members| members.keys()) {
                let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                assert!(document.line(&pointer).is_none_or(within), "{pointer} is in a line behind the last");
            }
        }
        Err(error) => assert!(within(error.line), "the error is in line {} of {lines}", error.line),
    }
    if let Ok(Some(node)) = bento_format::yaml::load(&text) {
        let _ = (node.python_str(), node.to_wire());
    }
}

/// The tag of a Bento or a model: what is read is written the same, and is a name for a folder.
pub(crate) fn bento_tag(data: &[u8]) {
    let text = text(data);
    let Ok(tag) = text.parse::<Tag>() else { return };
    assert_eq!(tag.to_string().parse::<Tag>().ok().as_ref(), Some(&tag), "{text:?}");
    for part in [Some(tag.name()), tag.version()].into_iter().flatten() {
        assert!(!part.is_empty() && !part.contains(['/', '\\', '\n', '\0']) && part != "..", "{part:?} names a folder");
    }
}

/// The name of an image: what is read is written so that it is read the same.
pub(crate) fn image_reference(data: &[u8]) {
    let text = text(data);
    let Ok(image) = text.parse::<Image>() else { return };
    let written = image.to_string();
    assert_eq!(written.parse::<Image>().ok().as_ref(), Some(&image), "{text:?} became {written:?}");
    assert!(image.repository.name.is_ascii() && image.tag.is_ascii(), "{written:?}");
    let _ = image.repository.endpoint();
}

/// A manifest or an index of a registry.
pub(crate) fn manifest(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let descriptor = Manifest::new(document).descriptor();
    assert!(descriptor.get("digest").and_then(Value::as_str).is_some_and(|digest| digest.starts_with("sha256:")));
}

/// A Dockerfile of a Bento.
pub(crate) fn dockerfile(data: &[u8]) {
    containerize_push::fuzzing::dockerfile(&text(data));
}

/// Lists in inputs: no item is empty or has blanks around it.
pub(crate) fn lists(data: &[u8]) {
    let text = text(data);
    for item in containerize_push::fuzzing::lists(&text).into_iter().flatten().flatten() {
        assert!(!item.is_empty() && !item.starts_with(' ') && !item.ends_with(' '), "{item:?} of {text:?}");
    }
    let _ = containerize_push::fuzzing::fields(&text);
}

/// Patterns of `.dockerignore` and of a hub's files: the first line is the path, the rest are patterns.
pub(crate) fn patterns(data: &[u8]) {
    let text = text(data);
    let (path, patterns) = text.split_once('\n').unwrap_or((&text, ""));
    let _ = containerize_push::fuzzing::leaves_out(patterns, path);
    let _ = huggingface::fuzzing::hub_pattern_matches(patterns, path);
}
