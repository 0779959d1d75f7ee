//! What a scalar means: text, number, truth or nothing, by its tag or by PyYAML's rules for plain ones.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// What the tags of YAML itself start with.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The name of a tag of YAML's own, however it is written; `None` for the lone `!`, which says nothing.
fn core_tag(tag: &Tag) -> Result<Option<&str>, String> {
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

pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag.map(core_tag).transpose()?.flatten() else {
        return match (style, text) {
            (ScalarStyle::Plain, "=" | "<<") => Err(format!("a plain {text} has a meaning of its own; quote it")),
            (ScalarStyle::Plain, _) => Ok(plain(text)),
            _ => Ok(Value::from(text)),
        };
    };
    match (tag, plain(text)) {
        ("str", _) => Ok(Value::from(text)),
        ("null", _) => Ok(Value::Null),
        ("bool", value @ Value::Bool(_)) => Ok(value),
        ("int", Value::Number(number)) if !number.is_f64() => Ok(Value::Number(number)),
        ("float", Value::Number(number)) => {
            Ok(number.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number))
        }
        ("bool" | "int" | "float", _) => Err(format!("{text:?} is no {tag}")),
        _ => Err(unknown(tag)),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::from(text))
}

/// `[-+]?0b…`, `0…` (octal), decimal, `0x…`, sexagesimal; underscores anywhere after the first digit. A number that is too
/// large for JSON's integers becomes a float.
fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = sign(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let parsed = if let Some(bits) = plain.strip_prefix("0b") {
        i128::from_str_radix(unsigned(bits)?, 2).ok()?
    } else if let Some(hex) = plain.strip_prefix("0x") {
        i128::from_str_radix(unsigned(hex)?, 16).ok()?
    } else if plain.contains(':') {
        sexagesimal(&plain)?
    } else if plain.len() > 1 && plain.starts_with('0') {
        i128::from_str_radix(&plain, 8).ok()?
    } else if plain.bytes().all(|b| b.is_ascii_digit()) {
        match plain.parse() {
            Ok(value) => value,
            Err(_) => return Number::from_f64(text.replace('_', "").parse().ok()?).map(Value::Number),
        }
    } else {
        return None;
    };
    let value = if sign < 0.0 { -parsed } else { parsed };
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok().or_else(|| {
        #[expect(clippy::cast_precision_loss, reason = "JSON has no larger integers")]
        Number::from_f64(value as f64).map(Value::Number)
    })
}

/// Digits that no second sign precedes.
fn unsigned(digits: &str) -> Option<&str> {
    Some(digits).filter(|digits| !digits.starts_with(['+', '-']))
}

/// `[1-9][0-9]*(:[0-5]?[0-9])+`, base 60.
fn sexagesimal(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| !first.starts_with('0'))?;
    parts.try_fold(first.parse().ok()?, |sum: i128, part| sum.checked_mul(60)?.checked_add(base_60(part)?.into()))
}

/// `[0-5]?[0-9]`.
fn base_60(part: &str) -> Option<u8> {
    let digits = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
    part.parse().ok().filter(|&digit| digits && digit < 60)
}

/// A float needs a point; an exponent needs its sign (`1e5` is text in YAML 1.1), and so does what starts with the point
/// (`-.5` is text). Infinities have no JSON: they stay text.
fn float(text: &str) -> Option<Value> {
    let (sign, digits) = sign(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let point = mantissa.find('.')?;
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (whole, fraction) = (&mantissa[..point], &mantissa[point + 1..]);
    let digit_first = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    if let Some((large, small)) = whole.rsplit_once(':').filter(|_| exponent.is_none() && numeric(fraction)) {
        return sexagesimal_float(large, small, fraction)
            .and_then(|value| Number::from_f64(sign * value))
            .map(Value::Number);
    }
    let starts = digit_first(whole) || (whole.is_empty() && digit_first(fraction) && digits.len() == text.len());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    if !(starts && numeric(whole) && numeric(fraction) && exponent_fits) {
        return None;
    }
    let value: f64 = text.replace('_', "").parse().ok()?;
    Number::from_f64(value).map(Value::Number)
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
