//! Fifth stage: each decision becomes steps, and each step says what it needs and what it
//! gives. No step knows another one; which comes before which, the graph finds out.

mod begin;
mod builder;
mod change;
mod create;
mod either;
mod entries;
mod ground;
mod hooks;
mod init;
mod leaving;
mod memory;
mod replica;
mod services;
mod stop;
mod swap;
mod users;

pub(super) use leaving::{departures, forgotten};
pub(super) use memory::{Remembered, remembered};

use super::cause::Why;
use super::decide::Decisions;
use super::fact::{Fact, Place, Resource, Who};
use super::rollout::Rollout;
use super::when::When;
use crate::plan::seen::Owned;
use model::action::Action;
use model::id::StepId;
use model::id::{ContainerId, ContainerName, DeploymentId, EngineName, ReplicaId};
use model::plan::{Blocked, StaysOn};
use model::target::{ContainerRef, Target};

/// A step in the making.
#[derive(Clone, Debug)]
pub(super) struct Transition {
    pub(super) rank: Rank,
    pub(super) place: Place,
    /// Whose old container it stops or whose new one it starts, if it does.
    pub(super) replica: Option<ReplicaId>,
    /// What it does. A placeholder `StepId(n)` in it is what the giver of `uses[n]` yields.
    pub(super) action: Action,
    pub(super) causes: Vec<Why>,
    pub(super) uses: Vec<Fact>,
    /// What must hold before, as far as a step of this pass gives it.
    pub(super) needs: Vec<Fact>,
    /// What must hold before and only another deployment can give, and what is withheld if
    /// nothing does.
    pub(super) requires: Vec<(Fact, Blocked)>,
    /// Who is on the network that it removes, if that can stay: it does while one of them does.
    pub(super) users: Option<Vec<(ContainerId, ContainerName, StaysOn)>>,
    pub(super) gives: Vec<Fact>,
    pub(super) takes: Vec<Resource>,
    pub(super) frees: Vec<Resource>,
    /// When it is needed, if that depends on what images come.
    pub(super) when: Option<Box<When>>,
}

/// Where a step stands among others if nothing that it needs says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) group: Group,
    pub(super) section: Section,
    /// The service, then the replica, then the step.
    pub(super) at: [u32; 3],
}

impl Rank {
    /// A rank of which [`placed`] says later in which group.
    fn within(section: Section, at: [u32; 3]) -> Self {
        Self { section, at, ..Self::default() }
    }
}

/// What belongs together in a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    #[default]
    None,
    /// A deployment that is wanted.
    Wanted(DeploymentId),
    /// One that leaves an engine.
    Leaving(EngineName, DeploymentId),
    /// One of which nothing is left but what is remembered.
    Forgotten(DeploymentId),
}

/// The parts of a deployment's steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    #[default]
    Adopt,
    Images,
    Networks,
    Volumes,
    Orphans,
    Services,
    /// What waits until others have moved out.
    Deferred,
    Stale,
    UnusedNetworks,
    Memory,
    /// Waits that exist because others need them: they stand before the first that does.
    Asked,
}

impl Transition {
    pub(super) fn new(action: Action, causes: Vec<Why>) -> Self {
        Self {
            rank: Rank::default(),
            place: Place { engine: EngineName::new(""), deployment: DeploymentId::new("") },
            replica: None,
            action,
            causes,
            uses: Vec::new(),
            needs: Vec::new(),
            requires: Vec::new(),
            users: None,
            gives: Vec::new(),
            takes: Vec::new(),
            frees: Vec::new(),
            when: None,
        }
    }

    /// What the placeholders of its action stand for.
    fn uses(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.uses.extend(facts);
        self
    }

    fn needs(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.needs.extend(facts);
        self
    }

    fn gives(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.gives.extend(facts);
        self
    }

    fn takes(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.takes.extend(resources);
        self
    }

    /// Is needed only then.
    fn when(mut self, when: When) -> Self {
        if when.facts().next().is_some() {
            self.needs.extend(when.facts().cloned());
            self.when = Some(Box::new(when));
        }
        self
    }

    fn frees(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.frees.extend(resources);
        self
    }
}

/// A container as a step names it; of one that is made, `uses[0]` is its creation.
fn target(who: &Who, name: &ContainerName) -> Target {
    let container = match who {
        Who::Known(id) => ContainerRef::Known(id.clone()),
        Who::Made(..) => ContainerRef::Made(StepId(0)),
    };
    Target { container, name: name.clone() }
}

/// What [`target`] needs as `uses`.
fn used(who: &Who) -> Option<Fact> {
    matches!(who, Who::Made(..)).then(|| Fact::Exists(who.clone()))
}

fn known(owned: &Owned<'_>) -> Who {
    Who::Known(owned.view.id.clone())
}

/// All steps of a deployment that is wanted.
pub(super) fn transitions(decisions: &Decisions<'_>, rollout: &Rollout<'_>) -> Vec<Transition> {
    let context = &decisions.context;
    let mut all = Vec::new();
    for (section, steps) in [
        (Section::Images, ground::images(decisions)),
        (Section::Networks, ground::networks(decisions)),
        (Section::Volumes, ground::volumes(decisions)),
        (Section::Stale, entries::stale(decisions)),
        (Section::UnusedNetworks, ground::unused(decisions)),
    ] {
        all.extend(ranked(Rank::within(section, [0, 0, 0]), steps));
    }
    for (place, removal) in (0..).zip(&decisions.orphans) {
        let rank = Rank::within(Section::Orphans, [place, 0, 0]);
        let mut steps = stop::removal(context, removal, &[stop::prepared(decisions)]);
        for step in &mut steps {
            step.replica = Some(removal.owned.identity.replica.clone());
        }
        all.extend(ranked(rank, steps));
    }
    all.extend(services::services(decisions, rollout));
    placed(all, &context.place(), &Group::Wanted(context.deployment.id.clone()))
}

/// Numbers the steps of one list in their order.
fn ranked(rank: Rank, steps: Vec<Transition>) -> impl Iterator<Item = Transition> {
    (0..).zip(steps).map(move |(seq, step)| {
        let [service, replica, _] = rank.at;
        Transition { rank: Rank { at: [service, replica, seq], ..rank.clone() }, ..step }
    })
}

/// Assigns steps to a deployment; each counts for its end.
fn placed(mut steps: Vec<Transition>, place: &Place, group: &Group) -> Vec<Transition> {
    for step in &mut steps {
        step.rank.group = group.clone();
        step.place = place.clone();
        step.gives.push(Fact::Ended(place.clone()));
        if step.rank.section != Section::UnusedNetworks {
            step.gives.push(Fact::Applied(place.clone()));
        }
    }
    steps
}

/// A place in an order, as part of a rank.
fn at(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
