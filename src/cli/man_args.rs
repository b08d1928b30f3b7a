//! The command line of `man`.

use std::path::PathBuf;

use clap::Args;

use super::help::{MAN, examples};

/// `man`.
#[derive(Debug, Args)]
#[command(after_long_help = examples(MAN))]
pub(super) struct ManArgs {
    /// Write a page for the program and one for each verb into a folder; files of these names are
    /// replaced
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Print all verbs as one Markdown document instead
    #[arg(long, conflicts_with = "out")]
    pub(super) markdown: bool,
}
