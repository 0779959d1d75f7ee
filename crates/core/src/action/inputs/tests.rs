use super::*;

inputs! {
    /// For the tests.
    pub(super) struct Example {
        /// First line,
        /// and second.
        context: String => input("build-context").default("."),
        /// A switch.
        wait: bool => input("wait").default("true"),
        /// Items.
        labels: Vec<String> => input("labels"),
        /// A secret.
        token: Option<SecretString> => input("api token").env("API_KEY"),
        /// Needed.
        tag: String => input("bento-tag").required(),
    }
}

fn read(variables: &[(&str, &str)]) -> Result<Example> {
    Example::read(&Values::of(&variables.iter().copied().collect()))
}

#[test]
fn names_defaults_and_descriptions_come_from_the_declaration() {
    assert_eq!(Example::SPECS[0].description, " First line, and second.");
    assert_eq!(Example::SPECS[0].variable(), "INPUT_BUILD-CONTEXT");
    assert_eq!(Example::SPECS[3].variable(), "INPUT_API_TOKEN");
    let inputs = read(&[("INPUT_BENTO-TAG", " a:b\n"), ("INPUT_LABELS", "a=1\n\n  b=2 ")]).unwrap();
    assert_eq!((inputs.context.as_str(), inputs.wait, inputs.tag.as_str()), (".", true, "a:b"));
    assert_eq!(inputs.labels, ["a=1", "b=2"]);
}

#[test]
fn an_empty_text_is_a_value_and_an_empty_boolean_is_the_default() {
    let tag = ("INPUT_BENTO-TAG", "a:b");
    let inputs = read(&[tag, ("INPUT_BUILD-CONTEXT", ""), ("INPUT_WAIT", "")]).unwrap();
    assert_eq!((inputs.context.as_str(), inputs.wait), ("", true));
}

#[test]
fn bad_values_name_the_input_and_what_to_write() {
    let missing = read(&[]).unwrap_err();
    assert_eq!(missing.to_string(), "Input required and not supplied: bento-tag");
    let error = read(&[("INPUT_WAIT", "yes"), ("INPUT_BENTO-TAG", "a")]).unwrap_err();
    assert_eq!(
        error.full_text(),
        "input wait: \"yes\" is not a boolean. Write one of true, True, TRUE, false, False, FALSE."
    );
}

#[test]
fn pairs_split_at_the_first_equals_sign_and_wrong_lines_are_named() {
    let spec = super::super::input("labels");
    let pairs = BTreeMap::from_input(&spec, "team=ml\nquery = a=b\nempty=").unwrap();
    assert_eq!((pairs["team"].as_str(), pairs["query"].as_str(), pairs["empty"].as_str()), ("ml", "a=b", ""));
    for line in ["team", "=x", " = "] {
        let error = BTreeMap::from_input(&spec, &format!("a=b\n{line}\n.")).unwrap_err().full_text();
        assert!(error.contains("labels") && error.contains(line.trim()), "{error}");
    }
}

#[test]
fn an_environment_variable_stands_in_for_an_empty_input() {
    let inputs = read(&[("INPUT_BENTO-TAG", "a"), ("INPUT_API_TOKEN", ""), ("API_KEY", "k")]).unwrap();
    assert!(inputs.token.is_some());
}

#[test]
fn a_name_may_be_spelled_with_underscores_and_the_one_with_hyphens_wins() {
    let inputs = read(&[("INPUT_BENTO_TAG", "a:b")]).unwrap();
    assert_eq!(inputs.tag, "a:b");
    let both = read(&[("INPUT_BENTO-TAG", "c:d"), ("INPUT_BENTO_TAG", "a:b")]).unwrap();
    assert_eq!(both.tag, "c:d");
    let unset = read(&[("INPUT_BENTO-TAG", ""), ("INPUT_BENTO_TAG", "a:b"), ("INPUT_BUILD_CONTEXT", "x")]).unwrap();
    assert_eq!((unset.tag.as_str(), unset.context.as_str()), ("a:b", "x"));
    // The runner passes the default for the spelling that was not used; an empty text is a value.
    let tag = ("INPUT_BENTO-TAG", "a:b");
    let empty = read(&[tag, ("INPUT_WAIT", "")]).unwrap();
    assert!(empty.wait, "an empty boolean is not meant");
    for (hyphens, underscores) in [("", "."), (".", "")] {
        let empty = [tag, ("INPUT_BUILD-CONTEXT", hyphens), ("INPUT_BUILD_CONTEXT", underscores)];
        assert_eq!(read(&empty).unwrap().context, "", "{empty:?}");
    }
}

#[test]
fn a_duration_is_seconds_or_has_a_unit() {
    let spec = super::super::input("wait-timeout");
    let of = |text: &str| Duration::from_input(&spec, text).map(|value| value.as_secs());
    for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("1h 30m", 5400), ("0", 0)] {
        assert_eq!(of(text).unwrap(), seconds, "{text}");
    }
    for wrong in ["soon", "1.5", "-1", "-5m", "2d", "m", ""] {
        let error = of(wrong).unwrap_err().full_text();
        assert!(error.contains("wait-timeout") && error.contains("is not a duration"), "{error}");
    }
}
