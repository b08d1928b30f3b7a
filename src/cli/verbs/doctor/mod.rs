//! `doctor`: what is wrong around the stacks, each finding with one command that helps. Everything
//! is asked at once, nothing is changed, and what hangs is given up.

mod consul;
mod engine;
mod finding;
mod leftovers;
mod look;
mod settings;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use model::diagnostic::Diagnostic;
use serde::Serialize;

use self::finding::{Finding, Verdict, summary};
use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::setup::Refusal;
use super::real::block_on;

/// The version of the object.
const VERSION: u32 = 1;
/// How long one thing may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// The configuration file, and what is wrong with it.
#[derive(Debug, Default)]
pub(in crate::cli) struct ConfigFile {
    pub(in crate::cli) path: Option<PathBuf>,
    pub(in crate::cli) wrong: Vec<Diagnostic>,
}

/// What was found, for programs.
#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    findings: &'a [Finding],
    exit_code: u8,
}

/// `doctor`.
pub(in crate::cli) fn doctor(
    console: Console,
    file: &ConfigFile,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let findings = block_on(look::everything(file, layer, environment))?;
    let is_ill = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    let exit = if is_ill { Exit::Failed } else { Exit::Done };
    if console.format == Format::Json {
        let exit_code = exit as u8;
        console.json(&Report { schema_version: VERSION, findings: &findings, exit_code });
        return Ok(exit);
    }
    let rendered = findings.iter().filter(|one| !console.quiet || one.verdict != Verdict::Ok);
    let text: String = rendered.map(Finding::render).collect();
    console.prose(&format!("{text}{}", summary(&findings)));
    Ok(exit)
}
