//! What the action asks of the cloud, beside what the real client asks, over generated configurations.
//!
//! `BENTO_CONFIGURATIONS` says how many (1,000), `BENTO_CONFIGURATIONS_SEED` which ones.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod chance;
mod clients;
mod cloud;
mod generate;
mod known;
mod named;
mod states;

use serde_json::Value;

/// One configuration, and what is done with it.
#[derive(Debug, Clone)]
struct Case {
    action: &'static str,
    state: &'static str,
    file: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// This was asked of the cloud: method, path with its query, body.
    Asked(String, String, Value),
    /// Nothing was, for this reason.
    Refused(String),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_are_those_of_the_real_client() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (count, seed) = (number("BENTO_CONFIGURATIONS", 1000), number("BENTO_CONFIGURATIONS_SEED", 20_251_129));
    let generated = generate::cases(count, seed);
    let mut cases = known::cases();
    cases.extend(named::cases());
    cases.extend(generated);

    let cloud = cloud::Cloud::start(&cases).await;
    let (theirs, ours) = tokio::join!(clients::theirs(&cloud, &cases), clients::ours(&cloud, &cases));

    let mut seen = vec![0; known::DIFFERENCES.len()];
    let (mut wrong, mut same, mut refused) = (Vec::new(), 0, 0);
    for ((case, ours), theirs) in cases.iter().zip(&ours).zip(&theirs) {
        match (ours, theirs) {
            (Outcome::Refused(_), Outcome::Refused(_)) => refused += 1,
            (Outcome::Asked(..), Outcome::Asked(..)) if alike(ours, theirs) => same += 1,
            _ => match known::find(ours, theirs) {
                Some(row) => seen[row] += 1,
                None => wrong.push(format!("{case:#?}\n   ours: {}\n theirs: {}", show(ours), show(theirs))),
            },
        }
    }
    println!(
        "{} configurations: {same} alike, {refused} refused by both, {} known differences",
        cases.len(),
        seen.iter().sum::<usize>()
    );
    let shown: Vec<_> = wrong.iter().take(8).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), shown.join("\n"));
    for (row, seen) in known::DIFFERENCES.iter().zip(seen) {
        assert!(seen > 0, "no configuration shows this difference any more: {}", row.why);
    }
}

fn alike(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        (Outcome::Asked(method, path, body), Outcome::Asked(their_method, their_path, their_body)) => {
            (method, path) == (their_method, their_path) && equal(body, their_body)
        }
        _ => ours == theirs,
    }
}

/// Equality in which the last digit of a float may get lost on the way through JSON.
fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 4.0 * f64::EPSILON * a.abs()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => ours == theirs,
    }
}

fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Asked(method, path, body) => format!("{method} {path} {body}"),
        Outcome::Refused(why) => format!("refused: {why}"),
    }
}
