//! The command line of `init`.

use std::path::PathBuf;

use clap::Args;

use super::help::{INIT, examples};
use super::output_args::OutputArgs;

/// `init`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(INIT))]
pub(super) struct InitArgs {
    /// Where the files go [default: the current folder]
    #[arg(value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    pub(super) folder: PathBuf,
    /// Print the files, and write none
    #[arg(long)]
    pub(super) print: bool,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
