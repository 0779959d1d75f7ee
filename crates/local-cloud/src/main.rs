//! `local-cloud`: a BentoCloud on your own machine.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use local_cloud::{Config, Flavor, Server, Transmission};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
#[command(name = "local-cloud", version, about = "A BentoCloud on your own machine")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGINT or SIGTERM.
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// Address to listen on; loopback only.
    #[arg(long, default_value = "127.0.0.1")]
    host: std::net::IpAddr,
    /// Port of the API; 0 takes a free one.
    #[arg(long, env = "LOCAL_CLOUD_PORT", hide_env_values = true, default_value_t = local_cloud::DEFAULT_PORT)]
    port: u16,
    /// Where everything is kept.
    #[arg(long, env = "LOCAL_CLOUD_DATA", hide_env_values = true, default_value = "./.local-cloud")]
    data: PathBuf,
    /// Interpreter whose bentoml serves the Deployments [default: python3 on PATH].
    #[arg(long)]
    python: Option<PathBuf>,
    /// API token to accept [default: $LOCAL_CLOUD_TOKEN, else one is made on the first start and kept].
    #[arg(long)]
    token: Option<String>,
    /// How archives travel.
    #[arg(long, value_enum, default_value = "auto")]
    transmission: TransmissionArg,
    /// Which server to imitate.
    #[arg(long, value_enum, default_value = "bentocloud")]
    flavor: FlavorArg,
    /// Seconds a Deployment may take to become ready.
    #[arg(long, default_value_t = 120)]
    deploy_timeout: u64,
    /// Write {"endpoint", "s3_endpoint", "pid"} to this file when serving.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TransmissionArg {
    /// What the flavour does by itself.
    Auto,
    /// A single presigned PUT.
    Presigned,
    /// A presigned multipart upload.
    Multipart,
    /// Through the API.
    Proxy,
}

#[derive(Clone, Copy, ValueEnum)]
enum FlavorArg {
    Bentocloud,
    Yatai,
}

/// Where the token came from decides whether it may be shown.
struct Token {
    value: Option<String>,
    secret: bool,
}

fn main() -> ExitCode {
    let Cli { command: Command::Serve(arguments) } = Cli::parse();
    let filter = EnvFilter::try_from_env("LOCAL_CLOUD_LOG")
        .unwrap_or_else(|_| EnvFilter::new("local_cloud=info,warn,s3s=error,s3s_fs=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Serve) -> Result<(), Box<dyn std::error::Error>> {
    let token = match arguments.token {
        Some(value) => Token { value: Some(value), secret: false },
        None => {
            let value = std::env::var("LOCAL_CLOUD_TOKEN").ok().filter(|value| !value.is_empty());
            Token { secret: value.is_some(), value }
        }
    };
    let mut config = Config::new(arguments.data);
    config.host = arguments.host;
    config.port = arguments.port;
    config.python = arguments.python;
    config.token = token.value;
    config.transmission = match arguments.transmission {
        TransmissionArg::Auto => Transmission::Auto,
        TransmissionArg::Presigned => Transmission::Presigned,
        TransmissionArg::Multipart => Transmission::Multipart,
        TransmissionArg::Proxy => Transmission::Proxy,
    };
    config.flavor = match arguments.flavor {
        FlavorArg::Bentocloud => Flavor::BentoCloud,
        FlavorArg::Yatai => Flavor::Yatai,
    };
    config.deploy_timeout = Duration::from_secs(arguments.deploy_timeout);

    // Before anything is started, so that an early signal is not lost.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let server = Server::start(config).await?;
    if let Some(path) = &arguments.ready_file {
        write_ready_file(path, &server).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let shown = if token.secret { "$LOCAL_CLOUD_TOKEN" } else { server.token() };
    tracing::info!("serving at {}, object storage at {}", server.endpoint(), server.s3_endpoint());
    tracing::info!("log in with: bentoml cloud login --endpoint {} --api-token {shown}", server.endpoint());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    server.shutdown().await;
    if let Some(path) = &arguments.ready_file {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// A reader sees the whole file or none.
fn write_ready_file(path: &Path, server: &Server) -> std::io::Result<()> {
    let content =
        json!({"endpoint": server.endpoint(), "s3_endpoint": server.s3_endpoint(), "pid": std::process::id()});
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    std::fs::write(&temporary, content.to_string())?;
    std::fs::rename(&temporary, path)
}
