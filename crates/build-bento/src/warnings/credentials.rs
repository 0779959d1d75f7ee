//! Credentials in addresses that travel with the Bento. None of them is shown, and all are masked from here on.

use actions_core::Location;
use actions_core::address;
use actions_core::runner::Annotation;
use bento_format::Project;
use bento_format::project::{spoken, step};
use serde_json::Value;

use super::{name_of, warning};
use crate::failure::requirements;

/// Every address with credentials in the build configuration and in the requirements of the project.
pub(super) fn of(project: &Project) -> Vec<Annotation> {
    let mut found: Vec<(String, Location)> = Vec::new();
    if let Some(config) = &project.config {
        let mut pointers = Vec::new();
        collect(config.value(), "", &mut pointers);
        found.extend(
            pointers.iter().map(|pointer| (format!("{}: {}", name_of(project), spoken(pointer)), config.at(pointer))),
        );
    }
    for line in requirements::all(project) {
        if holds(&line.line) && found.iter().all(|(_, at)| *at != line.at) {
            let file = line.at.file.file_name().unwrap_or_default().to_string_lossy();
            found.push((format!("{file}: a requirement"), line.at.clone()));
        }
    }
    let warning = |(what, at)| {
        let message = format!(
            "{what} holds credentials in an address. They become part of the Bento, and whoever gets the Bento gets them. \
             Take them out and make them invalid; name a variable in their place (`https://user:${{TOKEN}}@host/…`), which is \
             filled in where packages are installed."
        );
        self::warning("Credentials in the Bento", message, Some(at))
    };
    found.into_iter().map(warning).collect()
}

/// Pointers of all texts that hold credentials.
fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if holds(text) => found.push(pointer.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &format!("{pointer}/{index}"), found));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, item)| collect(item, &format!("{pointer}{}", step(key)), found));
        }
        _ => {}
    }
}

fn holds(text: &str) -> bool {
    let holds = address::has_credentials(text);
    if holds {
        address::mask(text);
    }
    holds
}
