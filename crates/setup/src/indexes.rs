//! Package indexes: handed to uv and pip through their environment, so that credentials are on no command line.

use actions_core::action::Context;
use actions_core::{Error, Result, address};
use python_env::variables;
use url::Url;

use crate::Inputs;

/// Where packages come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexes {
    main: Option<Url>,
    more: Vec<Url>,
}

impl Indexes {
    /// The indexes of the inputs; their passwords are masked from here on.
    ///
    /// # Errors
    /// When an address is none.
    pub(crate) fn of(inputs: &Inputs) -> Result<Self> {
        Ok(Self {
            main: inputs.index_url.as_deref().map(|text| parse("index-url", text)).transpose()?,
            more: inputs.extra_index_url.iter().map(|text| parse("extra-index-url", text)).collect::<Result<_>>()?,
        })
    }

    /// The surroundings in which uv and pip use these indexes.
    pub(crate) fn apply(&self, ctx: &Context) -> Context {
        let mut ctx = ctx.clone();
        if let Some(main) = &self.main {
            for name in [variables::UV_DEFAULT_INDEX, variables::PIP_INDEX_URL] {
                ctx.env.set(name, main.as_str());
            }
        }
        if !self.more.is_empty() {
            let more = self.more.iter().map(Url::as_str).collect::<Vec<_>>().join(" ");
            for name in [variables::UV_INDEX, variables::PIP_EXTRA_INDEX_URL] {
                ctx.env.set(name, more.clone());
            }
        }
        ctx
    }
}

/// An address; its credentials are masked from here on. What is wrong must not be shown: it may be a secret in the wrong
/// place.
pub(crate) fn parse(input: &str, text: &str) -> Result<Url> {
    let refused = |why: &str| {
        Error::input(format!("input {input}: {why}")).hint("Write an address such as https://pypi.example.com/simple.")
    };
    address::check(text).map_err(|error| refused(&format!("the address {error}")))?;
    let url = Url::parse(text).map_err(|error| refused(&format!("it is not a URL ({error})")))?;
    if !matches!(url.scheme(), "https" | "http" | "file") {
        return Err(refused("it is neither https:// nor http://"));
    }
    // As it was written, and as it is handed on.
    address::mask_whole(text);
    address::mask_url(&url);
    Ok(url)
}
