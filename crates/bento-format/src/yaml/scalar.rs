//! What a scalar means: text, number, truth, time or nothing, by its tag or by PyYAML's rules for plain ones.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use saphyr_parser::{ScalarStyle, Tag};

use super::integer::{base_60, integer};
use super::node::Content;
use super::time;

/// What the tags of YAML itself start with.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The name of a tag of YAML's own, however it is written; `None` for the lone `!`, which says nothing.
pub(super) fn core_tag(tag: &Tag) -> Result<Option<&str>, String> {
    let full = |prefix: &str| tag.handle.strip_prefix(prefix).map(|_| tag.suffix.as_str());
    let name = full(YAML_TAGS).or_else(|| tag.suffix.strip_prefix(YAML_TAGS));
    match name {
        Some(name) => Ok(Some(name)),
        None if tag.handle.is_empty() && tag.suffix == "!" => Ok(None),
        None => Err(unknown(&tag.to_string())),
    }
}

fn unknown(tag: &str) -> String {
    format!("the tag {tag} has no meaning here; quote the value if it is meant as text")
}

/// A list or mapping may be tagged as what it is, no more.
pub(super) fn expect_tag(tag: Option<&Tag>, own: &str) -> Result<(), String> {
    match tag.map(core_tag).transpose()?.flatten() {
        Some(name) if name != own => Err(unknown(name)),
        _ => Ok(()),
    }
}

pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Content, String> {
    let Some(tag) = tag.map(core_tag).transpose()?.flatten() else {
        return match (style, text) {
            (ScalarStyle::Plain, "=" | "<<") => Err(format!("a plain {text} has a meaning of its own; quote it")),
            (ScalarStyle::Plain, _) => plain(text),
            _ => Ok(Content::Text(text.into())),
        };
    };
    match (tag, plain(text)?) {
        ("str", _) => Ok(Content::Text(text.into())),
        ("null", _) => Ok(Content::Null),
        ("bool", value @ Content::Bool(_)) => Ok(value),
        ("int", value @ Content::Int(_)) => Ok(value),
        ("float", Content::Int(digits)) => Ok(finite(digits.parse().unwrap_or(f64::INFINITY), text)),
        ("float", value @ (Content::Float(_) | Content::NotFinite(..))) => Ok(value),
        ("timestamp", _) if time::parse(text).is_some() => Ok(Content::Time(text.into())),
        ("binary", _) => bytes(text).map(Content::Bytes).ok_or_else(|| format!("{text:?} is not valid base64")),
        ("bool" | "int" | "float" | "timestamp", _) => Err(format!("{text:?} is not a valid {tag}")),
        _ => Err(unknown(tag)),
    }
}

/// Base64 as Python's `decodebytes` takes it: other characters are skipped.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let digits: String = text.chars().filter(|&c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).collect();
    if !text.is_ascii() {
        return None;
    }
    GeneralPurpose::new(&STANDARD, lenient).decode(digits).ok()
}

fn plain(text: &str) -> Result<Content, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Ok(Content::Bool(true)),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Ok(Content::Bool(false)),
        _ => {}
    }
    if let Some(digits) = integer(text)? {
        return Ok(Content::Int(digits));
    }
    if let Some(value) = float(text).or_else(|| infinite(text)) {
        return Ok(finite(value, text));
    }
    Ok(if time::is_timestamp(text) { Content::Time(text.into()) } else { Content::Text(text.into()) })
}

fn finite(value: f64, text: &str) -> Content {
    if value.is_finite() { Content::Float(value) } else { Content::NotFinite(value, text.into()) }
}

fn infinite(text: &str) -> Option<f64> {
    let (sign, name) = sign(text);
    match name {
        ".inf" | ".Inf" | ".INF" => Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if name.len() == text.len() => Some(f64::NAN),
        _ => None,
    }
}

/// A float needs a point; an exponent needs its sign (`1e5` is text in YAML 1.1), and so does what starts with the point
/// (`-.5` is text).
fn float(text: &str) -> Option<f64> {
    let (sign, digits) = sign(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.')?;
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let digit_first = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    if let Some((large, small)) = whole.rsplit_once(':').filter(|_| exponent.is_none() && numeric(fraction)) {
        return sexagesimal_float(large, small, fraction).map(|value| sign * value);
    }
    let starts = digit_first(whole) || (whole.is_empty() && digit_first(fraction) && digits.len() == text.len());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    if !(starts && numeric(whole) && numeric(fraction) && exponent_fits) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// `[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*`, base 60; unlike whole numbers it may start with a zero.
fn sexagesimal_float(large: &str, small: &str, fraction: &str) -> Option<f64> {
    let mut parts = large.split(':');
    let first = parts.next().filter(|first| first.starts_with(|c: char| c.is_ascii_digit()))?;
    let first: f64 = first.replace('_', "").parse().ok()?;
    let sum = parts.chain([small]).try_fold(first, |sum, part| Some(sum * 60.0 + f64::from(base_60(part)?)))?;
    Some(sum + format!("0.{}", fraction.replace('_', "")).parse::<f64>().unwrap_or(0.0))
}

fn sign(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}
