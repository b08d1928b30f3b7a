//! Logs on stderr. Libraries that log what they send and receive never get finer than
//! `info`, whatever the operator asks for: at `debug` they print the bodies of requests
//! and answers, and those hold environment variables.

use tracing::{Level, Metadata};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use model::printable::one_line;

use super::screen::Logs;
use super::values::LogFormat;

/// Libraries that see bodies, headers or keys.
const TALKATIVE: &[&str] = &[
    "axum",
    "bollard",
    "git2",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "notify",
    "reqwest",
    "rustls",
    "tokio",
    "tokio_rustls",
    "tower",
    "want",
];

/// A filter that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no log level; write `error`, `warn`, `info`, `debug`, `trace` or for example `warn,reconciler=debug`"
)]
pub(super) struct BadLevel(String);

/// Begins to log. `level` is what the operator asked for; otherwise `ambient` (`RUST_LOG`)
/// counts, and `default` without either. An ambient text that is no filter is left out:
/// it may be meant for another program.
pub(super) fn init(
    level: Option<&str>,
    ambient: Option<&str>,
    default: &str,
    format: LogFormat,
    colour: bool,
) -> Result<(), BadLevel> {
    let read = |text: &str| text.parse::<Targets>().map_err(|_| BadLevel(text.to_owned()));
    let filter = match (level, ambient) {
        (Some(text), _) => read(text)?,
        (None, Some(text)) if !text.is_empty() => read(text).or_else(|_| read(default))?,
        (None, _) => read(default)?,
    };
    let filter = filter.and(filter_fn(is_harmless));
    let lines = layer().with_writer(Logs).with_ansi(colour);
    // Names and answers of others are in messages and fields.
    let fields = debug_fn(|out, field, value| match field.name() {
        "message" => write!(out, "{}", one_line(&format!("{value:?}"))),
        name => write!(out, "{name}={}", one_line(&format!("{value:?}"))),
    });
    let lines = match format {
        LogFormat::Text => lines.with_target(false).fmt_fields(fields.delimited(" ")).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
    };
    // Fails only if a subscriber is set already, which then goes on.
    let _ = Registry::default().with(lines.with_filter(filter)).try_init();
    Ok(())
}

/// Whether a message may be printed at all.
fn is_harmless(meta: &Metadata<'_>) -> bool {
    let library = meta.target().split("::").next().unwrap_or_default();
    *meta.level() <= Level::INFO || !TALKATIVE.contains(&library)
}
