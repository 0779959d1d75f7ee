//! Keys of the cache: all that makes one environment unlike another.

use std::path::Path;

use actions_core::{Env, text};
use python_env::{Architecture, Interpreter, Version};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Request;
use crate::uv_settings::UvSettings;

/// What stands before the version of BentoML in the key of an environment.
pub(crate) fn prefix(request: &Request, settings: &UvSettings, python: &Interpreter, env: &Env) -> String {
    let system = std::env::consts::OS;
    let architecture = architecture(python);
    let base = python.base_executable.as_ref().unwrap_or(&python.executable);
    let all = json!({
        // Wheels for a newer C library do not run with an older one.
        "system": distribution(env),
        "platform": python.platform,
        "base": base.to_string_lossy(),
        "python": python.version.to_string(),
        "request": request.contents(),
        "settings": settings.contents,
        // Another number where an environment that was kept by an older version must not come back.
        "made": 2,
    });
    let digest = Sha256::digest(all.to_string());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("bentoml-{system}-{architecture}-python-{}-{digest}-", python.version)
}

/// The key of an environment with this BentoML: `1.4.0` and `1.4` are one version, and so one key.
pub(crate) fn whole(prefix: &str, bentoml: &Version) -> String {
    let release = bentoml.release();
    let length = release.iter().rposition(|number| *number != 0).map_or(1, |last| last.saturating_add(1));
    format!("{prefix}{}", bentoml.clone().with_release(release.get(..length).unwrap_or(release)))
}

/// Is this the key of an environment with this BentoML on this system? It holds nothing that would mean something else to whoever
/// reads it.
pub(crate) fn fits(key: &str, bentoml: &Version) -> bool {
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+!".contains(&byte));
    let prefix = key.strip_suffix(&whole("-", bentoml)).unwrap_or_default();
    is_plain && prefix.starts_with(&format!("bentoml-{}-", std::env::consts::OS))
}

fn architecture(python: &Interpreter) -> &'static str {
    let all = [Architecture::X64, Architecture::Arm64, Architecture::X86];
    all.into_iter().find(|one| one.is_of_platform(&python.platform)).map_or("other", Architecture::name)
}

/// `ubuntu24` on GitHub's own machines, else what the system says of itself.
fn distribution(env: &Env) -> String {
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_owned()).unwrap_or_default()
    };
    match env.get("ImageOS") {
        Some(image) => image.to_owned(),
        None => {
            let text = text::read(Path::new("/etc/os-release")).unwrap_or_default();
            format!("{} {}", field(&text, "ID"), field(&text, "VERSION_ID"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use actions_core::action::{Cancel, Context, Inputs as _, Values};

    use super::*;
    use crate::Inputs;

    fn python(version: &str, base: &str) -> Interpreter {
        Interpreter {
            executable: "/venv/bin/python".into(),
            version: version.parse().unwrap(),
            prefix: "/venv".into(),
            base_prefix: "/usr".into(),
            base_executable: Some(PathBuf::from(base)),
            platform: "linux-x86_64".into(),
            scripts: "/venv/bin".into(),
            path: Vec::new(),
        }
    }

    /// The key of a request on the same machine.
    fn prefix(request: &Request, python: &Interpreter, env: &Env) -> String {
        let ctx = request.indexes.apply(&Context::new(env.clone(), Cancel::default()));
        super::prefix(request, &UvSettings::of(&ctx), python, env)
    }

    #[test]
    fn what_is_asked_for_in_another_place_is_another_key() {
        let keys = [
            ("", ""),
            ("EXTRAS", "grpc"),
            ("PACKAGES", "grpc"),
            ("INDEX-URL", "https://a/simple"),
            ("EXTRA-INDEX-URL", "https://a/simple"),
            ("UV-VERSION", "0.9"),
            ("BENTOML-VERSION", ">=0.9"),
            ("COMPILE-BYTECODE", "false"),
        ]
        .map(|(name, value)| {
            let folder = tempfile::tempdir().unwrap();
            let env: Env = [(format!("INPUT_{name}"), value.to_owned())].into_iter().collect();
            let mut ctx = Context::new(env.clone(), Cancel::default());
            ctx.env.set("GITHUB_WORKSPACE", folder.path());
            let inputs = Inputs::read(&Values::of(&env)).unwrap();
            let (request, _) = Request::of(&inputs, &ctx).unwrap();
            prefix(&request, &python("3.11.7", "/usr/bin/python3"), &env)
        });
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len(), "{keys:?}");
    }

    #[test]
    fn one_version_has_one_key() {
        for (version, key) in
            [("9", "p-9"), ("9.0.0", "p-9"), ("1.4.0rc1", "p-1.4rc1"), ("1.10", "p-1.10"), ("0", "p-0")]
        {
            assert_eq!(whole("p-", &version.parse().unwrap()), key, "{version}");
        }
    }

    #[test]
    fn another_python_or_system_is_another_key() {
        let request = Request::new(crate::BentomlVersion::Latest);
        let env: Env = [("ImageOS", "ubuntu24")].into_iter().collect();
        let key = prefix(&request, &python("3.11.7", "/usr/bin/python3"), &env);
        assert!(key.starts_with(&format!("bentoml-{}-x64-python-3.11.7-", std::env::consts::OS)), "{key}");
        assert_eq!(key, prefix(&request, &python("3.11.7", "/usr/bin/python3"), &env));
        assert_ne!(key, prefix(&request, &python("3.11.7", "/opt/bin/python3"), &env));
        assert_ne!(key, prefix(&request, &python("3.11.8", "/usr/bin/python3"), &env));
        let older: Env = [("ImageOS", "ubuntu22")].into_iter().collect();
        assert_ne!(key, prefix(&request, &python("3.11.7", "/usr/bin/python3"), &older));
    }
}
