//! The steps of deployments that left the source.

use std::collections::BTreeSet;

use super::stop::lives_in;
use super::{Group, Rank, Section, Transition, at, known, ranked, target};
use crate::plan::cause::{Why, because};
use crate::plan::decide::{ENTRIES_PER_TXN, Gone, Removal, Shared, is_forgotten};
use crate::plan::fact::{Fact, Place, Resource};
use crate::plan::resources;
use crate::plan::seen::is_running;
use model::action::{Action, LedgerChange};
use model::id::{CatalogId, DeploymentId, EngineName, NodeName};
use model::observed::ContainerView;
use model::plan::{Blocked, Reason};

/// The steps that remove a deployment from an engine, after everything that is done for it
/// where it is wanted; and what is withheld.
pub(in crate::plan) fn departures(
    shared: Shared<'_>,
    gone: &Gone<'_>,
) -> (Vec<Transition>, Vec<Blocked>) {
    let (removals, blocked) = gone.removals(shared);
    let group = Group::Leaving(gone.engine.clone(), gone.deployment.clone());
    let rank = |section, part| Rank::within(section, [part, 0, 0]);
    let (node, rest) = gone.other_entries(shared);
    let (mut all, mut withdrawn) = (Vec::new(), BTreeSet::new());
    for (place, removal) in removals.iter().enumerate() {
        // Of several of one slot the first takes their entries along; all of them wait for that.
        let news = removal.entries.difference(&withdrawn).cloned().collect();
        withdrawn.extend(removal.entries.iter().cloned());
        let steps = container(gone, removal, (&node, news));
        all.extend(ranked(rank(Section::Services, at(place)), steps));
    }
    let entries = rest.chunks(ENTRIES_PER_TXN).map(|ids| deregister(&node, ids));
    all.extend(ranked(rank(Section::Stale, 0), entries.collect()));
    let mut networks = Vec::new();
    let place = Place { engine: gone.engine.clone(), deployment: gone.deployment.clone() };
    for view in gone.networks(shared) {
        let (name, id) = (view.spec.name.clone(), view.id.clone());
        let step = Transition::new(Action::RemoveNetwork { name, id }, vec![why()]);
        let step = step.after_users(view, gone.inventory, shared.desired);
        let step = step.needs([Fact::Applied(place.clone())]);
        networks.push(step.frees(resources::subnets(gone.engine, &view.spec)));
    }
    all.extend(ranked(rank(Section::UnusedNetworks, 0), networks));
    let mut all = super::placed(all, &place, &group);
    if is_forgotten(shared, gone.engine, &gone.deployment) {
        let step = forget(&gone.deployment).needs([Fact::Ended(place.clone())]);
        let rank = Rank { group, ..rank(Section::Memory, 0) };
        all.push(Transition { rank, place, ..step });
    }
    for step in &mut all {
        // What moves to another engine goes when it runs there.
        let moved = shared.desired.deployments.get(&gone.deployment).and_then(|e| e.engine());
        if let Some(engine) = moved {
            let deployment = gone.deployment.clone();
            step.needs.push(Fact::Recorded(deployment.clone()));
            step.needs.push(Fact::Ended(Place { engine: engine.clone(), deployment }));
        }
    }
    (all, blocked)
}

fn why() -> Why {
    because(Reason::DeploymentRemoved, None)
}

fn container(
    gone: &Gone<'_>,
    removal: &Removal<'_>,
    (node, news): (&NodeName, BTreeSet<CatalogId>),
) -> Vec<Transition> {
    let Removal { owned, why, grace, entries, dependents, members, .. } = removal;
    let mut steps = Vec::new();
    let mut before = Vec::new();
    let gone_entry = |id: &CatalogId| Fact::Withdrawn(gone.engine.clone(), id.clone());
    before.extend(entries.iter().map(gone_entry));
    if !news.is_empty() {
        let gives: Vec<_> = news.iter().map(gone_entry).collect();
        let action = Action::Deregister { node: node.clone(), ids: news };
        steps.push(Transition::new(action, vec![why.clone()]).gives(gives));
    }
    let who = known(owned);
    let stopped = |id| Fact::Stopped(super::Who::Known(id));
    before.extend(members.iter().map(|id| Fact::Gone(super::Who::Known(id.clone()))));
    let others: Vec<_> = gone.inventory.members_of(owned.view).collect();
    before.extend(others.iter().map(|member| stopped(member.id.clone())));
    let container = || target(&who, &owned.view.name);
    if is_running(owned) {
        let action = Action::StopContainer { container: container(), grace: *grace };
        let step = Transition::new(action, vec![why.clone()])
            .needs(before.iter().cloned().chain(dependents.iter().cloned().map(stopped)))
            .gives([Fact::Stopped(who.clone())])
            .frees(resources::freed(gone.engine, owned, false));
        let lives = |member: &&ContainerView| {
            (stopped(member.id.clone()), lives_in(&gone.deployment, owned, member, None))
        };
        steps.push(Transition { requires: others.iter().map(lives).collect(), ..step });
    }
    let name = Resource::Name(gone.engine.clone(), owned.view.name.clone());
    let action = Action::RemoveContainer { container: container() };
    let step = Transition::new(action, vec![why.clone()])
        .needs(before.into_iter().chain([Fact::Stopped(who.clone())]))
        .gives([Fact::Gone(who.clone())])
        .frees(resources::freed(gone.engine, owned, true).into_iter().chain([name]));
    steps.push(step);
    for step in &mut steps {
        step.replica = Some(owned.identity.replica.clone());
    }
    steps
}

fn deregister(node: &NodeName, ids: &[&CatalogId]) -> Transition {
    let ids = ids.iter().map(|id| (*id).clone()).collect();
    Transition::new(Action::Deregister { node: node.clone(), ids }, vec![why()])
}

fn forget(deployment: &DeploymentId) -> Transition {
    let change = LedgerChange::Forget { deployment: deployment.clone() };
    Transition::new(Action::WriteLedger { change }, vec![why()])
}

/// The step that forgets a deployment of which nothing else is left.
pub(in crate::plan) fn forgotten(deployment: &DeploymentId, engine: &EngineName) -> Transition {
    let group = Group::Forgotten(deployment.clone());
    let place = Place { engine: engine.clone(), deployment: deployment.clone() };
    let rank = Rank { group, section: Section::Memory, at: [0, 0, 0] };
    Transition { rank, place, ..forget(deployment) }
}
