//! The command lines of the verbs by which a person asks for something else than the source says:
//! `rollback`, `pause` and `resume`.

use clap::Args;

use super::help::{PAUSE, RESUME, ROLLBACK, examples};
use super::options::WorldOptions;
use super::output_args::OutputArgs;

/// `rollback`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(ROLLBACK))]
pub(super) struct RollbackArgs {
    /// Which deployment
    pub(super) deployment: String,
    /// To which revision, or how it begins [default: the one before that worked]
    pub(super) revision: Option<String>,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}

/// `pause`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(PAUSE))]
pub(super) struct PauseArgs {
    /// Which deployments
    #[arg(required = true, value_name = "DEPLOYMENT")]
    pub(super) deployments: Vec<String>,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}

/// `resume`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(RESUME))]
pub(super) struct ResumeArgs {
    /// Which deployments
    #[arg(required = true, value_name = "DEPLOYMENT")]
    pub(super) deployments: Vec<String>,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}
