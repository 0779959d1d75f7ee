//! What the Bento depends on is installed for the build, from a wheel that the test makes; and nothing else.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, SERVICE, venv};

/// A wheel with one module.
fn wheel(folder: &Path, name: &str, module: &str, text: &str) -> PathBuf {
    let script = "\
import sys, zipfile
wheel, name, module = sys.argv[1:4]
info = name + '-1.0.dist-info/'
files = {
    module + '.py': sys.stdin.read(),
    info + 'METADATA': 'Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\n' % name,
    info + 'WHEEL': 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
}
with zipfile.ZipFile(wheel, 'w') as out:
    for path, text in files.items():
        out.writestr(path, text)
    record = ''.join('%s,,\\n' % path for path in list(files) + [info + 'RECORD'])
    out.writestr(info + 'RECORD', record)
";
    let file = folder.join(format!("{name}-1.0-py3-none-any.whl"));
    let mut child = Command::new(venv().join("bin/python"))
        .args(["-c", script, file.to_str().unwrap(), name, module])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    file
}

const CHAT: &str = "\
from pydantic import BaseModel
class Message(BaseModel):
    role: str = 'user'
    content: str
LIMIT = 7
";
const USES: &str = "\
import typing as t
import bentoml
import heavy_chat
import torch
from heavy_chat import Message


@bentoml.service
class Echo:
    @bentoml.api
    def echo(self, messages: t.List[Message], limit: int = heavy_chat.LIMIT) -> str:
        return str(torch.zeros(limit))
";

fn listing(wheel: &Path) -> Project {
    let bentofile = format!(
        "service: service:Echo\npython:\n  lock_packages: false\n  packages:\n  - heavy-chat @ file://{}\n  - torch\n",
        wheel.display()
    );
    Project::service(USES).file("bentofile.yaml", &bentofile).with("version", "1").env("UV_OFFLINE", "1")
}

#[test]
fn a_type_of_an_api_is_installed_for_this_build_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let result = listing(&wheel(folder.path(), "heavy_chat", "heavy_chat", CHAT)).build();
    assert!(result.succeeded(), "{}", result.log_text());
    let log = result.log_text();
    assert!(log.contains("heavy_chat is needed to build the Bento") && log.contains("building again"), "{log}");
    assert!(log.contains("built without torch"), "{log}");
    let schema = serde_json::from_str::<serde_json::Value>(&result.outputs["metadata"]).unwrap()["schema"].to_string();
    assert!(schema.contains("\"role\"") && schema.contains("\"default\":7"), "{schema}");
    let there = Command::new(venv().join("bin/python")).args(["-c", "import heavy_chat"]).output().unwrap();
    assert!(!there.status.success(), "the user's environment is as it was");
}

#[test]
fn all_that_the_project_requires_is_installed_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let chat = wheel(folder.path(), "heavy_chat", "heavy_chat", CHAT);
    let other = wheel(folder.path(), "heavy_other", "heavy_other", "print('the real one')\n");
    let image = format!(
        "image = bentoml.images.Image(lock_python_packages=False).python_packages('heavy-other @ file://{}')\n",
        other.display()
    );
    let service = format!("import heavy_chat, heavy_other\n{SERVICE}")
        .replace("@bentoml.service\n", &format!("{image}@bentoml.service(image=image)\n"));
    let project = listing(&chat).file("service.py", &service).with("dependencies", "install");
    let project = project.file(
        "bentofile.yaml",
        &format!("service: service:Echo\npython:\n  packages:\n  - heavy-chat @ file://{}\n", chat.display()),
    );
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let log = result.log_text();
    assert!(log.contains("the real one") && !log.contains("built without"), "{log}");
}

#[test]
fn where_nothing_is_known_that_could_be_installed_the_error_says_why_it_is_needed() {
    let project = Project::service(USES).with("version", "1");
    let result = project.build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    let error = &result.annotations[0];
    assert_eq!((error.file.as_deref(), error.line), (Some("service.py"), Some(3)), "{error:?}");
    assert!(
        error.message.contains("without the module heavy_chat") && error.message.contains("requirements"),
        "{error:?}"
    );
    assert_eq!(project.stored("bentos/echo"), [""; 0]);
}

