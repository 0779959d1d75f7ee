//! Workflow commands in a line of output: `::name key=value::message`, and the older `##[name key=value;…]message`.
//!
//! Rules: actions/runner, `Runner.Common/ActionCommand.cs`.

use std::collections::HashSet;

/// A workflow command, its properties and message unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// As written; commands compare without regard to case.
    pub(crate) name: String,
    /// In the order written, a repeated key keeping its last value.
    pub(crate) properties: Vec<(String, String)>,
    /// What stands after the command.
    pub(crate) data: String,
}

/// Escapes in the message of `::` commands, in the order the runner undoes them: `%25` last.
const DATA: [(&str, &str); 3] = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
/// Escapes in the property values of `::` commands.
const PROPERTY: [(&str, &str); 5] = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
/// Escapes anywhere in `##[` commands.
const LEGACY: [(&str, &str); 5] = [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")];

impl Command {
    /// The command in `line`, if there is one whose name is in `registered` (lower case).
    pub(crate) fn parse(line: &str, registered: &HashSet<String>) -> Option<Self> {
        Self::parse_v2(line, registered).or_else(|| Self::parse_legacy(line, registered))
    }

    /// The value of a property, its name compared without regard to case; an empty value counts as none.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `::name properties::data`, at the start of the line after white space.
    fn parse_v2(line: &str, registered: &HashSet<String>) -> Option<Self> {
        let rest = line.trim_start().strip_prefix("::")?;
        let (info, data) = rest.split_once("::")?;
        let (name, properties) = split_name(info, registered)?;
        let properties = parse_properties(properties.trim(), ',', &PROPERTY);
        Some(Self { name, properties, data: unescape(data, &DATA) })
    }

    /// `##[name properties]data`, anywhere in the line.
    fn parse_legacy(line: &str, registered: &HashSet<String>) -> Option<Self> {
        let (_, rest) = line.split_once("##[")?;
        let (info, data) = rest.split_once(']')?;
        let (name, properties) = split_name(info, registered)?;
        let properties = parse_properties(properties, ';', &LEGACY);
        Some(Self { name, properties, data: unescape(data, &LEGACY) })
    }
}

fn split_name<'a>(info: &'a str, registered: &HashSet<String>) -> Option<(String, &'a str)> {
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    registered.contains(&name.to_lowercase()).then(|| (name.to_owned(), properties))
}

fn parse_properties(text: &str, separator: char, escapes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    for part in text.split(separator) {
        // Neither an empty name nor an empty value survives: `=x`, `x=` and `x` are dropped.
        let Some((key, value)) = part.trim_start_matches('=').split_once('=') else { continue };
        let value = value.trim_start_matches('=');
        if value.is_empty() {
            continue;
        }
        let value = unescape(value, escapes);
        match properties.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some(property) => property.1 = value,
            None => properties.push((key.to_owned(), value)),
        }
    }
    properties
}

fn unescape(text: &str, escapes: &[(&str, &str)]) -> String {
    escapes.iter().fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Command> {
        Command::parse(line, &["error", "group", "add-mask"].map(str::to_owned).into())
    }

    fn command(name: &str, properties: &[(&str, &str)], data: &str) -> Option<Command> {
        let properties = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Some(Command { name: name.into(), properties, data: data.into() })
    }

    #[test]
    fn v2_commands_start_the_line_and_legacy_ones_stand_anywhere() {
        assert_eq!(parse("::error::boom"), command("error", &[], "boom"));
        assert_eq!(parse(" \t ::error::boom"), command("error", &[], "boom"));
        assert_eq!(parse("x ::error::boom"), None);
        assert_eq!(parse("x ##[error]boom"), command("error", &[], "boom"));
        assert_eq!(parse("::Error::boom"), command("Error", &[], "boom"));
        assert_eq!(parse("::unknown::boom"), None);
        assert_eq!(parse("::error boom"), None);
        assert_eq!(parse("std::error::Error"), None);
    }

    #[test]
    fn properties_and_data_are_unescaped_percent_last() {
        assert_eq!(
            parse("::error file=a%2Cb%3A.py,line=3,title=100%25::x%0Ay%250A%3A"),
            command("error", &[("file", "a,b:.py"), ("line", "3"), ("title", "100%")], "x\ny%0A%3A")
        );
        assert_eq!(
            parse("##[error file=a%3Bb;line=3]x%5D%0A"),
            command("error", &[("file", "a;b"), ("line", "3")], "x]\n")
        );
    }

    #[test]
    fn properties_without_name_or_value_are_dropped_and_the_last_of_a_name_wins() {
        assert_eq!(parse("::error a=,=b,c,d=1,D=2,e=f=g::x"), command("error", &[("d", "2"), ("e", "f=g")], "x"));
    }
}
