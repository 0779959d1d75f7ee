//! Input that cannot work: each is one annotation that says what to do.

use crate::lab::{Lab, base};

/// A Bento without a model, made by hand: what is refused needs no real one.
fn hand_made() -> Lab {
    hand_made_with("", "RUN true")
}

/// The same, with more lines in its manifest and these in its Dockerfile.
pub(crate) fn hand_made_with(more: &str, lines: &str) -> Lab {
    let lab = Lab::new();
    let folder = lab.home().join("bentos/shop/abc1");
    std::fs::create_dir_all(folder.join("env/docker")).unwrap();
    let manifest = "name: shop\nversion: abc1\ncreation_time: '2026-01-02T00:00:00+00:00'\nspec: 2\n";
    std::fs::write(folder.join("bento.yaml"), format!("{manifest}{more}")).unwrap();
    std::fs::write(folder.join("env/docker/Dockerfile"), format!("FROM {}\n{lines}\n", base())).unwrap();
    lab
}

#[test]
fn wrong_inputs_are_named() {
    let lab = hand_made();
    let push = ("push", "true");
    for (with, exit_code, text) in [
        (&[("bento-tag", "shpo:latest")][..], 4, "Did you mean shop:abc1?"),
        (&[("bento-tag", "shop:x")], 4, "It has shop:abc1"),
        (&[("bento-tag", "shop"), push], 2, "tags is empty"),
        (&[("bento-tag", "shop"), push, ("tags", "shop:1")], 2, "names no registry"),
        (&[("bento-tag", "shop"), push, ("load", "true"), ("tags", "r.x/a")], 2, "cannot be both true"),
        (&[("bento-tag", "shop"), ("labels", "\"a=b")], 2, "never closed"),
        (&[("bento-tag", "shop"), ("oci-backend", "nerdctl"), ("ulimit", "nofile=9")], 2, "oci-backend: buildx"),
        (&[("bento-tag", "shop"), ("oci-backend", "podman"), ("secrets", "a=b")], 2, "oci-backend: buildx"),
        (
            &[("bento-tag", "shop"), ("oci-backend", "buildah"), ("outputs", "type=oci,dest=x")],
            2,
            "oci-backend: buildx",
        ),
        (&[("bento-tag", "shop"), ("oci-backend", "dokcer")], 2, "did you mean docker"),
        (&[("bento-tag", "shop"), ("username", "me")], 2, "password is missing"),
        (&[("bento-tag", "shop"), ("registries", "s3kret")], 2, "it is not a list"),
        (&[("bento-tag", "shop"), ("verify", "true")], 2, "verify is for an image that is pushed"),
        (&[("bento-tag", "shop"), push, ("tag-rules", "type=bento")], 2, "for no image"),
        (
            &[("bento-tag", "shop"), push, ("images", "r.x/a"), ("tag-rules", "type=ref,event=pr")],
            2,
            "no rule of tag-rules",
        ),
        (&[("bento-tag", "none.bento")], 4, "there is no file"),
        (&[("bento-tag", "shop"), ("file", "none")], 2, "is not a file"),
        (&[("bento-tag", "shop"), ("context", "none")], 2, "is not a folder"),
        (&[("bento-tag", "shop"), ("secret-files", "token=none")], 2, "none (the secret token) does not exist"),
        (&[("bento-tag", "shop"), ("secret-envs", "token=NONE")], 2, "NONE"),
        (&[("bento-tag", "shop"), ("builder", "nope")], 2, "input builder: there is no nope"),
        (&[("bento-tag", "shop"), ("builder", "--version")], 2, "input builder: there is no --version"),
    ] {
        let result = lab.step(with);
        assert_eq!((result.exit_code, result.errors().len()), (Some(exit_code), 1), "{with:?}: {}", result.log_text());
        assert!(result.errors()[0].contains(text), "{with:?}: {}", result.errors()[0]);
    }
    std::fs::remove_file(lab.home().join("bentos/shop/abc1/env/docker/Dockerfile")).unwrap();
    let result = lab.step(&[("bento-tag", "shop")]);
    assert!(result.errors()[0].contains("has no Dockerfile"), "{:?}", result.errors());
}

