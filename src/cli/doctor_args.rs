//! The command line of `doctor`.

use clap::Args;

use super::help::{DOCTOR, examples};
use super::options::{ListenOptions, SourceOptions, TrustOptions, WorldOptions};
use super::output_args::OutputArgs;

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(DOCTOR))]
pub(super) struct DoctorArgs {
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
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}
