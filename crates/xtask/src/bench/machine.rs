//! On what a benchmark ran.

use std::path::Path;

use crate::{command, tools};

/// One line: processor, memory, system and the versions compared. No name of a host or person.
pub(super) fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let facts = [
        Some(format!("{cores} cores")),
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal").and_then(|text| memory(&text)),
        Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        answer(&tools::venv().join("bin/bentoml"), "--version").map(|text| text.replace(", version", "")),
        answer(&tools::venv().join("bin/python"), "--version"),
        answer(&tools::node(), "--version").map(|version| format!("Node {version}")),
        answer(Path::new("rustc"), "--version").map(|text| text.split(" (").next().unwrap_or_default().to_owned()),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory(text: &str) -> Option<String> {
    let kib: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(format!("{:.0} GiB memory", kib / 1024.0 / 1024.0))
}

fn answer(program: &Path, argument: &str) -> Option<String> {
    let text = command::capture(command::clean(program).arg(argument)).ok()?;
    Some(text.lines().next()?.trim().to_owned())
}
