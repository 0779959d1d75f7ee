//! Secrets and how they are hidden in what the runner shows.
//!
//! Rules: actions/runner, `SecretMasker.cs`, `ValueEncoders.cs`, `Worker.cs` (secrets of a job line by line).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What stands in the log in place of a secret.
const MASK: &str = "***";

/// The secrets known so far. Masking is not retroactive: a line written before its secret was added stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Masker {
    secrets: Vec<String>,
}

impl Masker {
    /// Adds a secret, each of its lines (a log is masked line by line), and the forms in which tools print values:
    /// escaped for JSON, URLs and XML, and base64 at the three possible offsets.
    pub(crate) fn add(&mut self, secret: &str) {
        self.add_forms(secret);
        for line in secret.split(['\r', '\n']) {
            self.add_forms(line);
        }
    }

    fn add_forms(&mut self, secret: &str) {
        if secret.trim().is_empty() {
            return;
        }
        let bytes = secret.as_bytes();
        let shifted = (0..3).filter_map(|shift| bytes.get(shift..)).filter(|rest| rest.len() > 2);
        let forms = shifted.map(|rest| BASE64.encode(rest)).chain([
            secret.to_owned(),
            json_escape(secret),
            url_escape(secret),
            xml_escape(secret),
        ]);
        for form in forms {
            if !self.secrets.contains(&form) {
                self.secrets.push(form);
            }
        }
    }

    /// `text` with every secret hidden; secrets that overlap or touch become one mask.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for secret in &self.secrets {
            let mut from = 0;
            while let Some(at) = text[from..].find(secret.as_str()) {
                let start = from + at;
                spans.push((start, start + secret.len()));
                // Overlapping finds of the same secret count too, so go on one character later.
                from = start + text[start..].chars().next().map_or(1, char::len_utf8);
            }
        }
        spans.sort_unstable();

        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        let mut open = false;
        for (start, stop) in spans {
            if !open || start > end {
                masked.push_str(&text[end..start]);
                masked.push_str(MASK);
                open = true;
            }
            end = end.max(stop);
        }
        masked.push_str(&text[end..]);
        masked
    }
}

fn json_escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn url_escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn xml_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker(secrets: &[&str]) -> Masker {
        let mut masker = Masker::default();
        secrets.iter().for_each(|secret| masker.add(secret));
        masker
    }

    #[test]
    fn hides_values_wherever_they_stand() {
        let masker = masker(&["hunter2"]);
        assert_eq!(masker.mask("hunter2"), "***");
        assert_eq!(masker.mask("a hunter2 b hunter2."), "a *** b ***.");
        assert_eq!(masker.mask("Hunter2"), "Hunter2");
        assert_eq!(masker.mask("héhunter2é"), "hé***é");
    }

    #[test]
    fn overlapping_and_touching_secrets_become_one_mask() {
        let masker = masker(&["abcd", "cdef", "xyz"]);
        assert_eq!(masker.mask("-abcdef-"), "-***-");
        assert_eq!(masker.mask("-abcdxyz-"), "-***-");
        assert_eq!(masker.mask("-abcd xyz-"), "-*** ***-");
    }

    #[test]
    fn each_line_of_a_secret_is_one() {
        let masker = masker(&["first\r\nsecond\n\n"]);
        assert_eq!(masker.mask("second, first"), "***, ***");
    }

    #[test]
    fn encoded_forms_are_hidden_too() {
        let masker = masker(&["p\"w&d /é"]);
        assert_eq!(masker.mask(r#"{"x":"p\"w&d /é"}"#), r#"{"x":"***"}"#);
        assert_eq!(masker.mask("?x=p%22w%26d%20%2F%C3%A9"), "?x=***");
        assert_eq!(masker.mask("p&quot;w&amp;d /é"), "***");
        let basic = BASE64.encode("p\"w&d /é");
        assert_eq!(masker.mask(&basic), "***");
    }

    #[test]
    fn white_space_is_no_secret() {
        assert_eq!(masker(&["", " ", "\n"]).mask("a b\n"), "a b\n");
    }
}
