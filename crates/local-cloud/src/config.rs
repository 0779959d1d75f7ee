//! What a server is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::StartError;

/// The port that the `local-cloud` command listens on when it is given none. IANA assigns it to nobody. It is not 3000,
/// the default of `bentoml serve`, which runs on the same machine.
pub const DEFAULT_PORT: u16 = 4748;

/// Which server it imitates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// BentoCloud: 401 for a bad token, v2 Deployments.
    #[default]
    BentoCloud,
    /// Open-source Yatai 1.1.13: 403 for a bad token, no v2 routes, never a null transmission strategy, models that
    /// answer the state before the call.
    Yatai,
}

/// How clients are told to send and fetch archives (the field `transmission_strategy` of every Bento and model).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transmission {
    /// What the flavour does by itself: a single presigned PUT on BentoCloud, the proxy on Yatai.
    #[default]
    Auto,
    /// A single presigned PUT (`null`). Yatai never answers that.
    Presigned,
    /// A presigned multipart upload (`"presigned_url"`).
    Multipart,
    /// Through this server (`"proxy"`).
    Proxy,
}

impl Transmission {
    /// The value of `transmission_strategy` in answers.
    pub(crate) fn strategy(self, flavor: Flavor) -> Option<&'static str> {
        match (self, flavor) {
            (Self::Auto, Flavor::Yatai) | (Self::Proxy, _) => Some("proxy"),
            (Self::Auto, Flavor::BentoCloud) | (Self::Presigned, _) => None,
            (Self::Multipart, _) => Some("presigned_url"),
        }
    }
}

/// What a [`Server`](crate::Server) is started with.
#[derive(Clone)]
pub struct Config {
    /// Address to listen on; anything but a loopback address is refused.
    pub host: IpAddr,
    /// Port of the API; 0 takes a free one.
    pub port: u16,
    /// Where everything is kept. Created when missing.
    pub data_dir: PathBuf,
    /// Interpreter whose `bentoml` serves the Deployments; `None` takes `python3` from PATH.
    pub python: Option<PathBuf>,
    /// API token to accept; `None` takes the one kept in `data_dir`, or makes one.
    pub token: Option<String>,
    /// How archives travel.
    pub transmission: Transmission,
    /// Which server it imitates.
    pub flavor: Flavor,
    /// How long a Deployment may take to become ready before it counts as failed.
    pub deploy_timeout: Duration,
}

impl fmt::Debug for Config {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("data_dir", &self.data_dir)
            .field("python", &self.python)
            .field("transmission", &self.transmission)
            .field("flavor", &self.flavor)
            .field("deploy_timeout", &self.deploy_timeout)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The defaults, on a free port, with everything kept in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            data_dir: data_dir.into(),
            python: None,
            token: None,
            transmission: Transmission::Auto,
            flavor: Flavor::BentoCloud,
            deploy_timeout: Duration::from_secs(120),
        }
    }

    /// Refuses what would put the machine or the protocol at risk.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        if !self.host.is_loopback() {
            return Err(StartError::NotLoopback(self.host));
        }
        if self.flavor == Flavor::Yatai && self.transmission == Transmission::Presigned {
            return Err(StartError::NoSuchTransmission);
        }
        if self.token.as_deref().is_some_and(|token| token.trim().is_empty()) {
            return Err(StartError::EmptyToken);
        }
        Ok(())
    }
}
