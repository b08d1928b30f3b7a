//! Text to desired state: stack files and `deployments.yaml`, with positions. Pure; the
//! files come through [`world::Tree`].
//!
//! [`load`] never fails as a whole: what cannot be read becomes an invalid deployment or
//! a reason why the list is incomplete, and the rest is loaded.

pub(crate) mod codes;
mod deployments;
pub mod describe;
mod discover;
mod found;
pub mod kept;
mod lower;
mod one;
pub mod project;
mod reservations;
mod written;

pub use deployments::{KEYS as DEPLOYMENT_KEYS, ON_FAILURE, SYNC_MODES};
pub use found::LIST;
pub use project::STACKS;

use std::collections::{BTreeMap, BTreeSet};

use self::codes::SAME_ID;
use model::bounds::Bounds;
use model::desired::{DesiredState, Entry};
use model::diagnostic::{Code, Diagnostic};
use model::id::EngineName;
use model::secret::Masker;
use model::settling::Settling;
use text::underline::underlined;
use world::{Snapshot, Tree};

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
    /// The most that one deployment may ask for.
    pub bounds: Bounds,
    /// Masks what never prints where no mask could be put later.
    pub masker: Masker,
    /// The tree's root as the engine's host sees it, absolute; `None` for a commit, or
    /// an engine elsewhere.
    pub project_root: Option<String>,
    /// Whether what the engine's host has there is the very tree that is read, not a copy of
    /// it: then it is known which file a container was given.
    pub same_files: bool,
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
    let tree = snapshot.tree.as_ref();
    reservations::check(&mut deployments, tree);
    written::share(&mut deployments);
    for entry in deployments.values_mut() {
        let (Entry::Valid(_, messages) | Entry::Invalid(messages)) = entry;
        underline(messages, &[SAME_ID], tree);
    }
    DesiredState {
        source: snapshot.source.clone(),
        revision: snapshot.revision.clone(),
        layout: found.layout,
        deployments,
        incomplete: found.incomplete,
        settling: Settling::default(),
        provisional: BTreeMap::new(),
        instead: BTreeMap::new(),
    }
}

/// Shows the lines of messages that were made when all files had been read.
fn underline(messages: &mut [Diagnostic], codes: &[Code], tree: &dyn Tree) {
    for message in messages {
        if message.code.is_some_and(|code| codes.contains(&code)) {
            *message = underlined(tree, message.clone());
        }
    }
}
