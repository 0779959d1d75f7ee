//! A project, and the store with its Bento, made by one of the versions of BentoML.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Version of BentoML in the environment of all tests.
pub(crate) const NEWEST: &str = "";

/// The version that its Bento has.
pub(crate) const VERSION: &str = "v1";

/// Saves a model. Older versions have no defaults.
const MODEL: &str = "\
import bentoml, os, sys
from bentoml.models import ModelContext

context = ModelContext(framework_name='', framework_versions={})
with bentoml.models.create(sys.argv[1], module='', signatures={}, context=context) as model:
    os.makedirs(model.path_of('vocab'))
    with open(model.path_of('vocab/words.txt'), 'w') as words:
        words.write(sys.argv[1])
    with open(model.path_of('weights.bin'), 'wb') as weights:
        weights.write(bytes(range(256)) * 40)
";

/// A folder with a project beside an empty store.
pub(crate) struct Project {
    root: tempfile::TempDir,
    programs: PathBuf,
}

impl Project {
    /// An empty project of this version of BentoML, [`NEWEST`] or one that `cargo xtask tools` installs besides.
    pub(crate) fn new(version: &str) -> Self {
        let root = tempfile::Builder::new().prefix("containerize-push-compare-").tempdir().unwrap();
        for folder in ["project", "home", "temp"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root, programs: environment(version).join("bin") }
    }

    /// The same with these files. Scripts can be executed.
    pub(crate) fn of(version: &str, files: &[(&str, &str)]) -> Self {
        let project = Self::new(version);
        for (name, text) in files {
            let mode = if name.ends_with(".sh") { 0o755 } else { 0o644 };
            project.file(name, text, mode);
        }
        project
    }

    /// The same with the files of a folder.
    pub(crate) fn copy_of(version: &str, folder: &Path) -> Self {
        let project = Self::new(version);
        let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        for file in entries.filter(|entry| entry.file_type().unwrap().is_file()) {
            std::fs::copy(file.path(), project.folder().join(file.file_name())).unwrap();
        }
        project
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Where the sources are.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// `BENTOML_HOME`.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// For files that go with the project.
    pub(crate) fn temp(&self) -> PathBuf {
        self.root.path().join("temp")
    }

    /// Saves a model `NAME:VERSION` with two files in the store.
    pub(crate) fn model(&self, tag: &str) {
        output(self.program("python").args(["-c", MODEL, tag]));
    }

    /// Builds the Bento and returns its tag.
    pub(crate) fn build(&self, name: &str) -> String {
        output(self.program("bentoml").args(["build", "--version", VERSION]));
        format!("{name}:{VERSION}")
    }

    /// A program of the environment, in the project's folder and on its store.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder()).env("BENTOML_HOME", self.home()).env("BENTOML_DO_NOT_TRACK", "true");
        // Older ones ask click for more than its newest version answers.
        command.env("PYTHONWARNINGS", "ignore");
        command
    }
}

/// The environment with this version of BentoML. A missing one is a failure: a test that did not run has shown nothing.
fn environment(version: &str) -> PathBuf {
    match version {
        NEWEST => testkit::venv(),
        version => testkit::venv_of(version),
    }
}

/// Runs it, and returns what it prints on standard output.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
