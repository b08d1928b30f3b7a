//! The command lines of the verbs about one plan: `plan`, `apply` and `show`.

use std::path::PathBuf;

use clap::Args;

use super::help::{APPLY, PLAN, SHOW, examples};
use super::look_args::{OnlyArgs, PassArgs};
use super::options::OnceOptions;
use super::output_args::{OutputArgs, PlanOutputArgs, StepsArgs};

/// `plan`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(PLAN))]
pub(super) struct PlanArgs {
    /// Exit with 2 if there is something to do
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Write the plan to a file, too, for `reconciler apply FILE` and `reconciler show FILE`
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Of what it is printed.
    #[command(flatten)]
    pub(super) only: OnlyArgs,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: PlanOutputArgs,
    /// How it is printed.
    #[command(flatten)]
    pub(super) steps: StepsArgs,
    /// What the pass takes.
    #[command(flatten)]
    pub(super) pass: PassArgs,
}

/// `apply`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(APPLY))]
#[command(override_usage = "reconciler apply [OPTIONS] [PATH|URL]\n       \
                            reconciler apply [OPTIONS] FILE [PATH|URL]")]
pub(super) struct ApplyArgs {
    /// Apply the plan without asking
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// How a plan is printed.
    #[command(flatten)]
    pub(super) steps: StepsArgs,
    /// The source that the plan file was made for [default: what the file remembers]
    #[arg(value_name = "PATH|URL", help_heading = None, index = 2)]
    pub(super) of_file: Option<String>,
    /// What the pass takes.
    #[command(flatten)]
    pub(super) pass: PassArgs,
    /// How long it may take.
    #[command(flatten)]
    pub(super) deadline: OnceOptions,
}

/// `show`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(SHOW))]
pub(super) struct ShowArgs {
    /// The file that `reconciler plan --out FILE` wrote
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