#[test]
fn a_missing_engine_and_a_failing_build_are_told_apart() {
    let lab = hand_made();
    let alone = lab.run(
        &[("bento-tag", "shop:abc")],
        &[("DOCKER_HOST", "tcp://127.0.0.1:1"), ("DOCKER_CONTEXT", "")],
        |step| step,
    );
    assert_eq!((alone.exit_code, alone.errors().len()), (Some(5), 1), "{}", alone.log_text());
    assert!(alone.errors()[0].contains("no container engine"), "{:?}", alone.errors());

    let with = [("bento-tag", "shop"), ("file", "Dockerfile")];
    lab.dockerfile("RUN echo '::error::a trap' && exit 3");
    let failing = lab.step(&with);
    assert_eq!((failing.exit_code, failing.errors().len()), (Some(6), 1), "{}", failing.log_text());
    assert!(failing.errors()[0].contains("exit code: 3"), "{:?}", failing.errors());

    std::fs::write(lab.workspace().join("Dockerfile"), "FROM 127.0.0.1:1/none:1\n").unwrap();
    let unknown = lab.step(&with);
    assert!(unknown.errors()[0].contains("base image cannot be pulled"), "{:?}", unknown.errors());
}

#[test]
fn secrets_reach_the_build_and_no_log() {
    let lab = hand_made();
    lab.dockerfile(
        "RUN --mount=type=secret,id=one --mount=type=secret,id=two \
        echo $(cat /run/secrets/one | rev) $(cat /run/secrets/two) $(cat /run/secrets/one)",
    );
    let with = [
        ("bento-tag", "shop"),
        ("file", "Dockerfile"),
        ("secrets", "one=sekrit-abc"),
        ("secret-envs", "two=OTHER"),
        ("no-cache", "true"),
    ];
    let result = lab.run(&with, &[("OTHER", "from-env")], |step| step);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.log_text().contains("cba-tirkes from-env ***"), "{}", result.log_text());
    assert!(!result.log_text().contains("sekrit-abc"), "{}", result.log_text());
}

#[test]
fn a_registry_that_is_not_there_and_one_that_knows_no_such_repository() {
    let lab = Lab::greeter(1000).quick();
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true")];
    let nobody = lab.step(&[&with[..], &[("tags", "127.0.0.1:1/a/b:1")]].concat());
    assert_eq!((nobody.exit_code, nobody.errors().len()), (Some(5), 1), "{}", nobody.log_text());
    assert!(nobody.errors()[0].contains("cannot reach the registry 127.0.0.1:1"), "{:?}", nobody.errors());
    let front = crate::front::Front::without_repositories();
    let image = format!("{}/a/b:1", front.address());
    let unknown = lab.step(&[&with[..], &[("tags", image.as_str())]].concat());
    assert_eq!((unknown.exit_code, unknown.errors().len()), (Some(4), 1), "{}", unknown.log_text());
    assert!(unknown.errors()[0].contains("wants a repository to be made"), "{:?}", unknown.errors());
}

#[test]
fn a_dry_run_notices_a_missing_engine_and_a_wrong_password() {
    let lab = hand_made();
    let nobody = [("DOCKER_HOST", "tcp://127.0.0.1:1"), ("DOCKER_CONTEXT", "")];
    let alone = lab.run(&[("bento-tag", "shop:abc"), ("dry-run", "true")], &nobody, |step| step);
    assert_eq!((alone.exit_code, alone.errors().len()), (Some(5), 1), "{}", alone.log_text());
    let front = crate::front::Front::start("me", "pa55word");
    let image = format!("{}/{}:1", front.address(), lab.repository());
    let with =
        [("bento-tag", "shop"), ("dry-run", "true"), ("push", "true"), ("tags", image.as_str()), ("username", "me")];
    let wrong = lab.step(&[&with[..], &[("password", "wr0ng")]].concat());
    assert_eq!((wrong.exit_code, wrong.errors().len()), (Some(3), 1), "{}", wrong.log_text());
    let right = lab.step(&[&with[..], &[("password", "pa55word")]].concat());
    assert!(right.succeeded() && right.log_text().contains("nothing was done"), "{}", right.log_text());
}

#[test]
fn a_link_of_the_repository_chooses_no_file_that_is_written() {
    let lab = hand_made();
    let target = lab.folder("outside").join("file");
    std::os::unix::fs::symlink(&target, lab.workspace().join("Dockerfile")).unwrap();
    std::os::unix::fs::symlink(lab.folder("outside"), lab.workspace().join("out")).unwrap();
    for path in ["true", "out/file"] {
        let result = lab.step(&[("bento-tag", "shop"), ("dockerfile-only", path)]);
        assert_eq!((result.exit_code, result.errors().len()), (Some(2), 1), "{}", result.log_text());
        assert!(result.errors()[0].contains("is a link") && !target.exists(), "{:?}", result.errors());
    }
}
