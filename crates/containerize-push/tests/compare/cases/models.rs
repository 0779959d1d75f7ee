//! Models of the store.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::BENTOFILE;
use crate::images::assert_same;
use crate::project::{NEWEST, Project};

const SERVICE: &str = "\
import bentoml


@bentoml.service
class Service:
    one = bentoml.models.BentoModel('words:v1')
    other = bentoml.models.BentoModel('numbers:v7')

    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";

fn project() -> Project {
    let project = Project::of(NEWEST, &[("service.py", SERVICE), ("bentofile.yaml", BENTOFILE)]);
    project.model("words:v1");
    project.model("numbers:v7");
    project
}

#[test]
fn models_of_a_service() {
    assert_same(&project(), "service");
}

#[test]
fn models_with_odd_names_modes_and_links() {
    let project = project();
    let model = project.home().join("models/words/v1");
    for (name, mode) in [("only mine.txt", 0o600), ("run.sh", 0o755), (".dockerignore", 0o644), ("ü*[x].bin", 0o664)] {
        let file = model.join(name);
        std::fs::write(&file, "*.bin\n").unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::create_dir(model.join("hollow")).unwrap();
    symlink("weights.bin", model.join("link.bin")).unwrap();
    symlink("vocab", model.join("folder")).unwrap();
    assert_same(&project, "service");
}
