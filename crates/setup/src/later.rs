//! What later steps get besides Python: BentoCloud's log-in, the wish not to be counted, annotations of tracebacks.

use std::fs;

use bento_core::action::Context;
use bento_core::env::{BENTO_CLOUD_API_ENDPOINT, BENTO_CLOUD_API_KEY};
use bento_core::runner::console::{self, Mode};
use bento_core::{Context as _, Error, Result};
use bentocloud::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::Inputs;

const BENTOML_DO_NOT_TRACK: &str = "BENTOML_DO_NOT_TRACK";
/// The last place of a traceback, its line of code (with marks under it from Python 3.11 on), the error.
const MATCHER: &str = include_str!("problem_matcher.json");

/// What later steps get.
#[derive(Debug, Clone, Default)]
pub(crate) struct Later {
    login: Option<(SecretString, Option<String>)>,
    do_not_track: Option<bool>,
}

impl Later {
    /// # Errors
    /// When an input is wrong.
    pub(crate) fn of(inputs: &Inputs) -> Result<Self> {
        let endpoint = Some(inputs.cloud_endpoint.clone()).filter(|endpoint| !endpoint.is_empty());
        let login = match (&inputs.cloud_api_token, endpoint) {
            (Some(token), endpoint) => Some((token.clone(), endpoint)),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Error::input("input cloud-endpoint is given without cloud-api-token")
                    .hint("Pass the token as a secret; in a pull request from a fork there are no secrets."));
            }
        };
        let do_not_track = match inputs.do_not_track.as_str() {
            "" => None,
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            text => {
                return Err(Error::input(format!("input do-not-track: {text:?} is no boolean"))
                    .hint("Write true or false, or leave it empty to leave it as it is."));
            }
        };
        Ok(Self { login, do_not_track })
    }

    /// Asks BentoCloud whose token it is, before anything else is done; the variables for later steps.
    ///
    /// # Errors
    /// When BentoCloud cannot be reached or does not accept the token.
    pub(crate) async fn variables(&self, ctx: &Context) -> Result<Vec<(&'static str, String)>> {
        let mut variables = Vec::new();
        if let Some((token, endpoint)) = &self.login {
            let client = Client::connect(endpoint.as_deref(), token, ctx)?;
            let account = client.account().await?;
            tracing::info!("BentoCloud: {} of {} at {}", account.user, account.organization, client.endpoint());
            variables.push((BENTO_CLOUD_API_KEY, token.expose_secret().to_owned()));
            variables.push((BENTO_CLOUD_API_ENDPOINT, client.endpoint().to_owned()));
        }
        let truth = |yes| if yes { "True" } else { "False" };
        variables.extend(self.do_not_track.map(|yes| (BENTOML_DO_NOT_TRACK, truth(yes).to_owned())));
        Ok(variables)
    }
}

/// Lets the runner make annotations of Python's tracebacks in later steps.
///
/// # Errors
/// When its file cannot be written.
pub(crate) fn add_matcher(ctx: &Context) -> Result<()> {
    if console::mode() != Mode::Runner {
        return Ok(());
    }
    // The runner reads it later: it stays for the job.
    let file = ctx.temp_root().join("bentoml-problem-matcher.json");
    fs::write(&file, MATCHER).context(|| format!("failed to write {}", file.display()))?;
    console::send("add-matcher", &[], &file.to_string_lossy());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_matchers_find_the_last_place_and_the_error() {
        let traceback = [
            "Traceback (most recent call last):",
            "  File \"/w/service.py\", line 3, in load",
            "    return open(path)",
            "           ~~~~^^^^^^",
            "FileNotFoundError: [Errno 2] No such file or directory: 'm'",
        ];
        let matchers: Value = serde_json::from_str(MATCHER).unwrap();
        let mut found = 0;
        for matcher in matchers["problemMatcher"].as_array().unwrap() {
            let patterns: Vec<_> = matcher["pattern"].as_array().unwrap().iter().collect();
            let lines: Vec<_> = match patterns.len() {
                4 => traceback[1..].to_vec(),
                _ => [&traceback[1..3], &traceback[4..]].concat(),
            };
            for (pattern, line) in patterns.iter().zip(lines) {
                let regex = regex::Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
                assert!(regex.is_match(line), "{pattern}: {line}");
                found += 1;
            }
        }
        assert_eq!(found, 7);
    }
}
