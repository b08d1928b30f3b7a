//! The command line of `adopt`.

use std::path::PathBuf;

use clap::Args;

use super::help::{ADOPT, examples};
use super::options::WorldOptions;
use super::output_args::OutputArgs;

/// `adopt`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(ADOPT))]
pub(super) struct AdoptArgs {
    /// The containers, by name or id; of several, one stack is made
    #[arg(required = true, value_name = "NAME")]
    pub(super) containers: Vec<String>,
    /// Id of the deployment [default: the Compose project of all of them, else the folder's name]
    #[arg(long, value_name = "DEPLOYMENT")]
    pub(super) name: Option<String>,
    /// Write the values of secrets to this new file, as `NAME=value`, for its owner alone
    #[arg(long, value_name = "FILE")]
    pub(super) env_out: Option<PathBuf>,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}
