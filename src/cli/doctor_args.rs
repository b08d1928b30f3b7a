//! The command line of `doctor`.

use clap::Args;

use super::help::{DOCTOR, examples};
use super::look_args::{LookArgs, NamedSource};
use super::options::ListenOptions;

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(DOCTOR))]
pub(super) struct DoctorArgs {
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// The source by its flag.
    #[command(flatten)]
    pub(super) named: NamedSource,
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}
