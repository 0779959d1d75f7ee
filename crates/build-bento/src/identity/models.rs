//! Which version of each model a build would get.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use actions_core::action::Context;
use actions_core::{Result, text};
use bento_format::{Kind, Store, Tag};
use bentocloud::Client;
use regex::Regex;

use super::digest::Taken;
use crate::Cloud;
use crate::locate::Located;

/// Code that gets a model of the store by a name that is written there.
static GETTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:BentoModel|models\s*\.\s*get|bentoml(?:\.\w+)+\.(?:get|load_model|load_runner))",
        r#"\s*\(\s*(?:tag\s*=\s*)?["']([A-Za-z0-9][\w.\-]*(?::[\w.\-]+)?)["']"#
    ))
    .ok()
});

/// The models that the project names, each with the exact tag that a build would find; as it is written where nobody has it.
///
/// # Errors
/// The local store or the cloud cannot be read.
pub(super) async fn resolved(
    located: &Located,
    taken: &Taken,
    cloud: Option<&Cloud>,
    store: &Store,
    ctx: &Context,
) -> Result<Vec<(String, String)>> {
    let configured = located.project.models.iter().map(|model| (model.value.tag.clone(), model.value.filter.clone()));
    let mut wanted: BTreeMap<String, (Tag, Option<String>)> =
        in_code(located, taken).into_iter().map(|tag| (tag.to_string(), (tag, None))).collect();
    wanted.extend(
        configured.map(|(tag, filter)| (format!("{tag} {}", filter.as_deref().unwrap_or_default()), (tag, filter))),
    );
    let client = cloud.map(|cloud| Client::connect(cloud.endpoint.as_deref(), &cloud.token, ctx)).transpose()?;
    let mut resolved = Vec::new();
    for (asked, (tag, filter)) in wanted {
        let found = match (tag.exact_version(), store.find(Kind::Model, &tag)?, &client) {
            (_, Some((found, _)), _) => found.to_string(),
            (None, None, Some(client)) => {
                let newest = client.newest(Kind::Model, tag.name(), filter.as_deref()).await?;
                newest.map_or_else(|| tag.to_string(), |newest| format!("{}:{}", tag.name(), newest.name))
            }
            (_, None, _) => tag.to_string(),
        };
        resolved.push((asked, found));
    }
    Ok(resolved)
}

/// Models that the code of the project names, read without Python: what is written beside the call alone.
fn in_code(located: &Located, taken: &Taken) -> Vec<Tag> {
    let code = taken.files.iter().filter(|file| file.name.ends_with(".py"));
    code.flat_map(|file| of_file(&located.context.join(&file.path))).collect()
}

fn of_file(file: &Path) -> Vec<Tag> {
    let Some(code) = text::read(file).ok().filter(|code| code.contains("bentoml")) else { return Vec::new() };
    let found = GETTER.iter().flat_map(|getter| getter.captures_iter(&code));
    found.filter_map(|found| found.get(1)?.as_str().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_code_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.py");
        let code = "import bentoml\nm = BentoModel('a:latest')\nn = bentoml.models.get(\n  tag=\"b\")\n\
                    bentoml.sklearn.load_model('c:1')\nos.environ.get('d')\n{}.get('e')\n";
        std::fs::write(&file, code).unwrap();
        let tags: Vec<_> = of_file(&file).iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["a:latest", "b", "c:1"]);
        std::fs::write(&file, "BentoModel('a')").unwrap();
        assert!(of_file(&file).is_empty());
    }
}