#[test]
fn a_requirement_that_does_not_exist_is_an_error_with_the_resolvers_words() {
    let project = Project::service(&format!("import dotenv\n{SERVICE}"))
        .file(
            "bentofile.yaml",
            "service: service:Echo\npython:\n  lock_packages: false\n  packages: [python-dotenv==99.9]\n",
        )
        .env("UV_OFFLINE", "1")
        .env("UV_NO_CACHE", "1");
    let result = project.build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    assert!(result.errors()[0].contains("failed to install python-dotenv==99.9"), "{:?}", result.errors());
    assert_eq!((project.stored("bentos/echo"), project.stored("tmp")), (Vec::new(), Vec::new()));
}

/// A project whose service needs the real `heavy_chat`, with this file of requirements.
fn required(lines: &str) -> Project {
    Project::service(USES)
        .file(
            "bentofile.yaml",
            "service: service:Echo\npython:\n  lock_packages: false\n  requirements_txt: needs.txt\n",
        )
        .file("needs.txt", lines)
        .with("version", "1")
        .env("UV_NO_CACHE", "1")
        .env("UV_INDEX_URL", "http://127.0.0.1:1/simple")
}

#[test]
fn the_options_of_a_file_of_requirements_say_where_its_packages_come_from() {
    let folder = tempfile::tempdir().unwrap();
    wheel(folder.path(), "heavy_chat", "heavy_chat", CHAT);
    let lines = format!("--no-index\n--find-links {}\nheavy-chat\ntorch\n", folder.path().display());
    let result = required(&lines).build();
    assert!(result.succeeded(), "{}", result.log_text());
}

#[test]
fn a_pinned_version_that_is_not_there_is_not_replaced_by_another() {
    let folder = tempfile::tempdir().unwrap();
    wheel(folder.path(), "heavy_chat", "heavy_chat", CHAT);
    let lines = format!("--no-index\n--find-links {}\nheavy-chat==2.0\ntorch\n", folder.path().display());
    let result = required(&lines).build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    assert!(result.errors()[0].contains("failed to install heavy-chat==2.0"), "{:?}", result.errors());
}

#[test]
fn what_has_a_hash_is_installed_by_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = wheel(folder.path(), "heavy_chat", "heavy_chat", CHAT);
    let sum = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned();
    let start = format!("--no-index\n--find-links {}\ntorch==2.9.1 --hash=sha256:{sum}\n", folder.path().display());
    let result = required(&format!("{start}heavy-chat==1.0 \\\n    --hash=sha256:{sum}\n")).build();
    assert!(result.succeeded(), "{}", result.log_text());
    for mode in ["auto", "install"] {
        let other = format!("{start}heavy-chat==1.0 --hash=sha256:{}\n", "0".repeat(64));
        let other = if mode == "auto" {
            other
        } else {
            other.lines().filter(|line| !line.starts_with("torch")).collect::<Vec<_>>().join("\n")
        };
        let result = required(&other).with("dependencies", mode).build();
        assert_eq!(result.exit_code, Some(6), "{mode}: {}", result.log_text());
        assert!(result.errors()[0].to_lowercase().contains("hash"), "{mode}: {:?}", result.errors());
    }
}

#[test]
fn credentials_of_a_requirement_in_the_services_code_are_not_shown() {
    let image = "image = bentoml.images.Image(lock_python_packages=False).python_packages(\n    'heavy-chat @ \
                 http://user:tok-sesame-en@127.0.0.1:1/heavy_chat-1.0-py3-none-any.whl')\n";
    let service = USES.replace("@bentoml.service\n", &format!("{image}@bentoml.service(image=image)\n"));
    let result = Project::service(&service).with("version", "1").build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    let log = result.log_text();
    assert!(log.contains("heavy-chat @") && !log.contains("sesame"), "{log}");
}

#[test]
fn a_version_in_a_label_is_the_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let chat = wheel(folder.path(), "heavy_chat", "heavy_chat", "__version__ = '1.0'\n");
    let decorator = "@bentoml.service(labels={'major': heavy_chat.__version__.split('.')[0]})\n";
    let service = format!("import heavy_chat\n{SERVICE}").replace("@bentoml.service\n", decorator);
    let project = listing(&chat).file("service.py", &service);
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let info = std::fs::read_to_string(Path::new(&result.outputs["bento-path"]).join("bento.yaml")).unwrap();
    assert!(info.contains("major: '1'"), "{info}");
}
