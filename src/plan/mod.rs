//! The heart: desired state and observed state to a plan. No I/O, no clock, no
//! randomness, no logging, no async.
//!
//! Reading order: [`plan`] below, then `deployment` (one deployment), `service` and
//! `slot` and `create` (its replicas), `peers`, `hooks`, `dependents`, `drift` and `fields`
//! (what differs, and what that costs). `ownership` says what is ours, `adoption` what of
//! Compose's becomes so, `gate` what stops a deployment, `heal` what is mended although a newer
//! revision waits, `prune` what goes, `catalog` what is registered, `names` under which names.
//! [`check`] lints every plan before it is executed.

mod adoption;
mod catalog;
mod check;
mod context;
mod create;
mod demands;
mod dependents;
mod deployment;
mod draft;
mod drift;
mod effective;
mod facts;
mod fields;
mod gate;
mod heal;
mod hooks;
mod names;
mod needs;
mod order;
mod ownership;
mod peers;
mod prune;
mod reasons;
mod resources;
mod service;
mod settings;
mod slot;
mod state;
mod status;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use check::{Fault, check};
pub use fields::{Class, FIELDS, class_of};
pub use names::{catalog_names, dns_label};
pub use settings::{CatalogSettings, EngineSettings, Routable, Settings};

use self::deployment::Shared;
use self::draft::Draft;
use crate::model::desired::{DesiredState, Entry};
use crate::model::observed::ObservedState;
use crate::model::plan::{Blocked, DeploymentState, Health, Plan, Sync, WaitingOn};

/// What has to be done so that the observed state becomes the desired one.
///
/// # Guarantees
/// - The same input gives the same plan, text and digest.
/// - What was not seen is neither changed nor removed.
/// - Planning again on the world that the plan leads to gives an empty plan.
pub fn plan(desired: &DesiredState, observed: &ObservedState, settings: &Settings) -> Plan {
    let engines = ownership::sort(desired, observed, &settings.installation);
    let shared = Shared { desired, observed, engines: &engines, settings };
    let leaving = prune::Leaving::of(shared);
    let mut draft = Draft::default();
    let mut deployments = BTreeMap::new();
    let same: BTreeSet<_> =
        observed.engines.keys().map(|engine| ownership::same(engine, observed)).collect();
    for engines in same.into_iter().filter(|engines| !engines.is_empty()) {
        let subject = "change anything on an engine of several names".to_owned();
        let waiting_on = WaitingOn::OneName { engines };
        draft.blocked.push(Blocked { deployment: None, subject, waiting_on, at: None });
    }
    for (id, entry) in &desired.deployments {
        let state = match entry {
            Entry::Valid(deployment, _) => {
                deployment::plan(shared, &leaving, deployment, &mut draft)
            }
            Entry::Invalid(diagnostics) => {
                draft.blocked.push(Blocked {
                    deployment: Some(id.clone()),
                    subject: format!("apply {id}"),
                    waiting_on: WaitingOn::ValidStack,
                    at: diagnostics.iter().find_map(|diagnostic| diagnostic.at.clone()),
                });
                DeploymentState { sync: Sync::Unknown, health: Health::Unknown }
            }
        };
        deployments.insert(id.clone(), state);
    }
    prune::plan(shared, &leaving, &mut draft);
    draft.number_adoptions();
    Plan {
        source: desired.source.clone(),
        revision: desired.revision.clone(),
        steps: draft.steps,
        blocked: draft.blocked,
        adopted: draft.adopted,
        adoptions: draft.adoptions,
        left_alone: draft.left_alone,
        deployments,
    }
}
