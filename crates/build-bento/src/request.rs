//! What to build, read from the inputs and checked.

use std::collections::BTreeMap;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result};
use bento_format::Tag;
use secrecy::SecretString;

use crate::{Dependencies, Inputs, SkipIfExists, Source, VersionFrom, locate};

/// What to build.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the project is.
    pub source: Source,
    /// The build configuration, as the user wrote it.
    pub bentofile: Option<String>,
    /// The Bento's version; `None`: what `version_from` says.
    pub version: Option<String>,
    /// Where the version comes from.
    pub version_from: VersionFrom,
    /// Where a Bento is looked for that makes the build needless.
    pub skip_if_exists: SkipIfExists,
    /// The digest of all that goes into the Bento, once it is known.
    pub digest: Option<String>,
    /// The Bento's name; `None`: the project's.
    pub name: Option<String>,
    /// Labels over those of the build configuration.
    pub labels: BTreeMap<String, String>,
    /// Arguments for the service.
    pub args: BTreeMap<String, String>,
    /// What is done about packages that this Python lacks.
    pub dependencies: Dependencies,
    /// Access to the cloud, for models.
    pub cloud: Option<Cloud>,
}

/// Access to BentoCloud or Yatai.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The endpoint URL; `None`: BentoCloud's.
    pub endpoint: Option<String>,
    /// The API token.
    pub token: SecretString,
}

impl Request {
    /// A request for a context as the input writes it, with nothing else set.
    ///
    /// # Errors
    /// The context is a git URL with a reference or a folder that cannot be one.
    pub fn of_context(context: &str) -> Result<Self> {
        Ok(Self {
            source: Source::parse(context)?,
            bentofile: None,
            version: None,
            version_from: VersionFrom::default(),
            skip_if_exists: SkipIfExists::default(),
            digest: None,
            name: None,
            labels: BTreeMap::new(),
            args: BTreeMap::new(),
            dependencies: Dependencies::default(),
            cloud: None,
        })
    }

    /// Reads and checks the inputs.
    pub(crate) fn new(inputs: &Inputs) -> Result<Self> {
        let endpoint = inputs.cloud_endpoint.clone();
        let request = Self {
            bentofile: inputs.bentofile.clone(),
            version: inputs.version.clone(),
            version_from: inputs.version_from.of(inputs.version.as_deref())?,
            skip_if_exists: inputs.skip_if_exists,
            name: inputs.name.clone(),
            labels: inputs.labels.clone(),
            args: inputs.args.clone(),
            dependencies: inputs.dependencies,
            cloud: inputs.cloud_api_token.clone().map(|token| Cloud { endpoint, token }),
            ..Self::of_context(&inputs.context)?
        };
        request.check()?;
        Ok(request)
    }

    /// Refuses a name or a version that makes no tag; [`build`](crate::build) does so too.
    ///
    /// # Errors
    /// Name the value.
    pub fn check(&self) -> Result<()> {
        check_name(self.name.as_deref())?;
        check_version(self.version.as_deref())
    }

    /// Looks for the project on disk and reads its build configuration, as [`build`](crate::build) will; one of a git
    /// repository is found only then.
    ///
    /// # Errors
    /// There is none, or its build configuration cannot be read.
    pub fn look(&self, ctx: &Context) -> Result<()> {
        let Source::Local(context) = &self.source else { return Ok(()) };
        locate::local(context, self.bentofile.as_deref(), ctx.workspace(), &ctx.env).map(drop)
    }
}

fn check_name(name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let tag: Tag = name.parse().context(|| format!("{name:?} cannot be the name of a Bento"))?;
    if tag.version().is_some() {
        return Err(Error::input(format!("{name:?} cannot be the name of a Bento: it holds a version"))
            .hint("Set the version by its own input."));
    }
    Ok(())
}

fn check_version(version: Option<&str>) -> Result<()> {
    let Some(version) = version else { return Ok(()) };
    if version.eq_ignore_ascii_case("latest") {
        return Err(Error::input(format!(
            "{version:?} cannot be the version of a Bento: it names the newest one, whichever that is"
        ))
        .hint("Set another version, or none to have one generated."));
    }
    // The name does not matter here: an invalid one would be an error of its own.
    Tag::new("bento", version).map(|_| ()).map_err(|error| {
        Error::input(format!("{version:?} cannot be the version of a Bento"))
            .hint("Use letters, digits, '-', '_' and '.', at most 63 characters, a letter or digit at both ends.")
            .caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use actions_core::Env;
    use actions_core::action::{Inputs as _, Values};

    use super::*;

    fn request(variables: &[(&str, &str)]) -> Result<Request> {
        Request::new(&Inputs::read(&Values::of(&variables.iter().copied().collect::<Env>()))?)
    }

    #[test]
    fn versions_and_names_that_make_no_tag_are_refused_before_anything_runs() {
        for (name, value) in [
            ("INPUT_VERSION", "a:b"),
            ("INPUT_VERSION", "1 2"),
            ("INPUT_VERSION", "-1"),
            ("INPUT_VERSION", "latest"),
            ("INPUT_NAME", "a/b"),
            ("INPUT_NAME", "a:1"),
        ] {
            let text = request(&[(name, value)]).unwrap_err().full_text();
            assert!(text.contains(&format!("{value:?} cannot be the {}", name[6..].to_lowercase())), "{text}");
        }
        assert!(request(&[("INPUT_VERSION", "v1.2.3"), ("INPUT_NAME", "My_Bento")]).is_ok());
    }

    #[test]
    fn the_environment_gives_access_to_the_cloud() {
        let request = request(&[("BENTO_CLOUD_API_KEY", "k"), ("BENTO_CLOUD_API_ENDPOINT", "http://x")]).unwrap();
        assert_eq!(request.cloud.unwrap().endpoint.as_deref(), Some("http://x"));
    }
}
