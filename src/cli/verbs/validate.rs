//! `validate`: reads the files and says what is wrong with them. Asks no engine.

use std::collections::BTreeMap;

use serde_json::json;

use crate::model::desired::{DesiredState, Entry};
use crate::model::diagnostic::Diagnostic;
use crate::model::id::DeploymentId;
use crate::world::{Snapshot, Source as _};

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::render::diagnostics;
use super::super::render::plan::{SCHEMA_VERSION, diagnostics_json};
use super::super::setup::loader::Loader;
use super::super::setup::real::default_engine;
use super::super::setup::roots::Root;
use super::super::setup::{Refusal, source};
use super::real::block_on;

/// Reads desired state and prints every message about it.
pub(in crate::cli) fn validate(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let (_, desired) = read(layer, environment)?;
    let messages = messages(&desired);
    let errors = messages.values().flatten().filter(|message| message.is_error()).count();
    if console.format == Format::Json {
        console.json(&json!({
            "schema_version": SCHEMA_VERSION,
            "source": desired.source,
            "revision": desired.revision,
            "valid": errors == 0,
            "deployments": desired.deployments.iter().map(|(id, entry)| {
                (id.to_string(), json!({ "valid": matches!(entry, Entry::Valid(..)) }))
            }).collect::<BTreeMap<_, _>>(),
            "diagnostics": diagnostics_json(&messages),
        }));
    } else {
        for message in messages.values().flatten() {
            console.complain(&diagnostics::render(message));
            console.complain("");
        }
        console.result(&verdict(&desired, errors));
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Invalid })
}

/// Fetches and reads desired state as somebody at a desk means it: with all of the
/// environment, in the folder where it lies.
pub(super) fn read(
    layer: &Layer,
    environment: &Environment,
) -> Result<(Snapshot, DesiredState), Refusal> {
    let source = source::source(&layer.source, environment)?;
    let snapshot = block_on(source.fetch())?.map_err(|error| Refusal::source(&error))?;
    let desired = loader(layer, environment).load(&snapshot);
    Ok((snapshot, desired))
}

/// A loader that needs no engine.
pub(super) fn loader(layer: &Layer, environment: &Environment) -> Loader {
    let engine = default_engine(layer);
    let roots = [(engine.clone(), Root::Same)].into();
    Loader::new(environment, layer.trust.env.as_deref(), engine, roots, None)
}

fn messages(desired: &DesiredState) -> BTreeMap<Option<DeploymentId>, Vec<Diagnostic>> {
    let each = desired.deployments.iter().map(|(id, entry)| {
        let (Entry::Valid(_, list) | Entry::Invalid(list)) = entry;
        (Some(id.clone()), list.clone())
    });
    each.chain([(None, desired.incomplete.clone())]).collect()
}

fn verdict(desired: &DesiredState, errors: usize) -> String {
    let all = desired.deployments.len();
    let valid =
        desired.deployments.values().filter(|entry| matches!(entry, Entry::Valid(..))).count();
    match (errors, all) {
        (0, 0) => "There are no deployments.".to_owned(),
        (0, 1) => "The deployment is valid.".to_owned(),
        (0, _) => format!("All {all} deployments are valid."),
        (1, _) => format!("{valid} of {all} deployments are valid; 1 error."),
        (_, _) => format!("{valid} of {all} deployments are valid; {errors} errors."),
    }
}
