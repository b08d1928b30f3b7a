//! The command line's shape: verbs, and which settings each of them takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::adopt_args::AdoptArgs;
use super::answer_args::{
    ExplainArgs, LsArgs, PsArgs, ServiceArgs, StackArgs, StatusArgs, WaitArgs, shown_flag,
    source_flag,
};
use super::diff_args::DiffArgs;
use super::doctor_args::DoctorArgs;
use super::help::{
    COMPLETION, CONTROLLER, FMT, GRANTS, HEALTHCHECK, HISTORY, RUN, SCHEMA, SIM, VALIDATE, examples,
};
use super::import_args::ImportArgs;
use super::init_args::InitArgs;
use super::look_args::{NamedSource, PassArgs, ReadArgs};
use super::man_args::ManArgs;
use super::options::{ControllerOptions, ListenOptions, LogOptions, OnceOptions};
use super::output_args::{OutputArgs, StepsArgs};
use super::override_args::{PauseArgs, ResumeArgs, RollbackArgs};
use super::plan_args::{ApplyArgs, PlanArgs, ShowArgs};
use super::project::ConfigArgs;
use super::stream_args::{EventsArgs, LogsArgs};

/// Everything after the program's name.
#[derive(Debug, Parser)]
#[command(
    name = "reconciler",
    version,
    about = "Makes Docker engines and the Consul catalog agree with stack files, and says why",
    long_about = "Makes Docker engines and the Consul catalog agree with stack files in git or in a \
                  folder.\n\n`plan` shows what would change, `--once` does it and ends, `run` goes on \
                  doing it and repairs what drifts.",
    after_help = "See `reconciler --help` for examples and exit codes.",
    after_long_help = examples(RUN),
    max_term_width = 100,
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    /// The settings of `--once`.
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// For all verbs.
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// The same for a call without a verb: to know all the others, too, takes longer than the rest
/// of reading it. Whatever it does not understand, [`Cli`] tells about.
#[derive(Debug, Parser)]
#[command(name = "reconciler")]
pub(super) struct Verbless {
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
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
    /// Keep engines and the catalog as the source says: the controller
    #[command(after_long_help = examples(CONTROLLER))]
    Run(Box<RunArgs>),
    /// Show what would change, and why; changes nothing
    Plan(Box<PlanArgs>),
    /// Show line by line in what the engines are not as the stacks say; changes nothing
    Diff(Box<DiffArgs>),
    /// Apply what a plan file holds, or show a plan, ask, and apply it
    #[command(mut_arg("source", |arg| arg.index(1).value_name("FILE|PATH|URL").help(
        "A file that `reconciler plan --out` wrote; or a folder, a stack file, or the URL of a git \
         repository [default: the current folder]"
    )))]
    Apply(Box<ApplyArgs>),
    /// Print the plan of a plan file; asks no engine
    Show(ShowArgs),
    /// Check the stack files; asks no engine
    Validate(Box<ValidateArgs>),
    /// List what the stacks would need of the host, as the setting `allow`
    Grants(Box<GrantsArgs>),
    /// Write the files that a repository of stacks begins with; never over others
    Init(InitArgs),
    /// Print deployments.yaml for what doco-cd, swarm-cd or Portainer deploy
    Import(ImportArgs),
    /// Print a stack file that describes running containers; changes nothing
    Adopt(Box<AdoptArgs>),
    /// Print a stack's normal form, as `docker compose config` does and with its options
    Config(Box<ConfigArgs>),
    /// Bring stack files into the usual layout, with the same meaning
    Fmt(FmtArgs),
    /// Explain whose a container, service, network or volume is, or the code of an error
    #[command(mut_arg("source", source_flag))]
    Explain(Box<ExplainArgs>),
    /// Print the JSON Schema of stack files, of deployments.yaml or of plans
    Schema(SchemaArgs),
    /// Play a pass on a simulated engine that begins empty
    Sim(Box<SimArgs>),
    /// Show deployments, services and replicas as a tree, and what differs or waits
    #[command(mut_arg("source", source_flag))]
    Status(Box<StatusArgs>),
    /// List containers, as `docker compose ps` does
    #[command(mut_arg("source", source_flag))]
    Ps(Box<PsArgs>),
    /// List the last rollouts of deployments, newest first: who, what, how it ended
    #[command(mut_arg("source", source_flag), after_long_help = examples(HISTORY))]
    History(Box<LsArgs>),
    /// Return a deployment to what worked before, until it is resumed
    Rollback(Box<RollbackArgs>),
    /// Leave deployments alone, whatever the source says, until they are resumed
    Pause(Box<PauseArgs>),
    /// Follow the source again: after `pause`, `rollback`, or a rollout that failed
    Resume(Box<ResumeArgs>),
    /// List deployments: `stack ls`
    Stack(StackArgs),
    /// List services: `service ls`
    #[command(visible_alias = "services")]
    Service(ServiceArgs),
    /// Wait until deployments or services are healthy, or as the source says
    #[command(mut_arg("source", source_flag))]
    Wait(Box<WaitArgs>),
    /// Print what containers print, all replicas interleaved
    #[command(mut_arg("named_source", shown_flag))]
    Logs(Box<LogsArgs>),
    /// Print what happened to containers, networks and volumes
    Events(Box<EventsArgs>),
    /// Look for what is wrong around the stacks: engines, Consul, DNS, source, settings, leftovers
    Doctor(Box<DoctorArgs>),
    /// Ask a running controller whether it lives: exit 0 or 1
    Healthcheck(HealthcheckArgs),
    /// Print a completion script, for example `reconciler completion bash`
    Completion(CompletionArgs),
    /// Print the manual page, or write one for each verb into a folder
    Man(ManArgs),
}

