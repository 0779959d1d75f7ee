//! The Markdown summary of a step; every value is escaped, whatever it holds.

/// A summary in the making.
#[derive(Debug, Clone, Default)]
pub struct Summary(String);

impl Summary {
    /// A heading of the second level.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&format!("## {}\n\n", escape(text)));
        self
    }

    /// A table of two columns without a header row: what, value. An empty table is left out.
    pub fn table(&mut self, rows: &[(&str, String)]) -> &mut Self {
        if !rows.is_empty() {
            self.0.push_str("| | |\n|---|---|\n");
            for (name, value) in rows {
                self.0.push_str(&format!("| {} | {value} |\n", escape(name)));
            }
            self.0.push('\n');
        }
        self
    }

    /// A paragraph of plain text.
    pub fn paragraph(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&format!("{}\n\n", escape(text)));
        self
    }

    /// The Markdown.
    pub fn markdown(&self) -> &str {
        &self.0
    }
}

/// Text that Markdown and HTML show as it is, on one line.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A link; the text is escaped. An address that is not http(s) is shown as text.
pub fn link(text: &str, address: &str) -> String {
    let safe = (address.starts_with("https://") || address.starts_with("http://"))
        && !address.contains(['(', ')', ' ', '<', '>', '\n', '|']);
    if safe { format!("[{}]({address})", escape(text)) } else { escape(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_cell() {
        assert_eq!(escape("a|b\n<img> `x`"), "a\\|b &lt;img&gt; \\`x\\`");
        assert_eq!(link("t", "javascript:x"), "javascript:x");
        assert_eq!(link("t", "https://a.b/c"), "[t](https://a.b/c)");
    }
}
