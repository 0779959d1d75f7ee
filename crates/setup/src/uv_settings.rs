//! What uv obeys besides its arguments: variables of the job, and configuration files.
//!
//! Sources: uv's reference, "Environment variables" and "Configuration files".

use std::path::{Path, PathBuf};

use actions_core::action::Context;
use actions_core::address;
use actions_core::env;
use actions_core::{Env, text};
use python_env::variables;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::requirement_files::digest_file;

/// Variables that change what is installed.
const VALUES: [&str; 25] = [
    variables::PIP_EXTRA_INDEX_URL,
    variables::PIP_INDEX_URL,
    variables::PIP_NO_BINARY,
    variables::PIP_NO_INDEX,
    variables::PIP_ONLY_BINARY,
    variables::UV_DEFAULT_INDEX,
    "UV_EXCLUDE_NEWER",
    variables::UV_EXTRA_INDEX_URL,
    variables::UV_FIND_LINKS,
    "UV_FORK_STRATEGY",
    variables::UV_INDEX,
    "UV_INDEX_STRATEGY",
    variables::UV_INDEX_URL,
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_NO_BUILD",
    variables::UV_NO_BUILD_ISOLATION,
    "UV_NO_BUILD_PACKAGE",
    "UV_NO_CONFIG",
    "UV_NO_SOURCES",
    "UV_NO_SOURCES_PACKAGE",
    variables::UV_PRERELEASE,
    variables::UV_REQUIRE_HASHES,
    "UV_RESOLUTION",
    variables::UV_TORCH_BACKEND,
];
/// Those of them that name indexes, separated by blanks.
const INDEXES: [&str; 6] = [
    variables::PIP_EXTRA_INDEX_URL,
    variables::PIP_INDEX_URL,
    variables::UV_DEFAULT_INDEX,
    variables::UV_EXTRA_INDEX_URL,
    variables::UV_INDEX,
    variables::UV_INDEX_URL,
];
/// uv looks at the machine's graphics card.
const AUTO: &str = "auto";
/// Variables that name files of requirements, separated by blanks.
const FILES: [&str; 4] = [variables::UV_BUILD_CONSTRAINT, variables::UV_CONSTRAINT, "UV_EXCLUDE", "UV_OVERRIDE"];

/// What uv obeys in this job.
#[derive(Debug)]
pub(crate) struct UvSettings {
    /// A value that differs when they do. It holds no credentials.
    pub(crate) contents: Value,
    /// May what they ask for be another thing the next time, whatever it is called?
    pub(crate) moving: bool,
}

impl UvSettings {
    /// What cannot be read is left out: uv says what is wrong with it.
    pub(crate) fn of(ctx: &Context) -> Self {
        let mut contents = Map::new();
        for name in VALUES {
            if let Some(value) = ctx.env.get(name) {
                contents.insert(name.to_owned(), address::without(value).into());
            }
        }
        let links = ctx.env.get(variables::UV_FIND_LINKS).unwrap_or_default().split([',', ' ']);
        let mut indexes = INDEXES.iter().flat_map(|name| ctx.env.get(name).unwrap_or_default().split_whitespace());
        let mut moving = are_of_workspace(links, ctx)
            || indexes.any(is_on_disk)
            || ctx.env.get(variables::UV_TORCH_BACKEND).is_some_and(|backend| backend == AUTO);
        for name in FILES {
            let files = ctx.env.get(name).unwrap_or_default().split_whitespace();
            for file in files {
                // At an address stands what somebody may change.
                moving |= file.contains("://");
                if let Ok((digest, inside)) = digest_file(&ctx.workspace().join(file), name, &ctx.env) {
                    moving |= inside;
                    contents.insert(format!("{name} {file}"), digest.into());
                }
            }
        }
        for file in configuration_files(ctx) {
            let Ok(text) = text::read(&file) else { continue };
            let settings = settings(&file, &text);
            moving |= settings.as_ref().is_some_and(|settings| are_moving(settings, ctx));
            let text = settings.map_or(text, |settings| settings.to_string());
            contents.insert(file.to_string_lossy().into_owned(), digest(&text));
        }
        Self { contents: contents.into(), moving }
    }
}

/// Wheels that the job itself may have built. Of a folder that is missing nothing is installed.
fn are_of_workspace<'a>(folders: impl IntoIterator<Item = &'a str>, ctx: &Context) -> bool {
    let Ok(workspace) = ctx.workspace().canonicalize() else { return false };
    let folders = folders.into_iter().filter(|folder| !folder.is_empty());
    let mut folders = folders.map(|folder| workspace.join(folder.trim_start_matches("file://")));
    folders.any(|folder| folder.canonicalize().is_ok_and(|folder| folder.starts_with(&workspace)))
}

/// An index that no server keeps. Before its address there may be a name: `ours=./dist`.
fn is_on_disk(index: &str) -> bool {
    !index.contains("://") || index.contains("file:")
}

