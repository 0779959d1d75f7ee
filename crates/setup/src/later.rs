//! What later steps get besides Python: BentoCloud's log-in, the wish not to be counted, annotations of tracebacks.

use std::fs;

use actions_core::action::Context;
use actions_core::runner::console;
use actions_core::runner::console::Mode;
use actions_core::{Context as _, Error, Result};
use bento_format::variables::BENTOML_DO_NOT_TRACK;
use bentocloud::Client;
use bentocloud::variables::{BENTO_CLOUD_API_ENDPOINT, BENTO_CLOUD_API_KEY};
use secrecy::{ExposeSecret, SecretString};

use crate::Inputs;

/// The last place of a traceback, its line of code (with marks under it from Python 3.11 on), the error.
const MATCHER: &str = include_str!("problem_matcher.json");

/// What later steps get.
#[derive(Debug, Clone, Default)]
pub(crate) struct Later {
    /// The token, and the endpoint that has accepted it.
    login: Option<(SecretString, String)>,
    do_not_track: Option<bool>,
}

impl Later {
    /// What the inputs ask for. BentoCloud is asked whose token it is, so that a dry run notices a wrong one, too; the answer is a remark
    /// for the user.
    ///
    /// # Errors
    /// When there is an endpoint without a token; when BentoCloud cannot be reached or does not accept the token.
    pub(crate) async fn of(inputs: &Inputs, ctx: &Context) -> Result<(Self, Option<String>)> {
        let mut later = Self { login: None, do_not_track: inputs.do_not_track };
        let endpoint = inputs.cloud_endpoint.as_deref();
        let Some(token) = &inputs.cloud_api_token else {
            return match endpoint {
                None => Ok((later, None)),
                Some(_) => Err(Error::input("input cloud-endpoint is given without cloud-api-token")
                    .hint("Pass the token as a secret; in a pull request from a fork there are no secrets.")),
            };
        };
        let client = Client::connect(endpoint, token, ctx)?;
        let account = client.account().await?;
        let remark = format!("BentoCloud: {} of {} at {}", account.user, account.organization, client.endpoint());
        later.login = Some((token.clone(), client.endpoint().to_owned()));
        Ok((later, Some(remark)))
    }

    /// The variables for later steps.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if let Some((token, endpoint)) = &self.login {
            variables.push((BENTO_CLOUD_API_KEY, token.expose_secret().to_owned()));
            variables.push((BENTO_CLOUD_API_ENDPOINT, endpoint.clone()));
        }
        let truth = |yes| if yes { "True" } else { "False" };
        variables.extend(self.do_not_track.map(|yes| (BENTOML_DO_NOT_TRACK, truth(yes).to_owned())));
        variables
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
