//! The command line of `diff`.

use clap::Args;

use super::help::{DIFF, examples};
use super::look_args::{OnlyArgs, PassArgs};
use super::output_args::OutputArgs;

/// `diff`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(DIFF))]
pub(super) struct DiffArgs {
    /// Of what it is printed.
    #[command(flatten)]
    pub(super) only: OnlyArgs,
    /// How many lines to show around each difference
    #[arg(short = 'U', long, value_name = "LINES", default_value_t = 3)]
    pub(super) unified: usize,
    /// Exit with 2 if something differs
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What the pass takes.
    #[command(flatten)]
    pub(super) pass: PassArgs,
}
