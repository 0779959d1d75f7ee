//! A registry of a test's own, and layers to push to it.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use archive::FixedPlan;
use registry::{Credentials, Image, LayerSource, Manifest, Registry};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const MIB: u64 = 1024 * 1024;

/// The registry's program, as Debian's `docker-registry` and the project itself name it.
const PROGRAMS: [&str; 2] = ["docker-registry", "registry"];

/// A registry; it ends with this.
pub(crate) struct Lab {
    folder: TempDir,
    address: String,
    process: Option<Child>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut lab =
            Self { folder: tempfile::tempdir().unwrap(), address: format!("127.0.0.1:{port}"), process: None };
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{}', secret: lab}}\n\
             storage: {{filesystem: {{rootdirectory: '{}'}}, delete: {{enabled: true}}}}\n",
            lab.address,
            lab.folder.path().join("data").display()
        );
        std::fs::write(lab.folder.path().join("config.yml"), config).unwrap();
        lab.restart();
        lab
    }

    /// Starts it, on the port that it had.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let found = PROGRAMS.iter().find_map(|program| {
            let mut command = Command::new(program);
            command.arg("serve").arg(self.folder.path().join("config.yml"));
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        });
        let found =
            found.expect("no registry on PATH: install docker-registry, or eval \"$(scripts/docker-engine up)\"");
        self.process = Some(found);
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&self.address).is_err() {
            assert!(Instant::now() < end, "the registry does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once, whatever it is doing.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Access without credentials.
    pub(crate) fn repository(&self, name: &str, cancel: &Cancel) -> Registry {
        access(&self.address, name, Credentials::None, cancel)
    }

    /// How many uploads of a repository wait for their end. (Of one that was taken back the registry itself keeps a folder
    /// with the state of its hash.)
    pub(crate) fn uploads(&self, name: &str) -> usize {
        let folder = self.folder.path().join(format!("data/docker/registry/v2/repositories/{name}/_uploads"));
        let uploads = std::fs::read_dir(folder).into_iter().flatten().flatten();
        uploads.filter(|upload| upload.path().join("data").exists()).count()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Access to a repository at this address.
pub(crate) fn access(address: &str, name: &str, credentials: Credentials, cancel: &Cancel) -> Registry {
    let image: Image = format!("{address}/{name}").parse().unwrap();
    Registry::new(&image.repository, credentials, &[], cancel).unwrap()
}

/// A layer of one file of this size, bytes, whole MiB; another seed makes another layer.
pub(crate) fn layer(folder: &Path, size: u64, seed: u8) -> LayerSource {
    let file = folder.join(format!("{size}-{seed}"));
    // No two megabytes are the same: a piece in a wrong place is another digest.
    let mut out = std::fs::File::create(&file).unwrap();
    let mut block = vec![seed; MIB as usize];
    for number in 0..size / MIB {
        block[..8].copy_from_slice(&number.to_be_bytes());
        out.write_all(&block).unwrap();
    }
    let mut plan = FixedPlan::new(0, 0);
    plan.tree("content", &file).unwrap();
    LayerSource::new("a layer".into(), plan.finish())
}

/// Puts an image of one layer under a tag.
pub(crate) async fn tag(registry: &Registry, layer: &registry::Layer, tag: &str) -> Manifest {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    });
    let config = config.to_string().into_bytes();
    let digest = registry.put_blob(&config).await.unwrap();
    let manifest = Manifest::new(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": config.len()},
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": layer.digest, "size": layer.plan.len(),
        }],
    }));
    registry.put_manifest(&manifest, tag).await.unwrap();
    registry.verify_tag(tag, &manifest.digest).await.unwrap();
    manifest
}
