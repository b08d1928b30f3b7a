//! The command line of `diff`.

use clap::Args;

use super::help::{DIFF, examples};
use super::options::{PassOptions, SourceOptions, TrustOptions, WorldOptions};
use super::output_args::OutputArgs;

/// `diff`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(DIFF))]
pub(super) struct DiffArgs {
    /// Only these: a deployment `abc`, a service `pricing` or `abc/pricing`, a replica
    /// `abc/pricing/2`, or a container by its name; may be repeated
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// How many lines to show around each difference
    #[arg(short = 'U', long, value_name = "LINES", default_value_t = 3)]
    pub(super) unified: usize,
    /// Exit with 2 if something differs
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Where desired state comes from.
    #[command(flatten)]
    pub(super) source: SourceOptions,
    /// What stacks may ask for.
    #[command(flatten)]
    pub(super) trust: TrustOptions,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
    /// What the pass may do.
    #[command(flatten)]
    pub(super) pass: PassOptions,
}
