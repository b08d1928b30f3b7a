//! The command line of `import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::help::{IMPORT, examples};
use super::output_args::OutputArgs;

/// `import`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(IMPORT))]
pub(super) struct ImportArgs {
    /// The file with the definitions, or the folder that it is in
    #[arg(value_name = "FILE|FOLDER")]
    pub(super) place: PathBuf,
    /// Whose definitions they are [default: what their form says]
    #[arg(long, value_enum, value_name = "TOOL")]
    pub(super) from: Option<Tool>,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// A tool whose definitions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tool {
    /// `.doco-cd.yaml`, or a poll configuration.
    DocoCd,
    /// stacks.yaml, with repos.yaml and config.yaml beside it.
    SwarmCd,
    /// What `GET /api/stacks` of Portainer answers.
    Portainer,
}

impl Tool {
    /// As people write it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::DocoCd => "doco-cd",
            Self::SwarmCd => "SwarmCD",
            Self::Portainer => "Portainer",
        }
    }
}
