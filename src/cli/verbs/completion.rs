//! `completion`: a script for the shell.

use clap::CommandFactory as _;

use super::super::args::{Cli, CompletionArgs};
use super::super::console::Console;
use super::super::exit::Exit;

/// Prints it.
pub(in crate::cli) fn completion(console: Console, args: &CompletionArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "reconciler", &mut script);
    console.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
