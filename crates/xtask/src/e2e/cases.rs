//! The workflows that are run, what starts them, and what must come of it. In this order: later ones use what earlier
//! ones left in the cloud.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::event::Event;
use super::lab::Lab;
use super::log::Log;

/// Steps of `build-and-deploy`.
const PLAN: &str = "Plan";
const SETUP: &str = "Set up BentoML";
const BUILD: &str = "Build";
const DEPLOY: &str = "Push and deploy";
const CHECKOUT: &str = "Check out";
/// The steps of `bento-ship.yml`, in the order of their ends: a composite action ends after its own.
const SHIP: &[&str] = &[CHECKOUT, PLAN, SETUP, BUILD, DEPLOY, "Build, push, deploy"];
const SHIP_AND_TEST: &[&str] = &[CHECKOUT, PLAN, SETUP, BUILD, DEPLOY, "Build, push, deploy", "Test"];
const BUILDER: &str = "Start a builder";
const TELL: &str = "Tell";

const CICD: &str = "examples/cicd";
const SUMMARIZATION: &str = "examples/summarization";

/// Shell would run something in each of these, and leave a file that outlives the job.
const HOSTILE: &str = "$(touch $BENTOML_HOME/run-1) `touch $BENTOML_HOME/run-2` \"; touch $BENTOML_HOME/run-3; \" '; touch $BENTOML_HOME/run-4; ' && touch $BENTOML_HOME/run-5";

