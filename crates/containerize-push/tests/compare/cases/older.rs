//! Bentos of older versions, each made an image by the version that built it.

use crate::images::assert_same;
use crate::project::Project;

const CLASS: &str = "\
import bentoml


@bentoml.service
class Older:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";

/// A service as it was before 1.2.
const LEGACY: &str = "\
import bentoml
from bentoml.io import Text

svc = bentoml.Service('older')


@svc.api(input=Text(), output=Text())
def echo(text: str) -> str:
    return text
";

const BENTOFILE: &str = "\
labels: {team: search}
models: ['words:v1']
python:
  packages: [typing-extensions]
  lock_packages: false
docker:
  env: {GREETING: hello}
";

fn older(version: &str, service: &str, target: &str) -> Project {
    let bentofile = format!("service: service:{target}\n{BENTOFILE}");
    let project = Project::of(version, &[("service.py", service), ("bentofile.yaml", &bentofile)]);
    project.model("words:v1");
    project
}

#[test]
fn a_service_of_1_1() {
    assert_same(&older("1.1.11", LEGACY, "svc"), "older");
}

#[test]
fn a_service_of_1_2() {
    assert_same(&older("1.2.20", CLASS, "Older"), "older");
}

#[test]
fn a_service_of_1_3() {
    assert_same(&older("1.3.22", CLASS, "Older"), "older");
}

#[test]
fn a_setup_script_of_1_1_that_reads_and_changes_models() {
    let project = older("1.1.11", LEGACY, "svc");
    let script = "#!/bin/sh\nset -e\ncp \"$BENTO_PATH/models/words/latest\" /read\nchown -R 2000 \"$BENTO_PATH\"\n";
    project.file("setup.sh", script, 0o755);
    let bentofile = format!("service: service:svc\n{BENTOFILE}  setup_script: ./setup.sh\n");
    project.file("bentofile.yaml", &bentofile, 0o644);
    assert_same(&project, "older");
}
