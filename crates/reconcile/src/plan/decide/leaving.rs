//! What left the source goes, with guards: nothing on doubt, never everything at once
//! unasked, never a volume.

use std::collections::BTreeSet;

use super::gone::{Gone, gone};
use super::{Shared, record_of};
use crate::plan::context::Context;
use crate::plan::seen::{EngineInventory, Owned};
use crate::plan::settings::Settings;
use model::catalog::CatalogView;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::ledger::Pin;
use model::plan::{Blocked, WaitingOn};

/// All that is no longer wanted where it runs.
#[derive(Default)]
pub(in crate::plan) struct Leaving<'a> {
    gone: Vec<Gone<'a>>,
    /// Why nothing of it may be removed, if so.
    withheld: Option<WaitingOn>,
    /// Whether it is not certain that it is gone for good, or so much that a person has to
    /// approve it, who has not.
    asks: bool,
}

impl<'a> Leaving<'a> {
    /// What leaves the engines.
    pub(in crate::plan) fn of(shared: Shared<'a>) -> Self {
        let gone = if shared.observed.part.is_none() { gone(shared) } else { Vec::new() };
        if gone.is_empty() {
            return Self::default();
        }
        // Together: what leaves one after the other, as a folder is deleted, is one removal.
        let absent = gone.iter().find_map(|gone| shared.desired.absence(&gone.deployment));
        let asked = needs_approval(shared, &gone)
            .then(|| approval(shared.settings, gone.iter().flat_map(|gone| &gone.containers)))
            .flatten();
        let asks = absent.is_some() || asked.is_some();
        Self { withheld: doubt(shared).or(absent).or(asked), gone, asks }
    }

    /// What a deployment waits for that would come beside or in the place of what a person
    /// has to approve, or what is absent for a moment. It may be the very same under another
    /// name: if it ran, it would soon be what stays, and nobody would be asked.
    pub(super) fn holds(&self, context: &Context<'_>) -> Option<&WaitingOn> {
        let moves = self.gone.iter().any(|gone| gone.deployment == context.deployment.id);
        let known = context.record.is_some_and(|record| !record.scale.is_empty());
        let is_new = !known && context.containers().next().is_none();
        self.withheld.as_ref().filter(|_| self.asks && (moves || is_new))
    }

