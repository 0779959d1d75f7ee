//! A registry of the test's own that is killed in the middle of a push; the next run succeeds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{Lab, docker};

const MIB: u64 = 1024 * 1024;

/// A `docker-registry` process, or a container of one where that program is missing; killed when dropped.
struct Registry {
    process: Child,
    container: Option<String>,
    port: u16,
}

impl Registry {
    fn start(folder: &Path, port: u16) -> Self {
        let config = folder.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '127.0.0.1:{port}'}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\n",
            folder.join("storage").display()
        );
        fs::write(&config, text).unwrap();
        let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let own = quiet(Command::new("docker-registry").arg("serve").arg(&config));
        let (process, container) = match own {
            Ok(process) => (process, None),
            Err(_) => {
                let (name, volume) = (format!("registry-{port}"), format!("{0}:{0}", folder.display()));
                let run = ["run", "--rm", "--network", "host", "--name", &name, "--volume", &volume, "registry:2"];
                (quiet(Command::new("docker").args(run).arg(&config)).unwrap(), Some(name))
            }
        };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, container, port }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(name) = &self.container {
            docker(&["rm", "--force", name]);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Has an upload arrived in part?
fn uploads(folder: &Path) -> bool {
    let below = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut folders = vec![folder.join("storage")];
    while let Some(folder) = folders.pop() {
        for path in below(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("data")
                && path.components().any(|part| part.as_os_str() == "_uploads")
                && path.metadata().is_ok_and(|meta| meta.len() > 8 * MIB)
            {
                return true;
            }
        }
    }
    false
}

#[test]
fn a_registry_that_dies_in_the_middle_of_a_push() {
    let lab = Lab::greeter(300 * MIB).quick();
    let folder = lab.folder("registry");
    let registry = Registry::start(&folder, free_port());
    let port = registry.port;
    let image = format!("127.0.0.1:{port}/{}:1", lab.repository());
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let watched = folder.clone();
    let killer = std::thread::spawn(move || {
        let start = Instant::now();
        while !uploads(&watched) && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(registry);
    });
    let dead = lab.step(&with);
    killer.join().unwrap();
    assert_eq!((dead.exit_code, dead.errors().len()), (Some(5), 1), "{}", dead.log_text());

    let _registry = Registry::start(&folder, port);
    let again = lab.step(&with);
    assert!(again.succeeded(), "{}", again.log_text());
    assert_eq!(again.outputs["layers-reused"], "0");
}
