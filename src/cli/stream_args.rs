//! The command lines of the verbs that print what happens: `logs` and `events`.

use clap::Args;

use super::help::{EVENTS, LOGS, examples};
use super::look_args::NamedSource;
use super::moment::Moment;
use super::options::WorldOptions;
use super::output_args::OutputArgs;

/// `logs`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(LOGS))]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct LogsArgs {
    /// Of whom: `abc`, `pricing`, `abc/pricing`, `abc/pricing/2` or a container's name
    /// [default: all of this installation]
    #[arg(value_name = "SELECTOR")]
    pub(super) of: Vec<String>,
    /// Go on as lines are written, also by containers that appear or start again
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Only what was written since then: `10m` ago, or `2026-11-30T20:15:00Z`
    #[arg(long, value_name = "SPAN|TIME")]
    pub(super) since: Option<Moment>,
    /// Only what was written before then
    #[arg(long, value_name = "SPAN|TIME")]
    pub(super) until: Option<Moment>,
    /// So many of the last lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "NUMBER|all", default_value = "all")]
    pub(super) tail: Tail,
    /// Print when each line was written, by the engine's clock
    #[arg(short, long)]
    pub(super) timestamps: bool,
    /// The run before the current one: of an older container of the replica if it still exists, else
    /// what was written before the last start
    #[arg(long, conflicts_with = "follow")]
    pub(super) previous: bool,
    /// Only the lines, without whose they are
    #[arg(long)]
    pub(super) no_log_prefix: bool,
    /// Form of the lines: as JSON one object in each line.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What the containers are of.
    #[command(flatten)]
    pub(super) named: NamedSource,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}

/// `events`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(EVENTS))]
pub(super) struct EventsArgs {
    /// Of whom: `abc`, `pricing`, `abc/pricing`, `abc/pricing/2` or a container's name
    /// [default: all of this installation]
    #[arg(value_name = "SELECTOR")]
    pub(super) of: Vec<String>,
    /// Go on as things happen
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Only what happened since then: `10m` ago, or `2026-11-30T20:15:00Z`; as far as each engine
    /// remembers, which is 256 events
    #[arg(long, value_name = "SPAN|TIME", default_value = "1h")]
    pub(super) since: Moment,
    /// Only what happened before then
    #[arg(long, value_name = "SPAN|TIME")]
    pub(super) until: Option<Moment>,
    /// Form of the events: as JSON one object in each line.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What the containers are of.
    #[command(flatten)]
    pub(super) named: NamedSource,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}

/// How many of the last lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail(pub(super) Option<u64>);

impl std::str::FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(None));
        }
        let number = text.parse().map(|number| Self(Some(number)));
        number.map_err(|_| "write a number of lines, or `all`".to_owned())
    }
}