/// Do these settings of a configuration file name packages of a disk, or leave the choice to the machine?
fn are_moving(settings: &Value, ctx: &Context) -> bool {
    [Some(settings), settings.get("pip")].into_iter().flatten().any(|settings| {
        let texts = |name: &str| settings.get(name).into_iter().flat_map(texts).collect::<Vec<_>>();
        let indexes = settings.get("index").and_then(Value::as_array).into_iter().flatten();
        let urls = indexes.filter_map(|index| index.get("url")?.as_str());
        urls.chain(texts("index-url")).chain(texts("extra-index-url")).any(is_on_disk)
            || are_of_workspace(texts("find-links"), ctx)
            || texts("torch-backend") == [AUTO]
    })
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// The nearest of the workspace or above it, the user's, the system's.
fn configuration_files(ctx: &Context) -> Vec<PathBuf> {
    let env = &ctx.env;
    if let Some(file) = env.path(variables::UV_CONFIG_FILE) {
        return vec![ctx.workspace().join(file)];
    }
    let above =
        ctx.workspace().ancestors().flat_map(|folder| ["uv.toml", "pyproject.toml"].map(|name| folder.join(name)));
    let of_project = above
        .into_iter()
        .find(|file| text::read(file).is_ok_and(|text| file.ends_with("uv.toml") || settings(file, &text).is_some()));
    of_project.into_iter().chain(of_user(env)).chain([PathBuf::from("/etc/uv/uv.toml")]).collect()
}

fn of_user(env: &Env) -> Option<PathBuf> {
    let folder = if cfg!(windows) {
        env.path(env::APPDATA)
    } else {
        env.path(env::XDG_CONFIG_HOME).or_else(|| Some(env.path(env::HOME)?.join(".config")))
    };
    Some(folder?.join("uv/uv.toml"))
}

/// Of a pyproject.toml only uv's own part.
fn settings(file: &Path, text: &str) -> Option<Value> {
    let all = serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()?;
    if file.ends_with("pyproject.toml") { all.pointer("/tool/uv").cloned() } else { Some(all) }
}

fn digest(text: &str) -> Value {
    let digest = Sha256::digest(address::without(text));
    json!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use actions_core::action::Cancel;

    use super::*;

    fn of(workspace: &Path, variables: &[(&str, &str)]) -> UvSettings {
        let home = workspace.join("home");
        let base = [("GITHUB_WORKSPACE", workspace.to_str().unwrap()), ("HOME", home.to_str().unwrap())];
        let env: Env = base.iter().chain(variables).copied().collect();
        UvSettings::of(&Context::new(env, Cancel::default()))
    }

    #[test]
    fn variables_and_the_files_that_they_name_count_and_credentials_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("c.txt"), "x<2").unwrap();
        let all = [
            of(folder.path(), &[]),
            of(folder.path(), &[("UV_INDEX_URL", "https://h/simple")]),
            of(folder.path(), &[("UV_DEFAULT_INDEX", "https://h/simple")]),
            of(folder.path(), &[("UV_RESOLUTION", "lowest")]),
            of(folder.path(), &[("UV_PRERELEASE", "allow")]),
            of(folder.path(), &[("UV_CONSTRAINT", "c.txt")]),
            of(folder.path(), &[("UV_OVERRIDE", "c.txt")]),
        ];
        for (number, one) in all.iter().enumerate() {
            assert!(!one.moving && all[..number].iter().all(|other| other.contents != one.contents), "{one:?}");
        }
        fs::write(folder.path().join("c.txt"), "x<3").unwrap();
        assert_ne!(of(folder.path(), &[("UV_CONSTRAINT", "c.txt")]).contents, all[5].contents);
        let with = of(folder.path(), &[("UV_INDEX_URL", "https://me:s3cret@h/simple")]);
        assert_eq!(with.contents, all[1].contents);
    }

    #[test]
    fn the_configuration_of_the_project_and_the_user_counts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            of(folder.path(), &[]).contents
        };
        let none = of(folder.path(), &[]).contents;
        assert_eq!(write("pyproject.toml", "[project]\nname = 'a'"), none);
        let own = write("pyproject.toml", "[tool.uv]\nprerelease = 'allow'");
        assert_ne!(own, none);
        assert_eq!(write("pyproject.toml", "[project]\nname = 'b'\n[tool.uv]\nprerelease = 'allow'"), own);
        let user = write("home/.config/uv/uv.toml", "resolution = 'lowest'");
        assert_ne!(user, own);
        // It comes before the other.
        assert_ne!(write("uv.toml", "prerelease = 'allow'"), user);
    }

    #[test]
    fn what_others_may_change_is_moving() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("o.txt"), "x @ file:///x").unwrap();
        fs::create_dir(folder.path().join("dist")).unwrap();
        for (name, value, moving) in [
            ("UV_OVERRIDE", "o.txt", true),
            ("UV_CONSTRAINT", "https://h/c.txt", true),
            ("UV_FIND_LINKS", "dist", true),
            ("UV_FIND_LINKS", "/opt/wheels,https://h/links", false),
            ("UV_INDEX", "https://h/a ours=./dist", true),
            ("UV_DEFAULT_INDEX", "file:///opt/index", true),
            ("PIP_EXTRA_INDEX_URL", "https://h/a https://h/b", false),
            ("UV_TORCH_BACKEND", "auto", true),
            ("UV_TORCH_BACKEND", "cpu", false),
        ] {
            assert_eq!(of(folder.path(), &[(name, value)]).moving, moving, "{name}={value}");
        }
        for (settings, moving) in [
            ("find-links = ['dist']", true),
            ("find-links = ['https://h/links', '/opt/wheels']", false),
            ("[[tool.uv.index]]\nname = 'ours'\nurl = './dist'", true),
            ("[[tool.uv.index]]\nurl = 'https://h/simple'", false),
            ("[tool.uv.pip]\nextra-index-url = ['file:///opt/index']", true),
            ("[tool.uv.pip]\ntorch-backend = 'auto'", true),
            ("index-url = 'https://h/simple'", false),
        ] {
            fs::write(folder.path().join("pyproject.toml"), format!("[tool.uv]\n{settings}")).unwrap();
            assert_eq!(of(folder.path(), &[]).moving, moving, "{settings}");
        }
    }
}
