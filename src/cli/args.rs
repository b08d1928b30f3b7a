//! The command line's shape: verbs, and which settings each of them takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::console::Format;
use super::exit;
use super::options::{
    ControllerOptions, ListenOptions, LogOptions, OnceOptions, PassOptions, SourceOptions,
    TrustOptions, WorldOptions,
};

const EXAMPLES: &str = "\
Examples:
  reconciler plan                           what would change for the stacks in this folder, and why
  reconciler --once                         do it, wait for health, end with an exit code
  reconciler --once shop/compose.yaml       the same for one stack
  reconciler run https://git.example/ops/stacks.git --ref main --poll 30s
                                            keep engines as the repository says
  reconciler validate                       check the files, without an engine
  reconciler sim                            play it on a simulated engine

Every setting can be given as a flag, as a variable (--poll is RECONCILER_POLL) or in
--config FILE (`poll: 10s`); a flag counts before a variable, a variable before the file.";

/// Everything after the program's name.
#[derive(Debug, Parser)]
#[command(
    name = "reconciler",
    version,
    about = "Makes Docker engines and the Consul catalog agree with stack files, and says why",
    long_about = "Makes Docker engines and the Consul catalog agree with stack files in git or in a \
                  folder.\n\nWithout a verb it runs as a controller: it applies what the source says, \
                  repairs what drifts, and goes on until it is stopped.",
    after_help = "See `reconciler --help` for examples and exit codes.",
    after_long_help = help_tail(),
    max_term_width = 100,
)]
pub(super) struct Cli {
    /// What to do; the controller without.
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    /// The controller's settings, for use without the word `run`.
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// For all verbs.
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

fn help_tail() -> String {
    format!("{EXAMPLES}\n\n{}", exit::TABLE)
}

/// Settings of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct CommonArgs {
    /// Only results and errors, no progress
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// File with settings (YAML)
    #[arg(long, global = true, env = "RECONCILER_CONFIG", hide_env = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Logs and colour.
    #[command(flatten)]
    pub(super) log: LogOptions,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Keep engines and the catalog as the source says (what happens without a verb)
    Run(Box<RunArgs>),
    /// Show what would change, and why; changes nothing
    Plan(Box<PlanArgs>),
    /// Check the stack files; asks no engine
    Validate(Box<ValidateArgs>),
    /// Play a pass on a simulated engine that begins empty
    Sim(Box<SimArgs>),
    /// Show what a running controller says of its deployments
    Status(StatusArgs),
    /// Ask a running controller whether it lives: exit 0 or 1
    Healthcheck(HealthcheckArgs),
    /// Print a completion script, for example `reconciler completion bash`
    Completion(CompletionArgs),
}

/// `run` and `--once`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// One pass: apply, wait for health, end with an exit code
    #[arg(long)]
    pub(super) once: bool,
    /// Form of the result of `--once`
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
    /// What `--once` may do.
    #[command(flatten)]
    pub(super) deadline: OnceOptions,
    /// When the controller looks.
    #[command(flatten)]
    pub(super) controller: ControllerOptions,
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}

/// `plan`.
#[derive(Debug, Args)]
#[command(after_long_help = exit::TABLE)]
pub(super) struct PlanArgs {
    /// Exit with 2 if there is something to do
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

/// `validate`.
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Where desired state comes from.
    #[command(flatten)]
    pub(super) source: SourceOptions,
    /// What stacks may ask for.
    #[command(flatten)]
    pub(super) trust: TrustOptions,
}

/// `sim`.
#[derive(Debug, Args)]
pub(super) struct SimArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Where desired state comes from.
    #[command(flatten)]
    pub(super) source: SourceOptions,
    /// What stacks may ask for.
    #[command(flatten)]
    pub(super) trust: TrustOptions,
}

/// `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}

/// `healthcheck`.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}

/// `completion`.
#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

/// The form of a result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Form of the result on stdout
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(super) output: Format,
}
