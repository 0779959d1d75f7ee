//! The judge of lists: npm's own `csv-parse`, run by Node in one process.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use actions_core::action::input;
use actions_core::action::inputs::FromInput as _;
use serde_json::{Value, json};

use super::{Items, Lines};

/// Reads a JSON list of texts, and answers each with its list by items and by lines, or with null. What becomes of the
/// records is docker's `Util.getInputList`; empty items and indented comments are left out here.
const SCRIPT: &str = r"
const { parse } = require('csv-parse/sync');
const options = { columns: false, relaxQuotes: true, relaxColumnCount: true, skipEmptyLines: true, comment: '#', comment_no_infix: true };
const list = (records, ignoreComma) => records.flatMap(record =>
  record.length === 1 ? (ignoreComma ? record : record[0].split(',')) : (ignoreComma ? [record.join(',')] : record)
).map(item => item.trim()).filter(item => item);
const read = text => {
  try {
    const records = parse(text, options).filter(record => !/^[ \t]+#/.test(record[0]));
    return [list(records, false), list(records, true)];
  } catch (error) {
    return null;
  }
};
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map(read)));
";

fn judged(texts: &[String]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let modules = root.join("target/tools/csv-parse/node_modules");
    assert!(modules.is_dir(), "the test needs {}: run `cargo xtask tools`", modules.display());
    let mut node = Command::new(runner_sim::node::find().unwrap());
    node.args(["-e", SCRIPT]).env("NODE_PATH", modules).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    node.stdin.take().unwrap().write_all(json!(texts).to_string().as_bytes()).unwrap();
    let answered = node.wait_with_output().unwrap();
    assert!(answered.status.success());
    serde_json::from_slice(&answered.stdout).unwrap()
}

fn ours(text: &str) -> Value {
    let spec = input("labels");
    match (Items::from_input(&spec, text), Lines::from_input(&spec, text)) {
        (Ok(items), Ok(lines)) => json!([&items[..], &lines[..]]),
        _ => Value::Null,
    }
}

/// Texts of the characters that matter, from a fixed seed.
fn random(count: usize) -> Vec<String> {
    const PIECES: [&str; 20] = [
        "\"", "\"", "\"", "\"\"", ",", ",", ", ", "\n", "\n", "\r\n", "\r", "#", " ", "\t", "a", "b=c", "{", "}", "ü",
        ":",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut text = || (0..1 + next(24)).map(|_| PIECES[next(PIECES.len())]).collect::<Vec<_>>().concat();
    (0..count).map(|_| text()).collect()
}

#[test]
fn lists_are_read_as_csv_parse_reads_them() {
    let table = [
        "SA={\"type\": \"service_account\", \"project_id\": \"acme\"}",
        "CONF={\"host\":\"h\",\"user\":\"u\"}",
        "conf=Serves \"a\", \"b\" and \"c\"",
        "creds={\"a\": 1, \"b\": \"x y\"}",
        "d=hello, \"world\"",
        "k=v, \"open",
        "k=v,\"open",
        "\"a=1,2\nb\"\nc",
        "\"a\"\"b\",\"c\"d,\"e\"",
        "type=local,dest=out\n# why\n  # indented\n\n,\n\"\"\n\"\",",
        "a/b:1, a/b:2\r\n\n# why\nc",
        "\"a,b\",c\n\"d,e\"",
        "a # b\n\"a\"#b\n\"\"#c",
        "\u{feff}a\u{a0},\u{85}b",
    ];
    let texts: Vec<_> = table.iter().map(|&text| text.to_owned()).chain(random(5_000)).collect();
    let judged = judged(&texts);
    assert_eq!(judged.len(), texts.len());
    for (text, expected) in texts.iter().zip(judged) {
        assert_eq!(ours(text), expected, "{text:?}");
    }
}
