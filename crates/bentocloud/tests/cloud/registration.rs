//! What is told of a Bento: old formats, long descriptions, and servers with limits.

use actions_core::Env;
use bentocloud::Pushed;

use crate::differences::differences;
use crate::lab::{Cloud, Flavor, Home, Transmission, tag};
use crate::tree::tree;

/// As bentoml 1.1 wrote it: no `spec`, runners instead of services, tags as plain strings.
const OLD: &str = "service: service:svc
name: iris
version: old1
bentoml_version: 1.1.7
creation_time: 2023-09-01 10:20:30.123456+00:00
labels:
  owner: team-a
  stage: 'yes'
models:
- tag: prices:v1
  module: bentoml.sklearn
  creation_time: '2023-08-01T00:00:00.000001+00:00'
runners:
- name: iris_runner
  runnable_type: SklearnRunnable
  embedded: false
  models:
  - prices:v1
  resource_config:
    cpu: 2
    nvidia.com/gpu: 1
- name: plain_runner
  runnable_type: Plain
  embedded: true
  models: []
  resource_config: null
apis:
- name: classify
  input_type: NumpyNdarray
  output_type: NumpyNdarray
docker:
  distro: debian
  python_version: '3.10'
  cuda_version: null
  env: null
  system_packages: null
  setup_script: null
  base_image: null
  dockerfile_template: null
python:
  requirements_txt: null
  packages:
  - scikit-learn
  lock_packages: true
conda:
  environment_yml: null
  channels: null
  dependencies: null
  pip: null
";

fn store_with(name: &str, version: &str, manifest: &str, readme: &str) -> Home {
    let home = Home::empty();
    let folder = home.path().join("bentos").join(name).join(version);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::create_dir_all(home.path().join("models")).unwrap();
    std::fs::write(folder.with_file_name("latest"), version).unwrap();
    std::fs::write(folder.join("bento.yaml"), manifest).unwrap();
    std::fs::write(folder.join("README.md"), readme).unwrap();
    std::fs::write(folder.join("src/service.py"), "svc = None\n").unwrap();
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bento_of_bentoml_1_1_is_registered_as_bentoml_registers_it() {
    for (flavor, transmission) in [(Flavor::BentoCloud, Transmission::Auto), (Flavor::Yatai, Transmission::Auto)] {
        let (ours, theirs) = (Cloud::start(flavor, transmission).await, Cloud::start(flavor, transmission).await);
        let from = store_with("iris", "old1", OLD, "# Iris\n");
        let old = tag("iris:old1");
        ours.client().push_bento(&from.store(), &old, false, &Env::default()).await.unwrap();
        theirs.bentoml(from.path(), &["push", "iris:old1"]).await;
        let (sent, expected) = (ours.registrations(), theirs.registrations());
        assert_eq!(sent.len(), expected.len(), "{sent:#?}");
        for ((call, sent), (_, expected)) in sent.iter().zip(&expected) {
            let differences = differences(sent, expected);
            assert!(differences.is_empty(), "{call}, ours and bentoml's:\n{}", differences.join("\n"));
        }
        let to = Home::empty();
        theirs.client().pull_bento(&to.store(), &old, false).await.unwrap();
        assert_eq!(tree(&from.path().join("bentos")), tree(&to.path().join("bentos")));
    }
}

fn small(readme: &str) -> Home {
    let manifest = "service: service:Svc\nname: small\nversion: v1\nbentoml_version: 1.4.39\nspec: 2\n\
        creation_time: '2026-01-02T03:04:05.678901+00:00'\nlabels: {}\nmodels: []\nentry_service: Svc\nservices: []\n";
    store_with("small", "v1", manifest, readme)
}

fn described(cloud: &Cloud, method: &str) -> Vec<usize> {
    let bodies = cloud.requests(method, "/small/bentos").into_iter().filter_map(|request| request.body_json);
    bodies.filter_map(|body| body["description"].as_str().map(str::len)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_readme_that_is_too_long_for_the_server_is_shortened() {
    let readme = format!("# Small\n{}", "\u{fc} ".repeat(100 * 1024));
    let (from, env, small) = (small(&readme), Env::default(), tag("small:v1"));
    let yatai = Cloud::start(Flavor::Yatai, Transmission::Auto).await;
    let pushed = yatai.client().push_bento(&from.store(), &small, false, &env).await.unwrap();
    assert!(matches!(pushed, Pushed::Sent { .. }));
    let lengths = described(&yatai, "POST");
    assert!(lengths.last().is_some_and(|&length| length > 1000 && length < 256 * 1024), "{lengths:?}");
    yatai.client().push_bento(&from.store(), &small, true, &env).await.unwrap();
    // The file itself goes whole.
    let to = Home::empty();
    yatai.client().pull_bento(&to.store(), &small, false).await.unwrap();
    assert_eq!(std::fs::read_to_string(to.path().join("bentos/small/v1/README.md")).unwrap(), readme);

    let cloud = Cloud::plain().await;
    cloud.client().push_bento(&from.store(), &small, false, &env).await.unwrap();
    assert_eq!(described(&cloud, "POST"), [readme.len()], "BentoCloud takes it whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_readme_over_three_mebibytes_counts_as_none() {
    for (size, expected) in [(3 * 1024 * 1024, 3 * 1024 * 1024), (3 * 1024 * 1024 + 1, 0)] {
        let (from, cloud) = (small(&"x".repeat(size)), Cloud::plain().await);
        cloud.client().push_bento(&from.store(), &tag("small:v1"), false, &Env::default()).await.unwrap();
        assert_eq!(described(&cloud, "POST"), [expected]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bento_is_said_before_anything_is_sent() {
    let cases = [("no bento.yaml", None), ("not valid YAML", Some("a: [")), ("lacks name or version", Some("a: 1"))];
    let cloud = Cloud::plain().await;
    for (expected, manifest) in cases {
        let from = small("");
        let file = from.path().join("bentos/small/v1/bento.yaml");
        match manifest {
            Some(text) => std::fs::write(file, text).unwrap(),
            None => std::fs::remove_file(file).unwrap(),
        }
        let pushed = cloud.client().push_bento(&from.store(), &tag("small:v1"), false, &Env::default()).await;
        let error = pushed.unwrap_err().full_text();
        assert!(error.contains(expected), "{error}");
    }
    assert!(cloud.server.requests().is_empty());
}
