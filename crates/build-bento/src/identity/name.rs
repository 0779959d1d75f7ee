//! The name that a Bento will have, known before its service is imported.

use std::path::Path;
use std::sync::LazyLock;

use actions_core::text;
use regex::Regex;

use crate::Request;
use crate::locate::Located;

/// A class that is a service: what stands in the decorator's brackets, and the class.
static SERVICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^@(?:bentoml\.)?service\s*(\([^@]*?\))?[^\S\n]*(?:#[^\n]*)?\n(?:@[^\n]*\n)*class\s+(\w+)").ok()
});
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\bname\s*=\s*(?:["']([^"']+)["'])?"#).ok());

/// A name, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// An input or the build configuration says so.
    Given(String),
    /// Read from the code of the service.
    Guessed(String),
    /// Only the import will tell.
    Unknown,
}

impl Name {
    pub(super) fn of(request: &Request, located: &Located) -> Self {
        let project = &located.project;
        let given = request.name.clone().or_else(|| project.name.as_ref().map(|name| name.value.clone()));
        let service = project.service.as_ref().map(|service| service.value.as_str()).or(located.service.as_deref());
        match given {
            // Tags have small letters.
            Some(name) => Self::Given(name.to_lowercase()),
            None => guess(&located.context, service.unwrap_or("service")).map_or(Self::Unknown, Self::Guessed),
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Given(name) | Self::Guessed(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

fn guess(context: &Path, service: &str) -> Option<String> {
    let (module, class) = service.split_once(':').map_or((service, None), |(module, class)| (module, Some(class)));
    let path = module.strip_suffix(".py").unwrap_or(module).replace('.', "/");
    let files = ["", "src"].map(|folder| context.join(folder).join(format!("{path}.py")));
    let code = files.iter().find_map(|file| text::read_if_there(file).ok()?)?.replace("\r\n", "\n");
    let mut services: Vec<_> = SERVICE.as_ref()?.captures_iter(&code).collect();
    services.retain(|found| class.is_none_or(|class| found.get(2).is_some_and(|name| name.as_str() == class)));
    let [only] = &services[..] else { return None };
    let arguments = only.get(1).map_or("", |arguments| arguments.as_str());
    match NAME.as_ref()?.captures(arguments) {
        Some(named) => named.get(1).map(|name| snake_case(name.as_str())),
        None => only.get(2).map(|class| snake_case(class.as_str())),
    }
}

/// As `to_snake_case` of BentoML 1.4, `_internal/tag.py`: `([A-Z]+)(?=[a-z0-9])`, of a run the last letter begins a word.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    let mut index = 0_usize;
    while let Some(rest) = letters.get(index..).filter(|rest| !rest.is_empty()) {
        let run = rest.iter().take_while(|c| c.is_ascii_uppercase()).count();
        let is_followed = rest.get(run).is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let taken = run.max(1);
        let text: String = rest.iter().take(taken).collect();
        match (run, is_followed) {
            (1, true) => out.push_str(&format!("_{text}")),
            (2.., true) => {
                let (head, last) = text.split_at(text.len().saturating_sub(1));
                out.push_str(&format!("_{head}_{last}"));
            }
            _ => out.push_str(&text),
        }
        index = index.saturating_add(taken);
    }
    out.to_lowercase().trim_start_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_bentoml_makes() {
        for (class, name) in [
            ("Echo", "echo"),
            ("MyTestSvc", "my_test_svc"),
            ("HTTPServer", "http_server"),
            ("LLM", "llm"),
            ("Model2Go", "model2_go"),
        ] {
            assert_eq!(snake_case(class), name);
        }
    }

    #[test]
    fn the_service_says_its_name_or_nobody_knows() {
        let folder = tempfile::tempdir().unwrap();
        let guess = |code: &str, service: &str| {
            std::fs::write(folder.path().join("service.py"), code).unwrap();
            super::guess(folder.path(), service)
        };
        let plain = "import bentoml\n@bentoml.service\nclass Echo:\n    pass\n";
        let named = "@bentoml.service(\n    name='other', workers=2,\n)\n@decorated\nclass Two:\n    pass\n";
        assert_eq!(guess(plain, "service:Echo").as_deref(), Some("echo"));
        assert_eq!(guess(plain, "service").as_deref(), Some("echo"));
        assert_eq!(guess(&format!("{plain}{named}"), "service.py:Two").as_deref(), Some("other"));
        assert_eq!(guess(&format!("{plain}{named}"), "service"), None);
        assert_eq!(guess(&named.replace("'other'", "NAME"), "service:Two"), None);
        assert_eq!(guess("svc = bentoml.Service('x')\n", "service:svc"), None);
    }
}
