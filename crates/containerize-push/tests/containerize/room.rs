//! Room on the disk is asked before anything is built.

use crate::lab::Lab;

#[test]
fn an_image_that_cannot_fit_is_told_before_it_is_built() {
    let lab = Lab::greeter(10).quick();
    // A file with a size and no contents: nothing of it is on the disk.
    let weights = lab.home().join("models/greetings/v1/weights.bin");
    std::fs::File::options().write(true).open(weights).unwrap().set_len(8 << 40).unwrap();
    let result = lab.step(&[("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("load", "true")]);
    assert_eq!((result.exit_code, result.errors().len()), (Some(1), 1), "{}", result.log_text());
    let error = result.errors()[0];
    assert!(error.contains("the image of greeter:v1 needs 16.0 TiB") && error.contains(" left"), "{error}");
    assert!(!result.log_text().contains("Build the image"), "{}", result.log_text());
}
