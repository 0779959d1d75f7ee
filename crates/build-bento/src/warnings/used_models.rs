//! Models that code uses, as `used_models.py` reads them, and that nothing declares.

use std::path::PathBuf;

use actions_core::Location;
use actions_core::runner::Annotation;
use bento_format::Tag;
use serde::Deserialize;

use super::warning;
use crate::locate::Located;

/// A model that the project's code names.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ModelUse {
    /// What names it, such as `bentoml.models.get`.
    call: String,
    /// Its tag, or its name on the hub.
    model: String,
    /// Is it one of the Hugging Face hub?
    hub: bool,
    /// Is it an attribute of a class, which BentoML looks through for the models of a service?
    declared: bool,
    /// Where.
    file: PathBuf,
    line: u32,
}

impl ModelUse {
    /// Is it this model of the store?
    pub(crate) fn is_of(&self, tag: &str) -> bool {
        !self.hub && self.model == tag
    }

    /// Its place in the project.
    pub(crate) fn at(&self, located: &Located) -> Location {
        Location { file: located.context.join(&self.file), line: Some(self.line), column: None }
    }
}

/// A warning for each model that neither the build configuration nor a class declares, at its first use.
pub(super) fn of(uses: &[ModelUse], located: &Located) -> Vec<Annotation> {
    let mut shown: Vec<&str> = Vec::new();
    let mut warnings = Vec::new();
    for one in uses.iter().filter(|one| !is_declared(one, uses, located)) {
        if shown.contains(&one.model.as_str()) {
            continue;
        }
        shown.push(&one.model);
        warnings.push(warning("Model that is not declared", message(one), Some(one.at(located))));
    }
    warnings
}

fn message(one: &ModelUse) -> String {
    let ModelUse { call, model, .. } = one;
    if one.hub {
        return format!(
            "{call}({model:?}) is not an attribute of a service's class: the Bento does not have the model, and each start \
             downloads it. Make it an attribute of the class, outside its methods."
        );
    }
    format!(
        "{call}({model:?}) uses a model that nothing declares: the Bento does not have it where it is served. Name it under \
         `models` in bentofile.yaml, or make it an attribute of the service's class: \
         `model = bentoml.models.BentoModel({model:?})`."
    )
}

fn is_declared(one: &ModelUse, uses: &[ModelUse], located: &Located) -> bool {
    if one.declared || uses.iter().any(|other| other.declared && other.hub == one.hub && same(&other.model, &one.model))
    {
        return true;
    }
    let is_alias = |alias: &serde_json::Value| alias.as_str() == Some(&one.model);
    let named = located.project.config.as_ref().and_then(|config| config.get("/models")?.as_array());
    let by_alias = named.into_iter().flatten().filter_map(|entry| entry.get("alias")).any(is_alias);
    let configured = located.project.models.iter().any(|wanted| same(&wanted.value.tag.to_string(), &one.model));
    !one.hub && (by_alias || configured)
}

/// Do two tags name the same model? One that asks for the newest is any version. Names of the hub are compared as they are.
fn same(one: &str, other: &str) -> bool {
    let (Ok(a), Ok(b)) = (one.parse::<Tag>(), other.parse::<Tag>()) else { return one == other };
    let newest = a.exact_version().is_none() || b.exact_version().is_none();
    a.name() == b.name() && (newest || a.version() == b.version())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use actions_core::Env;

    use super::*;
    use crate::locate;

    /// Line and message of what is said of a service.py.
    fn said(service: &str, bentofile: &str) -> Vec<(u32, String)> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("service.py"), service).unwrap();
        fs::write(folder.path().join("bentofile.yaml"), bentofile).unwrap();
        let mut python = Command::new(testkit::venv().join("bin/python"));
        python.args([
            "-c",
            "import json, sys, used_models\nprint(json.dumps(used_models.uses(sys.argv[1], 'service:S')))",
        ]);
        python.arg(folder.path()).env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
        let output = python.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let uses: Vec<ModelUse> = serde_json::from_slice(&output.stdout).unwrap();
        let located = locate::local(".", None, folder.path(), &Env::default()).unwrap();
        let warnings = of(&uses, &located).into_iter();
        warnings.map(|warning| (warning.at.and_then(|at| at.line).unwrap(), warning.message)).collect()
    }

    /// A service whose method has this line.
    fn method(line: &str) -> String {
        format!("import bentoml\n@bentoml.service\nclass S:\n    def load(self):\n        {line}\n")
    }

    #[test]
    fn models_that_code_uses_and_nothing_declares_are_named_at_their_line() {
        let renamed = format!("from bentoml.models import get as found\nNAME = 'w:v1'\n{}", method("found(tag=NAME)"));
        let two = method("return bentoml.models.get('w'), bentoml.models.get('w')");
        for (service, line, words) in [
            (method("return bentoml.models.get('w:v1')"), 5, "models.get(\"w:v1\") uses a model that nothing declares"),
            (method("return bentoml.models.BentoModel('w').resolve()"), 5, "BentoModel(\"w\")"),
            (method("return bentoml.models.HuggingFaceModel('a/b').resolve()"), 5, "each start downloads it"),
            (method("return bentoml.sklearn.load_model('w:v1')"), 5, "sklearn.load_model(\"w:v1\")"),
            (renamed, 7, "w:v1"),
            (two, 5, "w"),
        ] {
            let said = said(&service, "models: ['other:v1']\n");
            assert!(
                matches!(&said[..], [(at, message)] if *at == line && message.contains(words)),
                "{service}\n{said:?}"
            );
        }
        // Another version is another model.
        assert_eq!(said(&method("return bentoml.models.get('w:v1')"), "models: ['w:v2']\n").len(), 1);
    }

    #[test]
    fn what_is_declared_made_or_not_run_is_not_named() {
        let use_it = method("return bentoml.models.get('w:v1')");
        for (service, bentofile) in [
            (use_it.clone(), "models: ['w:v1']\n"),
            (use_it.clone(), "models: ['w']\n"),
            (use_it.clone(), "models: [{tag: 'real:v2', alias: 'w:v1'}]\n"),
            (format!("{use_it}    w = bentoml.models.BentoModel('w:latest')\n"), "{}\n"),
            (
                format!(
                    "from bentoml.models import HuggingFaceModel\nW = HuggingFaceModel('a/b')\n{}    w = W\n",
                    method("pass")
                ),
                "{}\n",
            ),
            (method("bentoml.models.create('w'); return bentoml.models.get('w')"), "{}\n"),
            (method("return bentoml.models.get(self.name)"), "{}\n"),
            (method("return {}.get('w')"), "{}\n"),
            (format!("{}if __name__ == '__main__':\n    bentoml.models.get('w')\n", method("pass")), "{}\n"),
            (
                "import bentoml\nr = bentoml.sklearn.get('w').to_runner()\nsvc = bentoml.Service('s', runners=[r])\n"
                    .to_owned(),
                "{}\n",
            ),
        ] {
            assert_eq!(said(&service, bentofile), [], "{service}");
        }
    }
}
