//! `apply`: the pass of `--once`, for a plan that was agreed to: the one of a plan file, or the one
//! that a person says yes to.

use std::fs;
use std::io::{ErrorKind, IsTerminal as _, stderr, stdin};
use std::path::Path;

use adapters::git::Address;

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::plan_file::{PlanFile, is_named_so};
use super::super::setup::Refusal;
use super::consent::Consent;
use super::real::apply_once;

/// The plan file that an argument of `apply` names; `None` if it is a folder, a stack file or a URL.
/// `has_source` says that a source follows, so that the first can only be a file.
pub(in crate::cli) fn file(
    argument: Option<&str>,
    has_source: bool,
) -> Result<Option<PlanFile>, Refusal> {
    let Some(argument) = argument else { return Ok(None) };
    let path = Path::new(argument);
    if has_source || (is_named_so(argument) && !path.is_dir()) {
        return PlanFile::required(path).map(Some);
    }
    // Else the first thing that is said would be that nobody can be asked.
    if matches!(Address::recognise(argument), Ok(None)) {
        let why = match fs::metadata(path) {
            Ok(found) if found.is_dir() || found.is_file() => None,
            Ok(_) => Some("is neither a folder nor a file".to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Some("does not exist".to_owned()),
            Err(error) => Some(format!("cannot be read: {error}")),
        };
        if let Some(why) = why {
            return Err(Refusal::invalid(format!("`{argument}` {why}")).with_help(
                "name a folder of stacks, a stack file, a git address, or a file that `reconciler \
                 plan --out FILE` wrote",
            ));
        }
    }
    PlanFile::read(path)
}

/// Applies the plan of a file, or what the source says if it is agreed to.
pub(in crate::cli) fn apply(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    (file, yes): (Option<PlanFile>, bool),
) -> Result<Exit, Refusal> {
    let filled = file.as_ref().map(|file| {
        let mut layer = layer.clone();
        file.fill(&mut layer.source);
        layer
    });
    let layer = filled.as_ref().unwrap_or(layer);
    let consent = match file {
        Some(file) => Consent::File(Box::new(file)),
        None if yes => Consent::Given,
        None if console.format == Format::Json => {
            return Err(Refusal::usage(
                "`--output json` prints no plan that could be agreed to",
                "add `--yes`, or apply a file that `reconciler plan --out FILE` wrote",
            ));
        }
        None if stdin().is_terminal() && stderr().is_terminal() => Consent::Asked,
        None => {
            return Err(Refusal::usage(
                "`apply` asks before it changes something, and there is no terminal to ask at",
                "`--yes` applies without asking, as does `reconciler --once`; or apply a file that \
                 `reconciler plan --out FILE` wrote",
            ));
        }
    };
    apply_once(console, layer, environment, &consent)
}
