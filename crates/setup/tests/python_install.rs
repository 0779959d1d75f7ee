//! A Python that the machine lacks, installed by the real uv from a mirror on this machine.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::server::{Answer, serve};
use common::{Machine, run};

/// Packs this Python as python-build-standalone does, without what nobody needs here, and writes the list of downloads as
/// uv reads it: arguments are the folder and the hash in place of the right one. Prints the version.
const PACK: &str = r#"
import hashlib, json, os, platform, sys, tarfile
folder, sha256 = sys.argv[1:]
version, minor = platform.python_version(), "python%d.%d" % sys.version_info[:2]
skipped = {"site-packages", "test", "tests", "idlelib", "tkinter", "lib2to3", "turtledemo", "__pycache__", "ensurepip"}
def wanted(member):
    parts = member.name.split("/")
    return None if skipped & set(parts) or any(part.startswith("config-") for part in parts) else member
name = f"cpython-{version}+20260101-{platform.machine()}-unknown-linux-gnu-install_only_stripped.tar.gz"
os.makedirs(f"{folder}/20260101")
with tarfile.open(f"{folder}/20260101/{name}", "w:gz", compresslevel=1) as tar:
    tar.add(os.path.realpath(f"{sys.base_prefix}/bin/{minor}"), "python/bin/" + minor)
    for link in ["python", "python3"]:
        member = tarfile.TarInfo("python/bin/" + link)
        member.type, member.linkname = tarfile.SYMTYPE, minor
        tar.addfile(member)
    tar.add(f"{sys.base_prefix}/lib/{minor}", f"python/lib/{minor}", filter=wanted)
with open(f"{folder}/20260101/{name}", "rb") as file:
    sha256 = sha256 or hashlib.sha256(file.read()).hexdigest()
major, minor, patch = sys.version_info[:3]
url = "https://github.com/astral-sh/python-build-standalone/releases/download/20260101/" + name.replace("+", "%2B")
entry = dict(name="cpython", arch=dict(family=platform.machine(), variant=None), os="linux", libc="gnu", major=major,
    minor=minor, patch=patch, prerelease="", url=url, sha256=sha256, variant=None, build="20260101")
with open(f"{folder}/list.json", "w") as file:
    json.dump({f"cpython-{version}-linux-{platform.machine()}-gnu": entry}, file)
print(version)
"#;

/// A mirror of one Python, and a machine that has uv, another Python and a few packages.
async fn machine(sha256: &str) -> (Machine, String, PathBuf) {
    let mut machine = Machine::with_uv().await;
    let folder = machine.path("mirror");
    let version = run(common::real_python(), &["-c", PACK, &folder.to_string_lossy(), sha256]);
    machine.packages(&["bentoml-9.0", "pip-99"]);
    machine.fake_python("bin/python3", "3.7.1");
    for (name, value) in [
        ("UV_OFFLINE", "0"),
        ("UV_NO_INDEX", "1"),
        ("UV_HTTP_RETRIES", "0"),
        ("UV_PYTHON_DOWNLOADS_JSON_URL", &*folder.join("list.json").to_string_lossy()),
    ] {
        machine.env.set(name, value);
    }
    (machine, version, folder)
}

#[tokio::test]
async fn it_comes_from_the_mirror_and_is_there_for_the_next_job() {
    let (mut machine, version, folder) = machine("").await;
    let address =
        serve(move |path, head| match head.to_lowercase().contains("authorization: basic bwu6bwlycm9yia==") {
            // `me:mirror `, in base64.
            true => Answer::File(folder.join(path.trim_start_matches('/').replace("%2B", "+"))),
            false => Answer::Text("401 Unauthorized", String::new()),
        });
    machine.set("python-mirror", &format!("http://me:mirror%20@{address}"));
    let minor = version.rsplit_once('.').expect("three numbers").0;
    machine.set("python-version", &format!("3.99\n{minor}"));
    let ran = machine.run().await;
    ran.result.as_ref().expect("installed");
    let found = format!("no Python fits 3.99 or {minor}: there are 3.7.1 on PATH: uv installs one");
    assert!(ran.plan.starts_with(&found), "{}", ran.plan);
    assert_eq!((ran.output("python-version"), ran.output("bentoml-version")), (&*version, "9.0"));
    let base = run(ran.output("python-path"), &["-c", "import sys; print(sys.base_prefix)"]);
    assert!(base.starts_with(&*machine.path("uv-pythons").to_string_lossy()), "{base}");
    assert_eq!(actions_core::runner::mask::redact("mirror%20@"), "***@");

    machine.set("python-mirror", "http://127.0.0.1:9");
    let plan = machine.plan().await.expect("found").to_string();
    assert!(
        plan.contains(&format!("use Python {version} with uv: ")) && plan.contains(&format!(", fits {minor}\n")),
        "{plan}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_and_leaves_nothing_behind() {
    let zeros = "0".repeat(64);
    let (mut machine, version, folder) = machine(&zeros).await;
    let missing = serve(|_, _| Answer::Text("404 Not Found", String::new()));
    let silent = serve(|_, _| Answer::Silence);
    machine.set("install-timeout", "5");
    for (wanted, mirror, part) in [
        ("3.99", format!("file://{}", folder.display()), "No download found"),
        (&*version, format!("file://{}", folder.display()), "Hash mismatch"),
        (&*version, format!("http://{missing}"), "404"),
        (&*version, format!("http://{silent}"), "did not end within 5 s"),
        (&*version, "ftp://h".to_owned(), "input python-mirror: it is neither https:// nor http://"),
    ] {
        machine.set("python-version", wanted);
        machine.set("python-mirror", &mirror);
        let error = machine.run().await.error();
        assert!(error.contains(part), "{part}: {error}");
        machine.assert_nothing_left();
    }
    let python = Command::new("find").arg(machine.path("uv-pythons")).args(["-name", "python*"]).output();
    assert_eq!(String::from_utf8_lossy(&python.expect("found").stdout), "");
}
