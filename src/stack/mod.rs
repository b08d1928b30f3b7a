//! Text to desired state: stack files and `deployments.yaml`, with positions. Pure; the
//! files come through [`crate::world::Tree`].
//!
//! [`load`] never fails as a whole: what cannot be read becomes an invalid deployment or
//! a reason why the list is incomplete, and the rest is loaded.

pub(crate) mod codes;
mod config;
mod deployments;
mod discover;
mod lower;
mod one;
pub(crate) mod project;
mod shared;

pub use self::config::{Config, ConfigRequest, config};
pub(crate) use deployments::{KEYS as DEPLOYMENT_KEYS, SYNC_MODES};
pub(crate) use discover::LIST;
pub(crate) use project::STACKS;

use std::collections::{BTreeMap, BTreeSet};

use self::codes::{SAME_ID, SHARED_NAME};
use crate::model::desired::{DesiredState, Entry};
use crate::model::id::EngineName;
use crate::model::settling::Settling;
use crate::text::underline::underlined;
use crate::world::Snapshot;

/// What the operator decides about reading stacks.
#[derive(Clone, Debug)]
pub struct Options {
    /// Variables that stacks may refer to (`--env NAME`). Their values never print.
    pub passed: BTreeMap<String, String>,
    /// Names that are set where the controller runs, but not passed: referring to one is
    /// an error that names the flag.
    pub withheld: BTreeSet<String>,
    /// The engine of deployments that name none.
    pub default_engine: EngineName,
    /// The tree's root as the engine's host sees it, absolute; `None` for a commit, or
    /// an engine elsewhere.
    pub project_root: Option<String>,
}

/// Reads everything that a snapshot asks for.
///
/// # Guarantees
/// - Pure: the same snapshot and options give the same desired state.
/// - A deployment whose text has any error is [`Entry::Invalid`] with all its errors.
/// - What may hide a deployment (an unreadable list, a stack whose id is not certain) is
///   in [`DesiredState::incomplete`].
#[must_use]
pub fn load(snapshot: &Snapshot, options: &Options) -> DesiredState {
    let found = discover::discover(snapshot, options);
    let mut deployments = found.deployments;
    shared::check(&mut deployments);
    for entry in deployments.values_mut() {
        let (Entry::Valid(_, messages) | Entry::Invalid(messages)) = entry;
        for message in messages {
            if matches!(message.code, Some(SHARED_NAME | SAME_ID)) {
                *message = underlined(snapshot.tree.as_ref(), message.clone());
            }
        }
    }
    DesiredState {
        source: snapshot.source.clone(),
        revision: snapshot.revision.clone(),
        layout: found.layout,
        deployments,
        incomplete: found.incomplete,
        settling: Settling::default(),
    }
}
