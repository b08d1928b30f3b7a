//! The least a client of the engine's API can do, to compare ourselves with, and the
//! stopwatch for it: `make bench` (scripts/bench) runs this program.
//!
//! It shares no code with the adapters on purpose: a flaw there must show as a
//! difference to this program, not be in both.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a stopwatch reads clocks, and its figures go to stdout"
)]

mod count;
mod engine;
mod measure;
mod work;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use engine::Engine;

const USAGE: &str = "\
usage: raw_client noop          list the containers of the project `bench`, inspect each
       raw_client apply N       a network, then N containers created and started
       raw_client change        replace one container
       raw_client remove        remove them all, and the network
       raw_client measure [--events ACTION=N] --log FILE -- COMMAND...
                                wall time, CPU and memory of a command, and when the
                                engine reported the first and the last of N events
       raw_client count --log FILE -- COMMAND...
                                what a command asks of the engine; FILE gets the requests
The engine is at the unix socket that DOCKER_HOST names. A command's output goes to FILE.";

/// Whatever went wrong; this program only prints it.
type Failure = Box<dyn Error + Send + Sync>;

/// A command to watch.
struct Watched {
    /// Events to wait for: their action and number.
    events: Option<(String, usize)>,
    /// Where its output goes.
    log: PathBuf,
    /// Program and arguments.
    command: Vec<String>,
}

impl Watched {
    /// The command, its output appended to the log.
    fn command(&self) -> Result<Command, Failure> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let (program, arguments) = self.command.split_first().ok_or(USAGE)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

fn watched(arguments: &[String]) -> Result<Watched, Failure> {
    let (mut events, mut log) = (None, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--events" => {
                let (action, number) = rest.next().and_then(|v| v.split_once('=')).ok_or(USAGE)?;
                events = Some((action.to_owned(), number.parse()?));
            }
            "--log" => log = rest.next().map(PathBuf::from),
            "--" => break,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(Watched { events, log: log.ok_or(USAGE)?, command: rest.cloned().collect() })
}

fn run(arguments: &[String]) -> Result<ExitCode, Failure> {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["noop"] => runtime()?.block_on(work::noop(&Engine::of_environment()?))?,
        ["apply", number] => {
            runtime()?.block_on(work::apply(&Engine::of_environment()?, number.parse()?))?;
        }
        ["change"] => runtime()?.block_on(work::change(&Engine::of_environment()?))?,
        ["remove"] => runtime()?.block_on(work::remove(&Engine::of_environment()?))?,
        ["measure", ..] => return measure::measure(&watched(&arguments[1..])?, runtime),
        ["count", ..] => {
            let watched = watched(&arguments[1..])?;
            return runtime()?.block_on(count::count(watched));
        }
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run(&arguments).unwrap_or_else(|why| {
        eprintln!("raw_client: {why}");
        ExitCode::from(125)
    })
}
