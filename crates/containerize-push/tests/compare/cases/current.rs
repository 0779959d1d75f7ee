//! Bentos of the version in use, and the ways to say what is in their image.

use std::path::Path;

use super::{BENTOFILE, SERVICE};
use crate::images::assert_same;
use crate::project::{NEWEST, Project};

#[test]
fn the_examples() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("examples");
    for (folder, name) in [("cicd", "keywords"), ("summarization", "summarization")] {
        assert_same(&Project::copy_of(NEWEST, &examples.join(folder)), name);
    }
}

#[test]
fn an_image_with_packages_and_commands() {
    let image = "\
import bentoml

image = bentoml.images.Image(lock_python_packages=False)
image.python_packages('typing-extensions').system_packages('curl')
image.run('mkdir -p /set/up && id -un > /set/up/user')


@bentoml.service(image=image, envs=[{'name': 'GREETING', 'value': 'Hello, \"you\" $HOME'}], labels={'team': 'search'})
class Service:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";
    assert_same(&Project::of(NEWEST, &[("service.py", image)]), "service");
}

#[test]
fn docker_options_of_a_bentofile() {
    let options = "\
labels: {team: search}
envs:
  - name: MODE
    value: 'a b'
docker:
  system_packages: [curl]
  env: {GREETING: 'Hello, \"you\"'}
  setup_script: ./setup.sh
  dockerfile_template: ./Dockerfile.template
";
    let template = "\
{% extends bento_base_template %}
{% block SETUP_BENTO_COMPONENTS %}
{{ super() }}
RUN echo {{ bento__path }} > /template
{% endblock %}
";
    let files = [
        ("service.py", SERVICE),
        ("bentofile.yaml", &format!("{BENTOFILE}{options}")),
        ("setup.sh", "#!/bin/sh\nmkdir -p /set && chown 7:8 /set\n"),
        ("Dockerfile.template", template),
    ];
    assert_same(&Project::of(NEWEST, &files), "service");
}

#[test]
fn two_services() {
    let services = "\
import bentoml


@bentoml.service
class Inner:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text


@bentoml.service
class Service:
    inner = bentoml.depends(Inner)

    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";
    assert_same(&Project::of(NEWEST, &[("service.py", services), ("bentofile.yaml", BENTOFILE)]), "service");
}
