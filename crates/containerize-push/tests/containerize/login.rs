//! Credentials: given as inputs, wrong, and missing.

use crate::front::Front;
use crate::lab::Lab;

#[test]
fn inputs_log_in_for_this_step_only() {
    let lab = Lab::greeter(1000);
    lab.dockerfile("RUN mkdir -p /home/bentoml/bento");
    let front = Front::start("me", "pa55word");
    let image = format!("{}/{}:1", front.address(), lab.repository());
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let file = std::env::var_os("DOCKER_CONFIG").map(|folder| std::path::Path::new(&folder).join("config.json"));
    let before = file.as_ref().and_then(|file| std::fs::read(file).ok());

    let missing = lab.step(&with);
    assert_eq!((missing.exit_code, missing.errors().len()), (Some(3), 1), "{}", missing.log_text());
    assert!(missing.errors()[0].contains("without credentials"), "{:?}", missing.errors());

    let wrong = lab.step(&[&with[..], &[("username", "me"), ("password", "wr0ng")]].concat());
    assert_eq!((wrong.exit_code, wrong.errors().len()), (Some(3), 1), "{}", wrong.log_text());

    let right = lab.step(&[&with[..], &[("username", "me"), ("password", "pa55word")]].concat());
    assert!(right.succeeded(), "{}", right.log_text());
    assert!(!right.log_text().contains("pa55word"), "{}", right.log_text());
    assert_eq!(file.and_then(|file| std::fs::read(file).ok()), before, "the user's configuration");
}
