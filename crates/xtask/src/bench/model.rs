//! A model of a given size in a store.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Its name in the store; the version is the caller's.
pub(super) const NAME: &str = "bench_model";

/// Writes `bytes` of weights that do not compress, the same in every run.
pub(super) fn write_weights(path: &Path, bytes: u64) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..bytes / 8 {
            // Marsaglia's xorshift64.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            file.write_all(&state.to_le_bytes())?;
        }
        file.into_inner()?.sync_all()
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

/// Puts a model with these weights into the store `home`, by a hard link: a version costs no space.
pub(super) fn add(home: &Path, version: &str, weights: &Path) -> Result<()> {
    let model = home.join("models").join(NAME);
    let folder = model.join(version);
    let put = || -> std::io::Result<()> {
        fs::create_dir_all(&folder)?;
        fs::hard_link(weights, folder.join("weights.bin"))?;
        fs::write(model.join("latest"), version)?;
        fs::write(folder.join("model.yaml"), manifest(version))
    };
    put().with_context(|| format!("could not put a model into {}", folder.display()))
}

/// Where temporary files of a store stand.
pub(super) fn temp(home: &Path) -> PathBuf {
    home.join("tmp")
}

fn manifest(version: &str) -> String {
    format!(
        "name: {NAME}\nversion: {version}\nmodule: ''\nlabels: {{}}\noptions: {{}}\nmetadata: {{}}\ncontext:\n  \
         framework_name: ''\n  framework_versions: {{}}\n  bentoml_version: 1.4.39\n  python_version: '3.11'\n\
         signatures: {{}}\napi_version: v1\ncreation_time: '2026-01-01T00:00:00.000000+00:00'\n"
    )
}
