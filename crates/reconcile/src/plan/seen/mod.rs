//! First stage: which resources exist, and who owns them. Knows no decisions.

mod adoption;
mod index;
mod inventory;
mod lookup;
mod shares;
mod state;

pub(super) use adoption::{Strange, Stranger, is_compatible_name, wanted_name};
pub(super) use inventory::{EngineInventory, Replicas, holder, same, sort};
pub(super) use shares::{is_inside, is_of, members_first, names, render, render_volumes};
pub(super) use state::{
    healthy_until, is_done, is_healthy, is_running, runs, serving, unusable, used_up,
};

use model::labels::Identity;
use model::observed::ContainerView;

/// A container of ours: what it is, and who it says it is.
#[derive(Clone, Debug)]
pub(super) struct Owned<'a> {
    pub(super) view: &'a ContainerView,
    pub(super) identity: Identity,
    pub(super) proof: Proof,
}

/// What makes a container ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Its labels, its name and its engine agree.
    Labels,
    /// Its id is in the ledger: it was adopted.
    Ledger,
    /// Nothing yet: Compose made it for a deployment of ours, which adopts it.
    Compose,
}

impl Owned<'_> {
    /// Whether it bears the name that it is meant to end up with.
    pub(super) fn has_canonical_name(&self) -> bool {
        self.view.name == self.identity.name
    }
}