    /// Names the deployments of which something leaves.
    pub(super) fn names(&self) -> String {
        let names: BTreeSet<_> = self.gone.iter().map(|gone| gone.deployment.as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Which containers leave in this pass, and which are withheld. `is_withheld` says of a deployment
/// whether something of it is, where it is wanted.
pub(in crate::plan) struct Departures<'a> {
    pub(in crate::plan) gone: Vec<&'a Gone<'a>>,
    pub(in crate::plan) blocked: Vec<Blocked>,
}

impl<'a> Leaving<'a> {
    /// Decides what goes. What moves to another engine stays until it can run there.
    pub(in crate::plan) fn departures(
        &'a self,
        shared: Shared<'_>,
        is_withheld: impl Fn(&DeploymentId) -> bool,
    ) -> Departures<'a> {
        let mut departures = Departures { gone: Vec::new(), blocked: Vec::new() };
        for gone in self.gone.iter().filter(|gone| !is_withheld(&gone.deployment)) {
            let record = record_of(shared.observed, gone.engine, &gone.deployment);
            // What a person holds is not removed either.
            let held = match record {
                Ok(record) => record.and_then(|record| record.pin.as_ref()).map(asked_by),
                Err(unknown) => Some(unknown),
            };
            match self.withheld.clone().or(held) {
                Some(waiting_on) => departures.blocked.push(gone.withheld(waiting_on)),
                None => departures.gone.push(gone),
            }
        }
        departures
    }

    /// Whether something of a deployment that leaves is still on an engine.
    pub(super) fn holds_on(&self, engine: &EngineName, deployment: &DeploymentId) -> bool {
        self.gone.iter().any(|gone| gone.engine == engine && gone.deployment == *deployment)
    }

    /// The deployments that would leave if anything might be removed.
    pub(in crate::plan) fn withheld(&self) -> impl Iterator<Item = &DeploymentId> {
        self.gone.iter().filter(|_| self.is_withheld()).map(|gone| &gone.deployment)
    }

    /// The containers that go with them, unless nothing may be removed.
    pub(in crate::plan) fn stopping(&self) -> impl Iterator<Item = &ContainerId> {
        let gone = self.gone.iter().filter(|_| !self.is_withheld());
        gone.flat_map(|gone| &gone.containers).map(|owned| &owned.view.id)
    }

    /// All that would leave, whether it may or not.
    pub(in crate::plan) fn all(&self) -> &[Gone<'a>] {
        &self.gone
    }

    /// Whether nothing at all may be removed.
    pub(in crate::plan) fn is_withheld(&self) -> bool {
        self.withheld.is_some()
    }
}

/// What a removal waits for that a person does not want.
fn asked_by(pin: &Pin) -> WaitingOn {
    let back_at = pin.to.as_ref().map(|stable| stable.revision.clone());
    WaitingOn::Resume { by: pin.by.clone(), back_at, lost: None }
}

/// Why it is not certain what left the source, if so.
fn doubt(shared: Shared<'_>) -> Option<WaitingOn> {
    if !shared.desired.incomplete.is_empty() {
        return Some(WaitingOn::CompleteSource);
    }
    if let CatalogView::Unseen { error } = &shared.observed.catalog {
        return Some(WaitingOn::Catalog { error: error.clone() });
    }
    shared.observed.ledger.unseen.clone().map(|error| WaitingOn::Ledger { error })
}

/// Whether a person has to approve that all this goes: it follows from another way to list
/// the deployments, nothing that the source has would stay, or it is a lot.
fn needs_approval(shared: Shared<'_>, gone: &[Gone<'_>]) -> bool {
    let source = &shared.desired.source;
    let mut records = shared.observed.ledger.ledger.iter();
    let relaid = records.any(|(engine, _, record)| {
        let seen = shared.engines.contains_key(engine);
        let mut applied = record.applied.iter().filter(|_| seen);
        applied.any(|a| a.source == *source && a.layout != shared.desired.layout)
    });
    let only_networks = gone.iter().all(|gone| gone.containers.is_empty());
    !only_networks && (relaid || is_everything(shared) || is_large(shared, gone))
}

/// All containers of this source.
fn of_source(shared: Shared<'_>) -> impl Iterator<Item = &Owned<'_>> {
    let all = shared.engines.values().flat_map(EngineInventory::containers);
    all.filter(move |owned| owned.identity.source == shared.desired.source)
}

/// Whether no deployment that runs would stay: the source is empty, or names others only.
fn is_everything(shared: Shared<'_>) -> bool {
    let wanted = &shared.desired.deployments;
    !of_source(shared).any(|owned| wanted.contains_key(&owned.identity.replica.deployment))
}

/// Whether more goes than the operator's share. One deployment of several may always go.
fn is_large(shared: Shared<'_>, gone: &[Gone<'_>]) -> bool {
    let deployments: BTreeSet<_> = gone.iter().map(|gone| &gone.deployment).collect();
    let going: usize = gone.iter().map(|gone| gone.containers.len()).sum();
    let share = of_source(shared).count() * usize::from(shared.settings.prune_share);
    deployments.len() > 1 && going * 100 > share
}

/// What the removal of these containers waits for, unless a person approved exactly that.
pub(super) fn approval<'a>(
    settings: &Settings,
    containers: impl IntoIterator<Item = &'a &'a Owned<'a>>,
) -> Option<WaitingOn> {
    let ids: BTreeSet<&str> = containers.into_iter().map(|owned| owned.view.id.as_str()).collect();
    let digest = Digest::of_parts(ids.into_iter().map(str::as_bytes));
    (!settings.approved.contains(&digest)).then_some(WaitingOn::Approval { digest })
}
