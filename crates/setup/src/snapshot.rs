//! The copy of an environment that the step leaves for its post step. Later steps run between the two, and what they write may reach
//! the state: it is believed only as far as it can be checked.

use std::fs;
use std::path::{Path, PathBuf};

use actions_core::action::Context;
use actions_core::{Error, Result};
use python_env::{Distribution, Version};
use uuid::Uuid;

use crate::key;

const PREFIX: &str = ".bentoml-cache-";

/// A new name in the folder for temporary files.
pub(crate) fn new_name() -> String {
    format!("{PREFIX}{}", Uuid::new_v4().simple())
}

/// The snapshot of this name in the job's folder for temporary files, to be saved under this key.
///
/// # Errors
/// When the name is not one of ours, what has it is not a folder of this user's, or the key is not that of an environment with the
/// BentoML in it. Then nothing of it may be sent or removed.
pub(crate) fn find(name: &str, key: &str, ctx: &Context) -> Result<PathBuf> {
    let refused = |why: String| {
        Error::failure(format!("the environment is not saved in the cache: {why}")).hint(
            "Something between this step and its end has written to the step's state, or to its files in RUNNER_TEMP.",
        )
    };
    let is_ours = name.strip_prefix(PREFIX).is_some_and(|id| id.len() == 32 && Uuid::try_parse(id).is_ok());
    if !is_ours {
        return Err(refused(format!("{name:?} is not a name that setup gives")));
    }
    let folder = ctx.temp_root().join(name);
    let metadata = fs::symlink_metadata(&folder).map_err(|error| refused(format!("{}: {error}", folder.display())))?;
    if !metadata.is_dir() || !is_own(&metadata) {
        return Err(refused(format!("{} is not a folder of this user's", folder.display())));
    }
    let bentoml = bentoml(&folder).ok_or_else(|| refused(format!("{} holds no BentoML", folder.display())))?;
    if !key::fits(key, &bentoml) {
        return Err(refused(format!("the key {key:?} is not that of an environment with BentoML {bentoml}")));
    }
    Ok(folder)
}

/// The version of BentoML in an environment, as its files say.
fn bentoml(environment: &Path) -> Option<Version> {
    let of_pythons = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let folders = of_pythons.map(|python| python.path().join("site-packages"));
    let folders: Vec<_> = folders.chain([environment.join("Lib").join("site-packages")]).collect();
    Some(Distribution::find("bentoml", &folders)?.version)
}

#[cfg(unix)]
fn is_own(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use actions_core::action::Cancel;

    use super::*;

    const NAME: &str = ".bentoml-cache-0123456789abcdef0123456789abcdef";
    const KEY: &str = "bentoml-linux-x64-python-3.11.7-0123456789abcdef-1.4.39";

    #[test]
    fn only_our_own_folder_under_its_own_key_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let env = [("RUNNER_TEMP", root.path().to_str().unwrap())].into_iter().collect();
        let ctx = Context::new(env, Cancel::default());
        let make = |name: &str| {
            let info = root.path().join(name).join("lib/python3.11/site-packages/bentoml-1.4.39.dist-info");
            fs::create_dir_all(&info).unwrap();
            fs::write(info.join("METADATA"), "Name: bentoml\nVersion: 1.4.39\n").unwrap();
        };
        make(NAME);
        make("victim");
        assert_eq!(find(NAME, KEY, &ctx).unwrap(), root.path().join(NAME));
        let absolute = root.path().join("victim").to_string_lossy().into_owned();
        for name in
            ["victim", "", ".", "..", &absolute, ".bentoml-cache-", ".bentoml-cache-../victim", &format!("{NAME}/")]
        {
            assert!(find(name, KEY, &ctx).unwrap_err().to_string().contains("not a name that setup gives"), "{name}");
        }
        for key in
            ["any", "", "setup-linux-1.4.39", "bentoml-linux-1.4.38", "bentoml-1.4.39", "bentoml-linux, x-1.4.39"]
        {
            assert!(find(NAME, key, &ctx).unwrap_err().to_string().contains("the key"), "{key}");
        }
        fs::remove_dir_all(root.path().join(NAME)).unwrap();
        assert!(find(NAME, KEY, &ctx).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("victim", root.path().join(NAME)).unwrap();
            assert!(find(NAME, KEY, &ctx).unwrap_err().to_string().contains("not a folder of this user's"));
        }
        assert!(new_name().starts_with(PREFIX) && new_name().len() == NAME.len());
    }
}