impl Verb {
    /// What each is called, and `help`.
    pub(super) const NAMES: [&str; 32] = [
        "run",
        "plan",
        "diff",
        "apply",
        "show",
        "validate",
        "grants",
        "init",
        "import",
        "adopt",
        "config",
        "fmt",
        "explain",
        "schema",
        "sim",
        "status",
        "ps",
        "history",
        "rollback",
        "pause",
        "resume",
        "stack",
        "service",
        "services",
        "wait",
        "logs",
        "events",
        "doctor",
        "healthcheck",
        "completion",
        "man",
        "help",
    ];
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
    /// How a plan is printed.
    #[command(flatten)]
    pub(super) steps: StepsArgs,
    /// What a pass takes.
    #[command(flatten)]
    pub(super) pass: PassArgs,
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

/// `validate`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(VALIDATE))]
pub(super) struct ValidateArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What is read.
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// The source by its flag.
    #[command(flatten)]
    pub(super) named: NamedSource,
    /// More of them
    #[arg(value_name = "PATH|URL", help_heading = None)]
    pub(super) more: Vec<String>,
    /// Also warn about what the stacks ask of the host and is not granted (`--allow`)
    #[arg(long)]
    pub(super) policy: bool,
}

/// `grants`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(GRANTS))]
pub(super) struct GrantsArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What is read.
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// The source by its flag.
    #[command(flatten)]
    pub(super) named: NamedSource,
}

/// `sim`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(SIM))]
pub(super) struct SimArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// How a plan is printed.
    #[command(flatten)]
    pub(super) steps: StepsArgs,
    /// What is read.
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// The source by its flag.
    #[command(flatten)]
    pub(super) named: NamedSource,
}

/// `healthcheck`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(HEALTHCHECK))]
pub(super) struct HealthcheckArgs {
    /// Where the controller answers.
    #[command(flatten)]
    pub(super) listen: ListenOptions,
}

/// `completion`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(COMPLETION))]
pub(super) struct CompletionArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

/// `fmt`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(FMT))]
pub(super) struct FmtArgs {
    /// The files; `-` is standard input, formatted to standard output
    #[arg(required = true, value_name = "FILE|-")]
    pub(super) files: Vec<PathBuf>,
    /// Write nothing; name the files that are not formatted, and exit with 1 if there are any
    #[arg(long)]
    pub(super) check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub(super) diff: bool,
    /// Also put the keys of the top level and of services into the conventional order
    #[arg(long)]
    pub(super) sort: bool,
}

/// `schema`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(SCHEMA))]
pub(super) struct SchemaArgs {
    /// Of which files
    #[arg(value_enum, default_value_t = SchemaOf::Stack)]
    pub(super) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SchemaOf {
    /// Stack files: Compose, with `x-reconciler`.
    Stack,
    /// deployments.yaml.
    Deployments,
    /// A plan as JSON: `plan --output json`.
    Plan,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_verb_is_known_by_name() {
        let mut command = Cli::command();
        command.build();
        let names = command
            .get_subcommands()
            .flat_map(|verb| std::iter::once(verb.get_name()).chain(verb.get_all_aliases()));
        assert_eq!(names.collect::<Vec<_>>(), Verb::NAMES);
    }

    #[test]
    fn without_a_verb_both_ways_read_the_same() {
        for words in [
            &["reconciler"][..],
            &["reconciler", "--once", "stacks", "-q", "--prune-share", "40"],
            &["reconciler", "--poll", "5s", "--log-format", "json", "https://git.example/x"],
        ] {
            let (cli, verbless) = (Cli::parse_from(words), Verbless::parse_from(words));
            assert!(cli.verb.is_none());
            assert_eq!(
                format!("{:?}", (cli.run, cli.common)),
                format!("{:?}", (verbless.run, verbless.common))
            );
        }
    }
}
