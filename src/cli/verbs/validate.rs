//! `validate`: reads the files and says what is wrong with them. Asks no engine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use model::desired::{DesiredState, Entry};
use model::diagnostic::Diagnostic;
use model::id::DeploymentId;
use model::secret::Masker;
use reconcile::stack::{LIST, STACKS};
use world::{Snapshot, Source as _};

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::invocation;
use super::super::options::SourceOptions;
use super::super::render::plan::diagnostics_json;
use super::super::setup::loader::Loader;
use super::super::setup::real::default_engine;
use super::super::setup::roots::{Root, Roots};
use super::super::setup::trust::{bounds, policy};
use super::super::setup::{Refusal, source};
use super::needed;
use super::no_stack::{is_without_stacks, no_stack};
use super::real::block_on;
use model::render::machine::SCHEMA_VERSION;

/// Reads desired state and prints every message about it.
pub(in crate::cli) fn validate(
    console: Console,
    layer: &Layer,
    (more, with_policy): (&[String], bool),
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let first = layer.source.source.iter().chain(more);
    let mut places: Vec<Option<String>> = Vec::new();
    for place in first.map(|place| Some(whole(place))) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        places.push(None);
    }
    let mut results = Vec::new();
    for place in places {
        let source = SourceOptions { source: place, ..layer.source.clone() };
        let (_, mut desired) = read(&source, layer, environment)?;
        if with_policy {
            needed::warn(&mut desired, &policy(&layer.trust, false));
        }
        place_all_of(&mut desired, source.source.as_deref());
        results.push(desired);
    }
    let errors = results.iter().map(errors).sum();
    if console.format == Format::Json {
        console.json(&match results.as_slice() {
            [only] => json(only),
            several => json!({
                "schema_version": SCHEMA_VERSION,
                "valid": errors == 0,
                "results": several.iter().map(json).collect::<Vec<_>>(),
            }),
        });
    } else {
        for desired in &results {
            let all: Vec<_> = messages(desired).into_values().flatten().collect();
            console.complain_all(&all);
        }
        let found = results.iter().flat_map(|desired| messages(desired).into_values().flatten());
        if let Some(code) = found.filter(Diagnostic::is_error).find_map(|error| error.code) {
            console
                .progress(&format!("`reconciler explain {code}` tells more about such an error."));
        }
        console.result(&verdict(&results, errors));
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Invalid })
}

/// What a file of a stack stands for: a list of deployments for its folder, and what
/// Compose merges onto a stack for that stack. A hook is called with changed files.
fn whole(place: &str) -> String {
    let path = Path::new(place);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().map_or(Cow::Borrowed("."), Path::to_string_lossy);
    let folder = if folder.is_empty() { Cow::Borrowed(".") } else { folder };
    if name == LIST && path.is_file() {
        return folder.into_owned();
    }
    match STACKS
        .iter()
        .find(|stack| name.contains(".override.") && Path::new(&*folder).join(stack).is_file())
    {
        Some(stack) => Path::new(&*folder).join(stack).to_string_lossy().into_owned(),
        None => place.to_owned(),
    }
}

/// The folder that the files of a place are named from, if it is not the working folder.
pub(super) fn folder_of(place: &str) -> Option<String> {
    let path = Path::new(place);
    let folder = if path.is_dir() { path } else { path.parent().filter(|_| path.is_file())? };
    let text = folder.to_str()?.trim_end_matches('/');
    (!matches!(text, "" | ".")).then(|| text.to_owned())
}

/// Names the files of all messages as the place is named.
pub(super) fn place_all_of(desired: &mut DesiredState, place: Option<&str>) {
    if let Some(folder) = place.and_then(folder_of) {
        place_all(desired, &folder);
    }
}

/// Names the files of all messages from the working folder, as terminals and editors open
/// them.
fn place_all(desired: &mut DesiredState, folder: &str) {
    let entries = desired.deployments.values_mut().flat_map(|entry| match entry {
        Entry::Valid(_, list) | Entry::Invalid(list) => list,
    });
    for at in entries.chain(&mut desired.incomplete).filter_map(|message| message.at.as_mut()) {
        at.file = format!("{folder}/{}", at.file).into();
    }
}

fn json(desired: &DesiredState) -> serde_json::Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "source": desired.source,
        "revision": desired.revision,
        "valid": errors(desired) == 0,
        "deployments": desired.deployments.iter().map(|(id, entry)| {
            (id.to_string(), json!({ "valid": matches!(entry, Entry::Valid(..)) }))
        }).collect::<BTreeMap<_, _>>(),
        "diagnostics": diagnostics_json(&messages(desired)),
    })
}

pub(super) fn errors(desired: &DesiredState) -> usize {
    messages(desired).values().flatten().filter(|message| message.is_error()).count()
}

/// Fetches and reads desired state as a user at a desk means it: with all of the
/// environment, in the folder where it lies.
pub(super) fn read(
    options: &SourceOptions,
    layer: &Layer,
    environment: &Environment,
) -> Result<(Snapshot, DesiredState), Refusal> {
    let source = source::source(options, environment)?;
    let snapshot = block_on(source.fetch())?.map_err(|error| Refusal::source(&error))?;
    let mut desired = loader(layer, environment).load(&snapshot);
    if is_without_stacks(&desired) {
        // A URL may hold a password, which the source's name leaves out.
        let given = options.source.as_deref().unwrap_or(".");
        let is_here = Path::new(given).exists();
        let place = if is_here { given } else { snapshot.source.as_str() };
        desired.incomplete.push(no_stack(place, &invocation::verb()));
    }
    Ok((snapshot, desired))
}

/// A loader that needs no engine.
pub(super) fn loader(layer: &Layer, environment: &Environment) -> Loader {
    let engine = default_engine(layer);
    let roots = Roots::of([(engine.clone(), Root::Same)].into());
    // No mask is shown: messages leave such values out.
    let asked = (bounds(&layer.trust), Masker::new(""));
    Loader::new(environment, layer.trust.env.as_deref(), asked, engine, roots, None)
}

pub(super) fn messages(desired: &DesiredState) -> BTreeMap<Option<DeploymentId>, Vec<Diagnostic>> {
    let each = desired.deployments.iter().map(|(id, entry)| {
        let (Entry::Valid(_, list) | Entry::Invalid(list)) = entry;
        (Some(id.clone()), list.clone())
    });
    each.chain([(None, desired.unreported())]).collect()
}

fn verdict(results: &[DesiredState], errors: usize) -> String {
    let all = results.iter().flat_map(|desired| desired.deployments.values());
    let (all, valid) = all.fold((0, 0), |(all, valid), entry| {
        (all + 1, valid + usize::from(matches!(entry, Entry::Valid(..))))
    });
    match (errors, all) {
        (0, 0) => "There are no deployments.".to_owned(),
        (0, 1) => "The deployment is valid.".to_owned(),
        (0, _) => format!("All {all} deployments are valid."),
        (1, 0) => "There is no deployment; 1 error.".to_owned(),
        (1, _) => format!("{valid} of {all} deployments are valid; 1 error."),
        (_, _) => format!("{valid} of {all} deployments are valid; {errors} errors."),
    }
}
