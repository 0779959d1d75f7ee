//! Workflow commands: the `::name key=value::message` lines that the runner acts on.

/// A workflow command as one line, without its line end.
///
/// In the message `%`, CR and LF are escaped; in property values `:` and `,` as well. Properties with an empty value are
/// left out.
pub fn line(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let mut line = format!("::{name}");
    let mut separator = ' ';
    for (key, value) in properties.iter().filter(|(_, value)| !value.is_empty()) {
        line.push(separator);
        line.push_str(key);
        line.push('=');
        line.push_str(&escape_property(value));
        separator = ',';
    }
    line.push_str("::");
    line.push_str(&escape_data(message));
    line
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_escaped_first_and_properties_more_than_messages() {
        let properties = [("file", "a,b:c".to_owned()), ("line", String::new()), ("title", "1%".to_owned())];
        assert_eq!(line("error", &properties, "a%\r\nb: c,d"), "::error file=a%2Cb%3Ac,title=1%25::a%25%0D%0Ab: c,d");
        assert_eq!(line("endgroup", &[], ""), "::endgroup::");
    }
}
