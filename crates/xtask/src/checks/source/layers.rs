//! Who may use whom: the table of docs/architecture.md, held against the crates' manifests.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

const PAGE: &str = "docs/architecture.md";
const TABLE: (&str, &str) = ("<!-- layers:start -->", "<!-- layers:end -->");

/// A crate, its layer, and the crates of its own layer or above that it may use besides those below.
type Layers = BTreeMap<String, (u32, Vec<String>)>;

/// Dependencies that point up or sideways, and crates that the table lacks.
///
/// # Errors
///
/// When a file cannot be read, or the page has no table.
pub(super) fn problems(root: &Path, shipped: &[&str]) -> Result<Vec<String>> {
    let page = super::read(&root.join(PAGE))?;
    let layers = layers(&page).with_context(|| format!("{PAGE} has no table of layers"))?;
    let mut found = Vec::new();
    for folder in shipped {
        let manifest = super::read(&root.join("crates").join(folder).join("Cargo.toml"))?;
        let (name, dependencies) = uses(&manifest);
        found.extend(wrong(&layers, &name, &dependencies));
    }
    Ok(found)
}

fn layers(page: &str) -> Option<Layers> {
    let (_, rest) = page.split_once(TABLE.0)?;
    let (table, _) = rest.split_once(TABLE.1)?;
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [layer, name, _, uses] = cells[..] else { return None };
        let named = uses.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((name.trim_matches('`').to_owned(), (layer.parse().ok()?, named)))
    });
    Some(rows.collect())
}

/// The name of a package, and its dependencies outside of its tests.
fn uses(manifest: &str) -> (String, Vec<String>) {
    let mut section = "";
    let mut name = String::new();
    let mut dependencies = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let key = line.split(['.', ' ', '=']).next().unwrap_or_default();
        match section {
            "[package]" if key == "name" => line.split('"').nth(1).unwrap_or_default().clone_into(&mut name),
            "[dependencies]" if !key.is_empty() && !key.starts_with(['[', '#']) => dependencies.push(key.to_owned()),
            _ => {}
        }
    }
    (name, dependencies)
}

fn wrong(layers: &Layers, name: &str, dependencies: &[String]) -> Vec<String> {
    let Some((layer, named)) = layers.get(name) else {
        return vec![format!("{PAGE}: the table of layers lacks the crate {name}")];
    };
    // `bento-actions` may use every action: all that are below it.
    let ours = dependencies.iter().filter_map(|one| Some((one, layers.get(one)?.0)));
    let up = ours.filter(|(one, own)| own >= layer && !named.contains(one));
    up.map(|(one, own)| format!("crates: {name} (layer {layer}) uses {one} (layer {own}): see {PAGE}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_points_up_or_sideways_is_found() {
        let page = "<!-- layers:start -->\n| layer | crate | knows | may use |\n|---|---|---|---|\n\
                    | 1 | `top` | x | `side`, the crates below |\n| 1 | `side` | x | y |\n| 0 | `low` | x | y |\n<!-- layers:end -->";
        let layers = layers(page).expect("a table");
        let manifest = "[package]\nname = \"low\"\n\n[dependencies]\nserde = \"1\"\ntop.workspace = true\n\n\
                        [dev-dependencies]\nside.workspace = true\n";
        let (name, dependencies) = uses(manifest);
        assert_eq!(dependencies, ["serde", "top"]);
        assert_eq!(
            wrong(&layers, &name, &dependencies),
            [format!("crates: low (layer 0) uses top (layer 1): see {PAGE}")]
        );
        assert_eq!(wrong(&layers, "top", &["side".into(), "low".into()]), [""; 0]);
        assert_eq!(wrong(&layers, "side", &["top".into()]).len(), 1);
        assert_eq!(wrong(&layers, "new", &[]), [format!("{PAGE}: the table of layers lacks the crate new")]);
    }
}
