//! Whether the file says what runs: it is read like any other, and compared with the containers by
//! the same differ that finds drift. What differs becomes a note.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::ability::Abilities;
use model::bounds::Bounds;
use model::desired::{Deployment, Entry};
use model::fields::head;
use model::id::{Revision, ServiceName, SourceId};
use model::observed::ContainerView;
use model::plan::Difference;
use model::secret::{Masker, is_sensitive_name};
use reconcile::plan::{Alone, unlike};
use reconcile::stack::describe::{Described, Note, Running, may_hold_a_secret};
use reconcile::stack::{self, Options};
use sim::MemTree;
use world::Snapshot;

use super::super::super::exit::Exit;
use super::super::super::setup::Refusal;
use super::super::super::setup::engines::LOCAL;
use super::values::dotenv;

/// The folder that the file is read in: its name is the id of a stack without one.
const FOLDER: &str = "adopted";

/// What the file is to describe.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The containers.
    pub(super) containers: &'a [Running],
    /// What their engine can do.
    pub(super) abilities: &'a Abilities,
}

/// Notes each field in which a container made from the file would be another one.
pub(super) fn compare(described: &mut Described, seen: Seen<'_>) -> Result<(), Refusal> {
    let deployment = read(described, seen)?;
    let peers: BTreeMap<ServiceName, &ContainerView> = described
        .services
        .iter()
        .filter_map(|(name, service)| {
            let first = *service.containers.first()?;
            Some((name.clone(), &seen.containers[first].view))
        })
        .collect();
    for (name, service) in &mut described.services {
        let Some(wanted) = deployment.services.get(name) else { continue };
        let mut known: BTreeSet<String> =
            service.notes.iter().map(|note| note.field.clone()).collect();
        for place in &service.containers {
            let running = &seen.containers[*place];
            let alone = Alone {
                deployment: &deployment,
                peers: &peers,
                image: running.image.as_ref(),
                abilities: seen.abilities,
            };
            for difference in unlike(wanted, &running.view, alone) {
                if known.insert(difference.field.clone()) {
                    service.notes.push(note(&difference));
                }
            }
        }
    }
    Ok(())
}

/// What the file means.
fn read(described: &Described, seen: Seen<'_>) -> Result<Arc<Deployment>, Refusal> {
    let text = described.text(&[], seen.containers);
    let files = [
        (format!("{FOLDER}/compose.yaml"), text),
        (format!("{FOLDER}/.env"), dotenv(&described.variables)),
    ];
    let snapshot = Snapshot {
        source: SourceId::new("adopt"),
        revision: Revision::new("adopt"),
        start: FOLDER.to_owned(),
        tree: Arc::new(MemTree::new(files)),
    };
    let options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: LOCAL.into(),
        bounds: Bounds::default(),
        masker: Masker::new(""),
        project_root: Some("/".to_owned()),
        same_files: false,
    };
    let desired = stack::load(&snapshot, &options);
    let mut wrong = desired.incomplete;
    for entry in desired.deployments.into_values() {
        match entry {
            Entry::Valid(deployment, _) => return Ok(deployment),
            Entry::Invalid(messages) => wrong.extend(messages),
        }
    }
    Err(Refusal { exit: Exit::Failed, messages: wrong })
}

/// A difference as a note, without values that may be secret.
fn note(difference: &Difference) -> Note {
    let Difference { field, have, want, .. } = difference;
    let rest = field.split_once('.').map_or("", |(_, rest)| rest);
    let may_be_secret = is_sensitive_name(rest)
        || ["environment", "labels", "command", "entrypoint", "healthcheck", "logging"]
            .contains(&head(field))
        || [have, want].into_iter().flatten().any(|value| may_hold_a_secret(value));
    let about = match (have, want) {
        _ if may_be_secret => "the container has another value than this file gives".to_owned(),
        (Some(have), Some(want)) => format!("the container has {have}, this file gives {want}"),
        (Some(have), None) => format!("the container has {have}"),
        (None, Some(want)) => format!("the container has none, this file gives {want}"),
        (None, None) => "it differs".to_owned(),
    };
    Note { field: field.clone(), about }
}
