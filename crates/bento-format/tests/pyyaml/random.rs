//! Small random documents, the same in every run.

use crate::judge::assert_same;

/// A xorshift generator: the documents must be the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const KEYS: &[&str] =
    &["name", "b", "c d", "'q'", "\"r\"", "2", "yes", "on", "k-1", "x.y", "ü", "~", "0x3", "a:b", "1.5"];
const VALUES: &[&str] = &[
    "1",
    "yes",
    "off",
    "3.10",
    "017",
    "1:30",
    "1_000",
    "~",
    "",
    "a b",
    "'it''s'",
    "\"a\\tb\"",
    "-5",
    "+.5",
    "1e5",
    "1.5e+3",
    "null",
    "a:b",
    "x # c",
    "ü 🍱",
    "python:3.11",
    "http://h/p?q#f",
    "''",
    "\"\"",
    "0b11",
    "2026-01-02",
    "a-b",
    "@x",
    "v: w",
];
const FLOW: &[&str] = &["1", "yes", "'a, b'", "\"]\"", "a b", "-1", "~", "3.0", "x:y", "", "é"];

/// A block node, indented; it starts on a line of its own.
fn block(random: &mut Random, depth: usize, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut text = String::new();
    let is_list = random.below(3) == 0;
    for _ in 0..1 + random.below(4) {
        if random.below(8) == 0 {
            text.push_str(&format!("{pad}# comment: {}\n", random.pick(VALUES)));
        }
        let start = if is_list { "-".to_owned() } else { format!("{}:", random.pick(KEYS)) };
        text.push_str(&format!("{pad}{start}"));
        match random.below(if depth == 0 { 5 } else { 8 }) {
            0 => text.push_str(&format!(" {}\n", flow(random, 2))),
            1 => {
                let style = random.pick(&["|", "|-", "|+", ">", ">-", ">+"]);
                let inner = " ".repeat(indent + 2);
                text.push_str(&format!(" {style}\n"));
                for _ in 0..random.below(4) {
                    let line = random.pick(&["text", "  more", "", "# no comment", "- item", "k: v"]);
                    text.push_str(&if line.is_empty() { "\n".into() } else { format!("{inner}{line}\n") });
                }
            }
            2..5 => text.push_str(&format!(" {}\n", random.pick(VALUES))),
            _ => {
                let deeper = if random.below(4) == 0 { 4 } else { 2 };
                text.push_str(&format!("\n{}", block(random, depth - 1, indent + deeper)));
            }
        }
    }
    text
}

fn flow(random: &mut Random, depth: usize) -> String {
    let count = random.below(4);
    let item = |random: &mut Random| match depth {
        0 => random.pick(FLOW).to_owned(),
        _ if random.below(3) == 0 => flow(random, depth - 1),
        _ => random.pick(FLOW).to_owned(),
    };
    let separator = random.pick(&[", ", ",", " , "]);
    if random.below(2) == 0 {
        let items: Vec<_> = (0..count).map(|_| item(random)).collect();
        format!("[{}]", items.join(separator))
    } else {
        let items: Vec<_> = (0..count).map(|_| format!("{}: {}", random.pick(KEYS), item(random))).collect();
        format!("{{{}}}", items.join(separator))
    }
}

#[test]
fn random_documents() {
    let mut random = Random(0x5eed_5eed_5eed_5eed);
    let texts: Vec<_> = (0..600)
        .map(|number| {
            let text = block(&mut random, 3, 0);
            if number % 7 == 0 { text.replace('\n', "\r\n") } else { text }
        })
        .collect();
    assert_same(&texts);
}
