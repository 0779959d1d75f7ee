//! The cache service by itself: prints the variables that name it, and serves until its standard input ends.

use std::io::{Read, Write};

use runner_sim::cache::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start().await?;
    let mut out = std::io::stdout();
    writeln!(out, "ACTIONS_RESULTS_URL={}\nACTIONS_RUNTIME_TOKEN={}", server.results_url(), server.token())?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