/// A run of one workflow.
pub(super) struct Case {
    /// Of this run; unique.
    pub(super) name: &'static str,
    /// The folder whose contents are the repository.
    pub(super) project: &'static str,
    pub(super) workflow: Workflow,
    pub(super) event: Event,
    /// Of a dispatch.
    pub(super) inputs: &'static [(&'static str, &'static str)],
    /// The steps that succeed, all of them, in the order of their ends.
    pub(super) steps: &'static [&'static str],
    /// The step that fails, and words of its error.
    pub(super) fails: Option<(&'static str, &'static [&'static str])>,
    /// What besides must hold.
    pub(super) check: fn(&Lab, &Case, &Log) -> Result<()>,
}

/// Which workflow it is.
pub(super) enum Workflow {
    /// One of the project's own.
    Example(&'static str),
    /// The first one in README.md, as a user copies it.
    Readme,
    /// This text: as a user would write it.
    Own(&'static str),
}

impl Case {
    /// The name, as one of a folder.
    pub(super) fn folder(&self) -> String {
        self.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
    }
}

/// A run that deploys `keywords`.
const fn ships(name: &'static str, workflow: &'static str, event: Event, steps: &'static [&'static str]) -> Case {
    Case {
        name,
        project: CICD,
        workflow: Workflow::Example(workflow),
        event,
        inputs: &[],
        steps,
        fails: None,
        check: keywords_answers,
    }
}

const fn own(name: &'static str, text: &'static str, event: Event, steps: &'static [&'static str]) -> Case {
    Case {
        name,
        project: CICD,
        workflow: Workflow::Own(text),
        event,
        inputs: &[],
        steps,
        fails: None,
        check: |_, _, _| Ok(()),
    }
}

const MAIN: Event = Event::Push("refs/heads/main");

pub(super) const CASES: &[Case] = &[
    Case {
        check: built_and_kept,
        ..own(
            "build: pushed and kept as an artifact, no Deployment touched",
            include_str!("workflows/build.yml"),
            MAIN,
            &[CHECKOUT, PLAN, SETUP, BUILD, "Push", "Export", "Keep the Bento", TELL],
        )
    },
    Case {
        fails: Some((PLAN, &["cloud-api-token"])),
        ..own(
            "build: without a token to push with, nothing is built",
            include_str!("workflows/build.yml"),
            Event::ForkPullRequest,
            &[CHECKOUT],
        )
    },
    Case {
        check: |_, _, log| told(log, "deployments", ""),
        ..own(
            "build: a pull request of a fork builds without any secret",
            include_str!("workflows/pull-request.yml"),
            Event::ForkPullRequest,
            &["No secret is there", CHECKOUT, SETUP, BUILD],
        )
    },
    Case {
        fails: Some((PLAN, &["cloud-api-token"])),
        ..own(
            "ship: a pull request of a fork gets no secret, so nothing is built",
            include_str!("workflows/ship.yml"),
            Event::ForkPullRequest,
            &[CHECKOUT],
        )
    },
    Case {
        workflow: Workflow::Readme,
        check: |lab, case, log| {
            let lines = lab.text(case)?.lines().count();
            ensure!(lines <= 5, "README.md says five lines, and these are {lines}");
            keywords_answers(lab, case, log)
        },
        ..ships("README: the five lines, as they stand there", "", MAIN, SHIP)
    },
    ships("every-commit: a new Deployment", "every-commit.yml", MAIN, SHIP),
    ships("code-update: updated and tested", "code-update.yml", MAIN, SHIP_AND_TEST),
    ships("config-changed: nothing is built", "config-changed.yml", MAIN, &[CHECKOUT, "Deploy"]),
    ships("deployment-config: applied", "deployment-config.yml", Event::Dispatch, SHIP),
    ships("deployment-branch: deployed", "deployment-branch.yml", Event::Push("refs/heads/deployment"), SHIP),
    Case {
        check: |lab, case, log| {
            output(log, "bento-tag", "keywords:v1.2.3")?;
            keywords_answers(lab, case, log)
        },
        ..ships("release-tag: the Bento has its version", "release-tag.yml", Event::Push("refs/tags/v1.2.3"), SHIP)
    },
    Case {
        inputs: &[("tag", "keywords:v1.2.3"), ("deployment", "keywords")],
        check: |lab, case, log| {
            output(log, "bento_tag", "keywords:v1.2.3")?;
            keywords_answers(lab, case, log)
        },
        ..ships("manual: a Bento of choice", "manual.yml", Event::Dispatch, &[CHECKOUT, "Deploy"])
    },
    Case {
        inputs: &[("tag", HOSTILE)],
        fails: Some(("Deploy", &["$(touch $BENTOML_HOME/run-1) `touch $BENTOML_HOME/run-2`"])),
        check: nothing_was_run,
        ..ships("manual: a tag that is shell is data", "manual.yml", Event::Dispatch, &[CHECKOUT])
    },
    Case {
        check: |lab, case, log| {
            for (name, value) in &log.told {
                ensure!(!value.is_empty(), "the output {name} of the workflow is empty");
            }
            ensure!(log.told.len() == 5, "the caller was told {:?}", log.told);
            nothing_was_run(lab, case, log)?;
            hostile_label_arrived(lab, log)
        },
        ..own(
            "ship: outputs arrive, and inputs that are shell are data",
            include_str!("workflows/ship.yml"),
            MAIN,
            &[CHECKOUT, PLAN, SETUP, BUILD, DEPLOY, "Build, push, deploy", "Test", TELL],
        )
    },
    Case {
        fails: Some((BUILD, &["1$(touch $BENTOML_HOME/run-1)"])),
        check: nothing_was_run,
        ..own(
            "ship: a version that is shell, of several lines, is data",
            include_str!("workflows/ship-hostile.yml"),
            MAIN,
            &[CHECKOUT, PLAN, SETUP],
        )
    },
    Case {
        fails: Some(("Make and push the image", &["$(touch $BENTOML_HOME/run-1)"])),
        check: nothing_was_run,
        ..own(
            "image: names and arguments that are shell are data",
            include_str!("workflows/image-hostile.yml"),
            MAIN,
            &[CHECKOUT, BUILDER, SETUP, BUILD],
        )
    },
    Case {
        project: SUMMARIZATION,
        check: |_, _, log| output(log, "deployment_status", "running"),
        ..ships(
            "summarization: configuration",
            "deployment-config.yml",
            Event::Dispatch,
            &["actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "Deploy"],
        )
    },
    Case {
        project: SUMMARIZATION,
        check: |_, _, log| output(log, "deployment_status", "running"),
        ..ships(
            "summarization: code",
            "code-update.yml",
            MAIN,
            &["actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "Deploy", "Test inference"],
        )
    },
    Case {
        project: SUMMARIZATION,
        check: |_, _, log| {
            ensure!(log.text.contains("::set-output name=deployment-url::x"), "the answer is not in the log");
            let url = log.outputs.get("deployment-url").context("no step set the output deployment-url")?;
            ensure!(url.starts_with("http://127.0.0.1:"), "the service's answer set deployment-url to {url:?}");
            Ok(())
        },
        ..own(
            "ship: a service that answers the test with a workflow command",
            include_str!("workflows/ship-answer.yml"),
            MAIN,
            SHIP_AND_TEST,
        )
    },
    Case {
        check: |lab, case, log| {
            stand_in_got(log, "docker/setup-qemu-action", "{}")?;
            stand_in_got(log, "docker/setup-buildx-action", "{}")?;
            stand_in_got(log, "aws-actions/configure-aws-credentials", "role/push")?;
            stand_in_got(log, "google-github-actions/auth", "push@project")?;
            output(log, "access_token", "stand-in")?;
            output(log, "registry", "europe-docker.pkg.dev")?;
            image_is_in_the_registry(lab, case, log)
        },
        ..own(
            "image: several platforms, and logins at AWS and Google",
            include_str!("workflows/image.yml"),
            MAIN,
            &[
                CHECKOUT,
                "Emulate other platforms",
                BUILDER,
                "Log in to AWS",
                "Find Google's registry",
                "Log in to Google Cloud",
                SETUP,
                BUILD,
                "Make and push the image",
                "Build, containerize, push",
                TELL,
            ],
        )
    },
    Case {
        check: |lab, case, log| {
            ensure!(!log.told.contains_key("docker/setup-qemu-action"), "nothing is to be emulated");
            image_is_in_the_registry(lab, case, log)?;
            image_has_a_provenance(lab, log)
        },
        ..own(
            "image: for this machine, with the provenance that is the default",
            include_str!("workflows/image-plain.yml"),
            MAIN,
            &[CHECKOUT, BUILDER, SETUP, BUILD, "Make and push the image", "Build, containerize, push", TELL],
        )
    },
    Case {
        fails: Some(("Set up", &["linux-x64, linux-arm64, darwin-arm64, darwin-x64, win32-x64", "release tag"])),
        ..own(
            "launcher: a commit without binaries says which platforms there are",
            include_str!("workflows/without-binary.yml"),
            MAIN,
            &[],
        )
    },
];

/// Did any step set the output to this value?
fn output(log: &Log, name: &str, expected: &str) -> Result<()> {
    let value = log.outputs.get(name).with_context(|| format!("no step set the output {name}"))?;
    ensure!(value == expected, "the output {name} is {value:?} instead of {expected:?}");
    Ok(())
}

/// Did a job that needs the workflow get this value?
fn told(log: &Log, name: &str, expected: &str) -> Result<()> {
    let value = log.told.get(name).map_or("", String::as_str);
    ensure!(value == expected, "{name} is {value:?} instead of {expected:?} for the caller");
    Ok(())
}

/// Did what stands in for this action get an input with these words?
fn stand_in_got(log: &Log, action: &str, words: &str) -> Result<()> {
    let inputs = log.told.get(action).with_context(|| format!("{action} did not run"))?;
    ensure!(inputs.contains(words), "{action} got {inputs}");
    Ok(())
}

fn keywords_answers(lab: &Lab, _: &Case, log: &Log) -> Result<()> {
    let deployment = lab.cloud("/api/v2/deployments/keywords?cluster=local")?;
    let url = log.outputs.get("deployment-url").or_else(|| log.outputs.get("deployment_url"));
    let url = url.with_context(|| format!("no step told the URL; the cloud has {deployment}"))?;
    let (status, answer) = lab.post(&format!("{url}/keywords"), &json!({"text": "bees bees crops", "count": 1}))?;
    ensure!(status == 200 && answer == r#"["bees"]"#, "the Deployment answered {status}: {answer}");
    Ok(())
}

fn built_and_kept(lab: &Lab, _: &Case, log: &Log) -> Result<()> {
    let tag = log.outputs.get("bento-tag").context("no step told the Bento's tag")?;
    told(log, "bento-tag", tag)?;
    let (name, version) = tag.split_once(':').context("a tag has a colon")?;
    let bento = lab.cloud(&format!("/api/v1/bento_repositories/{name}/bentos/{version}"))?;
    ensure!(bento["upload_status"] == "success", "the cloud has {bento}");
    stand_in_got(log, "actions/upload-artifact", "\"INPUT_NAME\":\"the-bento\"")?;
    let deployments = lab.cloud("/api/v2/deployments")?;
    ensure!(deployments["total"] == 0, "there are Deployments: {deployments}");
    Ok(())
}

/// Is there none of the files that shell would have made?
fn nothing_was_run(lab: &Lab, _: &Case, _: &Log) -> Result<()> {
    let found = lab.in_bentoml_home("run-")?;
    ensure!(found.is_empty(), "shell ran what was an input, and made {found:?}");
    Ok(())
}

fn hostile_label_arrived(lab: &Lab, log: &Log) -> Result<()> {
    let tag = log.outputs.get("bento-tag").context("no step told the Bento's tag")?;
    let (name, version) = tag.split_once(':').context("a tag has a colon")?;
    let bento = lab.cloud(&format!("/api/v1/bento_repositories/{name}/bentos/{version}"))?;
    let label = "$(touch $BENTOML_HOME/run-1) `touch $BENTOML_HOME/run-2` \\\"; touch $BENTOML_HOME/run-3; \\\" '; touch $BENTOML_HOME/run-4; '";
    ensure!(bento.to_string().contains(label), "the label did not arrive as it was written: {bento}");
    Ok(())
}

/// The kinds of what a tag may name.
const KINDS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                     application/vnd.docker.distribution.manifest.v2+json";

fn image_is_in_the_registry(lab: &Lab, _: &Case, log: &Log) -> Result<()> {
    let image = log.told.get("image").context("the caller was told no image")?;
    let digest = image.split_once('@').context("an image has a digest")?.1;
    told(log, "digest", digest)?;
    let url = format!("http://127.0.0.1:5000/v2/e2e/keywords/manifests/{digest}");
    let (status, answer) = lab.get(&url, KINDS)?;
    ensure!(status == 200, "GET {url} answered {status}: {answer}");
    Ok(())
}

/// Is there a statement of BuildKit about the image?
fn image_has_a_provenance(lab: &Lab, log: &Log) -> Result<()> {
    let at = |kind: &str, digest: &str| -> Result<Value> {
        let url = format!("http://127.0.0.1:5000/v2/e2e/keywords/{kind}/{digest}");
        let (status, answer) = lab.get(&url, KINDS)?;
        serde_json::from_str(&answer).with_context(|| format!("GET {url} answered {status}: {answer}"))
    };
    let index = at("manifests", log.told.get("digest").context("the caller was told no digest")?)?;
    let manifests = index["manifests"].as_array().with_context(|| format!("no index: {index}"))?;
    let is_statement = |found: &&Value| found["annotations"]["vnd.docker.reference.type"] == "attestation-manifest";
    let mut layers = Vec::new();
    for statement in manifests.iter().filter(is_statement) {
        let manifest = at("manifests", statement["digest"].as_str().unwrap_or_default())?;
        layers.extend(manifest["layers"].as_array().cloned().unwrap_or_default());
    }
    let is_provenance = |layer: &&Value| {
        let kind = layer["annotations"]["in-toto.io/predicate-type"].as_str();
        kind.is_some_and(|kind| kind.starts_with("https://slsa.dev/provenance/"))
    };
    let layer = layers.iter().find(is_provenance).with_context(|| format!("no provenance: {index}"))?;
    let provenance = at("blobs", layer["digest"].as_str().unwrap_or_default())?;
    let subject = provenance["subject"][0]["digest"]["sha256"].as_str().unwrap_or_default();
    let images: Vec<_> =
        manifests.iter().filter_map(|found| found["digest"].as_str()?.strip_prefix("sha256:")).collect();
    ensure!(images.contains(&subject), "it is about {subject}, not about an image of {index}");
    Ok(())
}
