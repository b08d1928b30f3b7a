//! The command line: reads arguments, environment and configuration, calls the core and
//! renders what it says. The only place that prints, and the only one that knows exit codes.

mod adopt_args;
mod answer_args;
mod args;
mod bounded;
mod config;
mod console;
mod diff_args;
mod dispatch;
mod doctor_args;
mod environment;
mod exit;
mod explanations;
mod follow_up;
mod gone;
mod help;
mod import_args;
mod init_args;
mod invocation;
mod logging;
mod look_args;
mod man_args;
mod mistyped;
mod moment;
mod narrow;
mod new_file;
mod options;
mod output_args;
mod override_args;
mod plan_args;
mod plan_file;
pub(crate) mod probe;
mod project;
mod reference;
mod render;
mod schema;
mod screen;
mod setup;
mod signals;
mod span;
mod stream_args;
mod target;
mod values;
mod verbs;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser as _};

use args::{Cli, Verb, Verbless};
use console::{Color, Console, Format};
use exit::Exit;
use model::contained::is_contained;

/// Runs the program and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    forbid_core_files();
    keep_freed_memory();
    end_where_it_stands();
    written(run(std::env::args_os())).into()
}

/// How the program ends, if its result could be written: one that is missing is not done.
fn written(exit: Exit) -> Exit {
    let Some(error) = console::unwritten() else { return exit };
    let console = Console::new(Format::Text, Color::Auto, false);
    let help = "`df -h` shows which file system is full; or let stdout go elsewhere";
    console.error(&format!("the result cannot be written to stdout: {error}"), Some(help));
    if matches!(exit, Exit::Done | Exit::Pending) { Exit::Failed } else { exit }
}

/// Memory holds secrets, and a bug must not leave them on a disk.
fn forbid_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // A limit can always be lowered; where not, there is no one to tell it to.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// A broken invariant ends the program where it stands, except in what is contained: a fault
/// in one deployment leaves the others alone.
fn end_where_it_stands() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_contained(panic) {
            default_hook(panic);
            std::process::abort();
        }
    }));
}

/// The allocator gives what is free at the heap's end back as soon as that is 128 KiB, and soon
/// asks for it again, page by page. Something larger that was freed once makes it wait for
/// twice as much as that: mallopt(3), on the dynamic mmap threshold.
fn keep_freed_memory() {
    const LARGER: usize = 1 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGER)));
}

fn run(args: impl Iterator<Item = OsString>) -> Exit {
    let args = project::verb_first(args.collect());
    if let Some((word, help)) = mistyped::other_tool(&args) {
        return no_verb(&word, &help);
    }
    match parse(&args) {
        Ok(cli) => {
            let place =
                cli.verb.is_none().then_some(cli.run.pass.read.source.source.as_deref()).flatten();
            if let Some((word, help)) = place.and_then(|word| Some((word, mistyped::meant(word)?)))
            {
                no_verb(word, &help)
            } else if cli.verb.is_none() && !cli.run.once {
                let place = place.map(target::without_login);
                let console = Console::new(Format::Text, Color::Auto, false);
                console.complain(&help::short(&Cli::command(), place.as_deref()));
                Exit::Usage
            } else {
                dispatch::dispatch(cli)
            }
        }
        Err(error) => {
            let printed = error.print();
            if error.use_stderr() {
                return Exit::Usage;
            }
            console::keep(printed.and_then(|()| std::io::stdout().flush()));
            Exit::Done
        }
    }
}

/// The first word is neither a verb nor a place.
fn no_verb(word: &str, help: &str) -> Exit {
    let console = Console::new(Format::Text, Color::Auto, false);
    console.error(&format!("there is neither a verb nor a folder `{word}`"), Some(help));
    Exit::Usage
}

/// The command line as the user meant it.
fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    if !args.iter().any(|arg| Verb::NAMES.iter().any(|name| arg == name))
        && let Ok(Verbless { run, common }) = Verbless::try_parse_from(args)
    {
        return Ok(Cli { verb: None, run, common });
    }
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(args)?;
    if let Some((verb, _)) = matches.subcommand()
        && let Some(message) = stray(&command, &matches, verb)
    {
        return Err(command.error(clap::error::ErrorKind::ArgumentConflict, message));
    }
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// What to say about a setting that was given before the verb and would be ignored there.
fn stray(command: &clap::Command, matches: &ArgMatches, verb: &str) -> Option<String> {
    let arg = command.get_arguments().filter(|arg| !arg.is_global_set()).find(|arg| {
        matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    })?;
    let name = arg.get_long().map_or_else(|| arg.to_string(), |long| format!("--{long}"));
    let known = command
        .find_subcommand(verb)
        .is_some_and(|verb| verb.get_arguments().any(|other| other.get_id() == arg.get_id()));
    Some(if known {
        format!("`{name}` goes after the verb: `reconciler {verb} {name}`")
    } else {
        format!("`{name}` cannot be used with the verb `{verb}`")
    })
}
