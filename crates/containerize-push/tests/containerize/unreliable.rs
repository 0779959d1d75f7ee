//! A registry that breaks off in the middle of a push.

use std::time::Duration;

use crate::front::Front;
use crate::lab::Lab;
use crate::relay::Relay;

const MIB: u64 = 1024 * 1024;

#[test]
fn what_breaks_off_goes_on_in_pieces_and_a_dead_registry_is_told() {
    let lab = Lab::greeter(80 * MIB);
    lab.dockerfile("RUN mkdir -p /home/bentoml/bento");
    let relay = Relay::start();
    let image = format!("{}/{}:relayed", relay.address(), lab.repository());
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];

    // Not even a piece gets through: seven attempts, then an error.
    relay.break_after(2 * MIB, u64::MAX);
    let dead = lab.step(&with);
    assert_eq!((dead.succeeded(), dead.errors().len()), (false, 1), "{}", dead.log_text());

    // The whole layer breaks off, and then the third of its pieces.
    relay.break_after(70 * MIB, 2);
    let before = relay.sent();
    let result = lab.step(&with);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.log_text().matches("trying again").count() == 2, "{}", result.log_text());
    assert_eq!(result.outputs["layers-reused"], "0");
    let sent = relay.sent() - before;
    assert!(sent < 300 * MIB, "{} MiB were sent", sent / MIB);
}

#[test]
fn a_registry_without_time_is_asked_again_for_what_the_engine_pushes() {
    // Without a model nobody pushes but the engine. What it pushes is its own, or the registry has all of it.
    let lab = Lab::plain().quick();
    // The engine itself asks some times without a pause before it gives up.
    let front = Front::busy(Duration::from_secs(1));
    let image = format!("{}/{}:1", front.address(), lab.repository());
    let with = [("bento-tag", "plain:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let result = lab.step(&with);
    assert!(result.succeeded(), "{}", result.log_text());
    assert!(result.log_text().contains("; trying again"), "{}", result.log_text());
    assert!(result.errors().is_empty(), "{:?}", result.errors());
}
