//! The pushed image is run until it is ready; whatever happens, no container stays.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::lab::{Lab, docker};

const SERVER: &str = "RUN mkdir -p /home/bentoml/bento /srv && touch /srv/readyz\n\
    ENTRYPOINT [\"python\", \"-m\", \"http.server\", \"3000\", \"--directory\", \"/srv\"]";

fn with<'a>(image: &'a str, timeout: &'a str) -> Vec<(&'static str, &'a str)> {
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("verify", "true")];
    with.into_iter().chain([("tags", image), ("verify-timeout", timeout)]).collect()
}

fn containers() -> String {
    docker(&["ps", "--all", "--filter", "name=bento-verify-", "--format", "{{.Names}} {{.Image}}"])
}

#[test]
fn an_image_that_serves_and_one_that_ends() {
    let lab = Lab::greeter(1000);
    lab.dockerfile(SERVER);
    let image = lab.image("serves");
    let good = lab.step(&with(&image, "60"));
    assert!(good.succeeded(), "{}", good.log_text());
    assert!(good.log_text().contains("is ready after"), "{}", good.log_text());
    assert!(good.summary.unwrap().contains("run and ready"));
    let empty = lab.folder("empty").display().to_string();
    let by_api =
        lab.run(&[&with(&image, "60")[..], &[("oci-backend", "docker")]].concat(), &[("PATH", &empty)], |step| step);
    assert!(by_api.succeeded(), "{}", by_api.log_text());

    lab.dockerfile(
        "RUN mkdir -p /home/bentoml/bento\nENTRYPOINT [\"sh\", \"-c\", \"echo '::error::no model'; exit 3\"]",
    );
    let ends = lab.step(&with(&image, "60"));
    assert_eq!((ends.exit_code, ends.errors().len()), (Some(7), 1), "{}", ends.log_text());
    assert!(ends.errors()[0].contains("ended before it was ready"), "{:?}", ends.errors());
    assert!(ends.log_text().contains("::error::no model"), "{}", ends.log_text());
    assert!(ends.outputs["digest"].starts_with("sha256:"), "what is pushed is told");

    lab.dockerfile("RUN mkdir -p /home/bentoml/bento\nENTRYPOINT [\"sleep\", \"100\"]");
    let late = lab.step(&with(&image, "2"));
    assert_eq!((late.exit_code, late.errors().len()), (Some(8), 1), "{}", late.log_text());
    assert!(!containers().contains(lab.repository()), "a container is left: {}", containers());
}

#[test]
fn a_cancelled_try_leaves_no_container() {
    let lab = Lab::greeter(1000);
    lab.dockerfile("RUN mkdir -p /home/bentoml/bento\nENTRYPOINT [\"sleep\", \"600\"]");
    let image = lab.image("sleeps");
    let mark = lab.repository().to_owned();
    let cancel = move || {
        while !containers().contains(&mark) {
            std::thread::sleep(Duration::from_millis(100))
        }
    };
    let result = lab.cancel_after(&with(&image, "60"), cancel);
    assert_eq!((result.exit_code, result.killed), (Some(130), false), "{}", result.log_text());
    assert!(!containers().contains(lab.repository()), "a container is left: {}", containers());
}

#[test]
fn the_post_step_removes_what_a_killed_one_left() {
    let lab = Lab::greeter(10);
    let name = format!("bento-verify-{}", uuid::Uuid::new_v4().simple());
    docker(&["run", "--detach", "--name", &name, "--entrypoint", "sleep", &crate::lab::base_image(), "600"]);
    let post = lab.post(&[("container", &name), ("engine", "docker")], &[]);
    assert!(post.succeeded() && post.annotations.is_empty(), "{}", post.log_text());
    assert!(!containers().contains(&name), "{}", containers());
    // Nothing there, and an engine that is gone, are not failures; what others named is not touched.
    let gone = lab.post(&[("container", &name), ("engine", "docker")], &[("DOCKER_HOST", "tcp://127.0.0.1:1")]);
    assert!(gone.succeeded(), "{}", gone.log_text());
    let kept = lab.folder("kept");
    let other = lab.post(&[("folder", kept.to_str().unwrap()), ("container", "mine"), ("engine", "docker")], &[]);
    assert!(other.succeeded() && kept.is_dir(), "{}", other.log_text());
}

#[test]
fn the_post_step_removes_folders_before_it_asks_an_engine_that_may_hang() {
    let lab = Lab::greeter(10);
    let bin = lab.folder("bin");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let name = format!("bento-verify-{}", uuid::Uuid::new_v4().simple());
    let states = [("container", name.as_str()), ("engine", "docker")];
    let post = lab.post_of_killed(&states, &[("PATH", &path)], |left| {
        std::fs::write(left.join("secret-0"), "x").unwrap();
        // Nobody here waits as long as for an engine that never answers: this one does where the folder is gone.
        let script = format!("#!/bin/sh\nwhile [ -e '{}' ]; do sleep 1; done\nexit 1\n", left.display());
        std::fs::write(bin.join("docker"), script).unwrap();
        std::fs::set_permissions(bin.join("docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    assert!(post.succeeded() && post.annotations.is_empty(), "{}", post.log_text());
}

#[test]
fn a_pull_that_hangs_ends_with_the_time_that_is_given() {
    let lab = Lab::plain().quick();
    let bin = lab.folder("bin");
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("docker")).find(|file| file.is_file()).unwrap();
    let script = format!("#!/bin/sh\nif [ \"$1\" = run ]; then sleep 600; fi\nexec '{}' \"$@\"\n", real.display());
    std::fs::write(bin.join("docker"), script).unwrap();
    std::fs::set_permissions(bin.join("docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let image = lab.image("hangs");
    let with: Vec<_> = with(&image, "2")
        .into_iter()
        .map(|(name, value)| (name, if name == "bento-tag" { "plain:v1" } else { value }))
        .collect();
    let start = Instant::now();
    let result = lab.run(&with, &[("PATH", &format!("{}:{path}", bin.display()))], |step| step);
    assert!(result.errors().iter().any(|error| error.contains("was not ready within 2 s")), "{}", result.log_text());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
