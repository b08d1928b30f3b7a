//! The options of `docker compose config`, with their names and their meaning there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::help::{CONFIG, examples};

/// `config`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(CONFIG))]
pub(in crate::cli) struct ConfigArgs {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub(in crate::cli) only: Vec<String>,
    /// Which project.
    #[command(flatten)]
    pub(in crate::cli) project: ProjectArgs,
    /// What is left out.
    #[command(flatten)]
    pub(in crate::cli) skip: SkipArgs,
    /// What is printed.
    #[command(flatten)]
    pub(in crate::cli) print: PrintArgs,
}

/// Options that Compose has for every verb.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Compose's")]
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub(in crate::cli) struct ProjectArgs {
    /// A stack file, `-` is standard input; may be repeated, each is merged onto the ones before
    /// [default: `COMPOSE_FILE`, else compose.yaml and its override here or in a parent folder]
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) file: Vec<String>,
    /// The project's name [default: `COMPOSE_PROJECT_NAME`, else `name:`, else the folder's name]
    #[arg(short, long, value_name = "NAME")]
    pub(in crate::cli) project_name: Option<String>,
    /// A profile to enable, `*` is all; may be repeated [default: `COMPOSE_PROFILES`]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) profile: Vec<String>,
    /// A file with variables in place of `.env`; may be repeated [default: `COMPOSE_ENV_FILES`]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) env_file: Vec<String>,
    /// Where relative paths begin [default: the folder of the first stack file]
    #[arg(long, alias = "workdir", value_name = "FOLDER")]
    pub(in crate::cli) project_directory: Option<String>,
    /// As Compose did long ago: `_` in names of images
    #[arg(long)]
    pub(in crate::cli) compatibility: bool,
    /// Also networks, volumes, configs and secrets that no service uses
    #[arg(long)]
    pub(in crate::cli) all_resources: bool,
    /// Without effect here.
    #[arg(long, hide = true, value_name = "WHEN")]
    ansi: Option<String>,
    /// Without effect here.
    #[arg(long, hide = true, value_name = "FORM")]
    progress: Option<String>,
    /// Without effect here.
    #[arg(long, hide = true, allow_negative_numbers = true, value_name = "COUNT")]
    parallel: Option<i64>,
    /// Without effect here: nothing is changed anyway.
    #[arg(long, hide = true)]
    dry_run: bool,
    /// Without effect here.
    #[arg(long, hide = true)]
    verbose: bool,
}

/// Steps of loading that can be left out.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Compose's")]
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Left out")]
pub(in crate::cli) struct SkipArgs {
    /// Do not check what no single key can say
    #[arg(long)]
    pub(in crate::cli) no_consistency: bool,
    /// Leave references such as `${TAG}` as they are
    #[arg(long)]
    pub(in crate::cli) no_interpolate: bool,
    /// Add no defaults and nothing implicit
    #[arg(long)]
    pub(in crate::cli) no_normalize: bool,
    /// Leave relative paths as they are
    #[arg(long)]
    pub(in crate::cli) no_path_resolution: bool,
    /// Leave `env_file` and variables without a value as they are
    #[arg(long)]
    pub(in crate::cli) no_env_resolution: bool,
}

/// What is printed in place of the whole.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Compose's")]
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct PrintArgs {
    /// Form of the result [default: yaml]
    #[arg(long, value_enum)]
    pub(in crate::cli) format: Option<FormatArg>,
    /// Print nothing, only say whether it is valid
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    /// Write the result to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// The hash of each of these services as `docker compose up` writes it, or of all: `*`
    #[arg(long, value_name = "SERVICE,…|*")]
    pub(in crate::cli) hash: Option<String>,
    /// The services' names
    #[arg(long)]
    pub(in crate::cli) services: bool,
    /// The volumes' names
    #[arg(long)]
    pub(in crate::cli) volumes: bool,
    /// The networks' names
    #[arg(long)]
    pub(in crate::cli) networks: bool,
    /// The names of the models
    #[arg(long)]
    pub(in crate::cli) models: bool,
    /// The names of the images
    #[arg(long)]
    pub(in crate::cli) images: bool,
    /// The names of all profiles
    #[arg(long)]
    pub(in crate::cli) profiles: bool,
    /// What references see, values included
    #[arg(long)]
    pub(in crate::cli) environment: bool,
    /// The variables that the files refer to, and their defaults
    #[arg(long)]
    pub(in crate::cli) variables: bool,
}

impl PrintArgs {
    /// Whether nothing of a service's environment is printed.
    pub(in crate::cli) fn names_only(&self) -> bool {
        let Self { services, volumes, networks, models, images, profiles, variables, .. } = *self;
        services || volumes || networks || models || images || profiles || variables
    }
}

/// The form of a normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FormatArg {
    /// A stack file.
    Yaml,
    /// The same as JSON.
    Json,
}
