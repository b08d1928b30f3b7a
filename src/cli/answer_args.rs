//! The command lines of the verbs that say what is there: `status`, `ps`, `stack`, `service`,
//! `explain` and `wait`.

use std::time::Duration;

use clap::{Arg, Args, Subcommand};

use super::help::{EXPLAIN, LS, PS, SERVICE, STACK, STATUS, WAIT, examples};
use super::look_args::LookArgs;
use super::options::ListenOptions;
use super::span::Span;

/// The source as a flag: these verbs take words for what they are about.
pub(super) fn source_flag(arg: Arg) -> Arg {
    arg.long("source").help_heading("Source").help(
        "A folder, a stack file, or the URL of a git repository [default: the current folder if \
         it has stacks; else labels and the ledger say what is there]",
    )
}

/// The flag where a source is only read for which of its values are secret.
pub(super) fn shown_flag(arg: Arg) -> Arg {
    arg.hide(false).help_heading("Source").help(
        "A folder, a stack file, or the URL of a git repository: which values are secret is read \
         from it, too [default: the current folder if it has stacks]",
    )
}

/// Words that say what is meant.
#[derive(Debug, Args)]
pub(super) struct Words {
    /// A deployment (abc), a service (pricing, abc/pricing), a replica (abc/pricing/2) or a
    /// container (abc-pricing-2) [default: everything]
    #[arg(value_name = "WHAT")]
    pub(super) words: Vec<String>,
}

/// `status`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(STATUS))]
pub(super) struct StatusArgs {
    /// What it is about.
    #[command(flatten)]
    pub(super) what: Words,
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}

/// `ps`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(PS))]
pub(super) struct PsArgs {
    /// Also those that ended, and may
    #[arg(short, long)]
    pub(super) all: bool,
    /// What it is about.
    #[command(flatten)]
    pub(super) what: Words,
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
}

/// `stack`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(STACK))]
pub(super) struct StackArgs {
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: ListVerb,
}

/// `service`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(SERVICE))]
pub(super) struct ServiceArgs {
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: ListVerb,
}

/// What `stack` and `service` do.
#[derive(Debug, Subcommand)]
pub(super) enum ListVerb {
    /// List them
    #[command(visible_alias = "list", mut_arg("source", source_flag))]
    #[command(after_long_help = examples(LS))]
    Ls(Box<LsArgs>),
}

/// `stack ls`, `service ls` and `history`.
#[derive(Debug, Args)]
pub(super) struct LsArgs {
    /// What it is about.
    #[command(flatten)]
    pub(super) what: Words,
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(EXPLAIN))]
pub(super) struct ExplainArgs {
    /// The code of an error (E0501), or a container, service, network or volume; all codes are
    /// listed without one
    #[arg(value_name = "CODE|OBJECT")]
    pub(super) what: Option<String>,
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
}

/// `wait`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(WAIT))]
pub(super) struct WaitArgs {
    /// What it is about.
    #[command(flatten)]
    pub(super) what: Words,
    /// What to wait for
    #[arg(long = "for", value_enum, value_name = "STATE", default_value_t = Awaited::Healthy)]
    pub(super) awaited: Awaited,
    /// How long to wait, for example `90s` or `5m`
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub(super) timeout: Span,
    /// How it looks.
    #[command(flatten)]
    pub(super) look: LookArgs,
}

impl WaitArgs {
    /// How long to wait.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout.0
    }
}

/// What `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Awaited {
    /// All of it runs, and its health checks pass
    Healthy,
    /// All of it is as the source says
    Synced,
}
