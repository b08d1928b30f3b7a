//! The heart: desired state and observed state to a plan. No I/O, no clock, no
//! randomness, no logging, no async.

mod settings;

pub use settings::{CatalogSettings, EngineSettings, Routable, Settings};

use crate::model::desired::DesiredState;
use crate::model::observed::ObservedState;
use crate::model::plan::Plan;

/// What has to be done so that the observed state becomes the desired one.
///
/// # Guarantees
/// - The same input gives the same plan, text and digest.
/// - What was not seen is neither changed nor removed.
/// - Planning again on the world that the plan leads to gives an empty plan.
pub fn plan(desired: &DesiredState, observed: &ObservedState, settings: &Settings) -> Plan {
    let _ = (observed, settings);
    Plan {
        source: desired.source.clone(),
        revision: desired.revision.clone(),
        steps: Vec::new(),
        blocked: Vec::new(),
        adopted: Vec::new(),
        deployments: std::collections::BTreeMap::new(),
    }
}
