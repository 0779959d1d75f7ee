//! Who the token belongs to: the log-in check.

use actions_core::Result;
use serde::Deserialize;

use crate::Client;
use crate::client::Call;

/// The owner of a token.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The organisation's name.
    pub organization: String,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

impl Client {
    /// Checks the token, with the two calls of `bentoml cloud login`; nothing is written anywhere.
    pub async fn account(&self) -> Result<Account> {
        let user: Option<Named> = self.try_send(Call::get("/api/v1/auth/current")).await?;
        let user = user.ok_or_else(|| self.no_api("it does not know /api/v1/auth/current (404)"))?;
        let organization: Named = self.send(Call::get("/api/v1/current_org")).await?;
        Ok(Account { user: user.name, organization: organization.name })
    }
}
