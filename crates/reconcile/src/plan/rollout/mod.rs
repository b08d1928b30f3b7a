//! Fourth stage: in which order the replicas of a service move, what each waits for, and
//! which dependents follow what moved. Takes decisions, gives batches; knows no steps.

mod follows;
mod waits;

use std::collections::BTreeMap;

pub(super) use waits::awaits;

use super::decide::{Decided, Decisions, Replica, down, is_unproven};
use super::fact::Fact;
use super::seen::{Owned, healthy_until, is_healthy, is_running};
use super::when::{Chance, Others, When};
use model::action::Until;
use model::desired::{Condition, Service};
use model::id::ServiceName;
use model::observed::Status;
use model::plan::Blocked;
use model::share::Peer;

/// How the services of a deployment move, in the order of its decisions.
pub(super) struct Rollout<'a> {
    pub(super) services: Vec<Moves<'a>>,
    pub(super) blocked: Vec<Blocked>,
    /// The services of which something moves that dependents follow, and when.
    moved: BTreeMap<&'a ServiceName, Chance>,
    repairs_only: bool,
}

/// How the replicas of one service move.
#[derive(Default)]
pub(super) struct Moves<'a> {
    /// Those first that have no healthy container.
    pub(super) order: Vec<Move<'a>>,
    /// Replicas that stay as they run but are not healthy: they are waited for before others
    /// are taken away. What does not work here will not work there.
    pub(super) recovering: Vec<Wait<'a>>,
    /// Replicas that stay and are waited for because a dependent asks.
    pub(super) waits: Vec<Wait<'a>>,
    /// What holds when everything that was down is healthy again.
    pub(super) recovered: Vec<Fact>,
}

/// That a container is waited for.
pub(super) struct Wait<'a> {
    pub(super) owned: &'a Owned<'a>,
    pub(super) until: Until,
    pub(super) when: When,
}

/// The move of one replica.
pub(super) struct Move<'a> {
    /// Its place among the replicas of the decision.
    pub(super) at: usize,
    /// What must hold before a running container of it is taken away.
    pub(super) throttle: Vec<Fact>,
    /// The dependencies that moved, and that it follows by a restart.
    pub(super) follows: Vec<(&'a ServiceName, Chance)>,
    /// Whether it restarts, for these or for the containers whose namespaces it shares.
    pub(super) restarts: Chance,
    /// Whether the next move waits until it has been healthy for a while.
    pub(super) delays: bool,
}

impl Move<'_> {
    /// The same of the replacement for an image, which follows nothing.
    pub(super) fn instead(&self) -> Self {
        let (throttle, follows) = (self.throttle.clone(), Vec::new());
        Self { at: self.at, throttle, follows, restarts: Chance::Never, delays: self.delays }
    }
}

/// Puts the moves of a deployment in their order.
pub(super) fn rollout<'a>(decisions: &Decisions<'a>) -> Rollout<'a> {
    let mut all = Rollout {
        services: Vec::new(),
        blocked: Vec::new(),
        moved: BTreeMap::new(),
        repairs_only: decisions.repairs_only,
    };
    for decided in &decisions.services {
        let moves = all.moves(decisions, decided);
        let mut chance = Chance::Never;
        for planned in &moves.order {
            chance.or(planned.restarts.clone());
        }
        for replica in decided.replicas.iter().filter(|replica| !replica.withheld) {
            chance.or(Chance::certain(replica.moves()));
            chance.or(Chance::of(&replica.others()));
        }
        if !chance.is_never() {
            all.moved.insert(&decided.service.name, chance);
        }
        all.services.push(moves);
    }
    waits::ask(decisions, &mut all);
    all
}

impl<'a> Rollout<'a> {
    fn moves(&mut self, decisions: &Decisions<'a>, decided: &Decided<'a>) -> Moves<'a> {
        let service = decided.service;
        let engine = &decisions.context.deployment.engine;
        let width = usize::try_from(service.rollout.parallelism.max(1)).unwrap_or(usize::MAX);
        // Those that are down, and stay so, count among those that move.
        let down = down(&decisions.context, service, &decided.replicas).len();
        let width = width.saturating_sub(down).max(1);
        let mut moves =
            Moves { recovering: self.recovering(decisions, decided), ..Moves::default() };
        if !moves.recovering.is_empty() {
            let id = decisions.context.deployment.id.clone();
            moves.recovered.push(Fact::Recovered(id, service.name.clone()));
        }
        let mut ended = Vec::new();
        let order = self.worst_first(decisions, decided);
        let last = order.last().copied();
        for at in order {
            let replica = &decided.replicas[at];
            let before: Option<&Fact> = ended.len().checked_sub(width).map(|i| &ended[i]);
            let mut throttle: Vec<Fact> = before.into_iter().cloned().collect();
            throttle.extend(moves.recovered.iter().cloned());
            let follows = self.follows(decisions, decided, replica);
            let is_healthy =
                has_healthy(decisions, decided, replica) || replica.meanwhile.is_some();
            let mut restarts =
                Chance::certain(!replica.restarted_hosts.is_empty() && !replica.withheld);
            for (_, chance) in &follows {
                restarts.or(chance.clone());
            }
            let starts = replica.start.is_some() && !replica.withheld || !restarts.is_never();
            let acts = starts || replica.instead.is_some();
            let delays = is_healthy && (acts || awaits(replica)) && Some(at) != last;
            // What takes no healthy one away waits for no move, and so ends none. A repair
            // takes away none at all, and still goes one by one.
            if is_healthy && acts && !self.repairs_only {
                ended.push(Fact::Moved(replica.id.clone()));
            } else {
                let waits = starts || awaits(replica);
                let own = waits.then(|| Fact::Healthy(replica.who(engine)));
                moves.recovered.extend(own);
                let other = replica.instead.as_ref().map(|instead| &instead.replica);
                moves.recovered.extend(other.map(|other| Fact::Healthy(other.who(engine))));
            }
            moves.order.push(Move { at, throttle, follows, restarts, delays });
        }
        moves
    }

    /// The replicas, those first that have no healthy container: until they are healthy, no healthy
    /// one may be taken away. Then those that are not proven, or whose move was begun.
    fn worst_first(&self, decisions: &Decisions<'a>, decided: &Decided<'a>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..decided.replicas.len()).collect();
        order.sort_by_cached_key(|at| {
            let replica = &decided.replicas[*at];
            let containers = decisions.context.slot(&decided.service.name, replica.id.slot);
            let running = containers.iter().filter(|owned| is_running(owned)).count();
            if self.repairs_only {
                return (running > 0, false, false, false);
            }
            let surplus: Vec<_> = replica.surplus().collect();
            let existing = replica.existing();
            let unproven =
                existing.is_some_and(|owned| is_unproven(decided.service, owned, &surplus));
            (running > 0, containers.iter().any(is_healthy), !unproven, running < 2)
        });
        order
    }

    /// Waits for replicas that stay but are not healthy, if others will be taken away.
    fn recovering(&self, decisions: &Decisions<'a>, decided: &Decided<'a>) -> Vec<Wait<'a>> {
        let service = decided.service;
        if service.job || self.repairs_only {
            return Vec::new();
        }
        let mut staying = Vec::new();
        let excess = decided.excess.iter().any(|removal| is_running(removal.owned));
        let mut moves = Chance::certain(excess);
        for replica in decided.replicas.iter().filter(|replica| !replica.withheld) {
            if let Some(owned) = replica.existing().filter(|owned| is_running(owned)) {
                for (_, chance) in self.moved_dependencies(decisions, service, owned) {
                    moves.or(chance);
                }
                let others = replica.others();
                moves.or(Chance::of(&others));
                // What is frozen is let go on by a step of its own.
                let waits = owned.view.state.status != Status::Paused && !is_healthy(owned);
                staying.extend(waits.then_some((owned, others)));
            } else {
                let slot = decisions.context.slot(&service.name, replica.id.slot);
                moves.or(Chance::certain(slot.iter().any(is_running)));
            }
        }
        let wait = |(owned, others): (&'a Owned<'a>, Others)| {
            let when = moves.unless(&others)?;
            Some(Wait { owned, until: healthy_until(service), when })
        };
        staying.into_iter().filter_map(wait).collect()
    }

    /// What must hold before a replica of this service starts.
    pub(super) fn gates(&self, decisions: &Decisions<'_>, service: &Service) -> Vec<Fact> {
        let deployment = &decisions.context.deployment.id;
        let conditions = self.conditions(service);
        conditions
            .flat_map(|(name, condition)| {
                let started = || Fact::Started(deployment.clone(), name.clone());
                let settled = || Fact::ServiceReady(deployment.clone(), name.clone());
                if condition == Condition::Started { [started()] } else { [settled()] }
            })
            .collect()
    }

    /// What each dependency of a service must be before it starts. Nobody moves into what
    /// has taken another's place before it is healthy.
    fn conditions<'s>(
        &self,
        service: &'s Service,
    ) -> impl Iterator<Item = (&'s ServiceName, Condition)> {
        service.depends_on.iter().map(|(name, dependency)| {
            let shares = || service.spec.peers().any(|peer| *peer == Peer::Service(name.clone()));
            match dependency.condition {
                Condition::Started if self.moved.contains_key(name) && shares() => {
                    (name, Condition::Healthy)
                }
                condition => (name, condition),
            }
        })
    }
}

/// Whether a slot has a container that is healthy.
fn has_healthy(decisions: &Decisions<'_>, decided: &Decided<'_>, replica: &Replica<'_>) -> bool {
    decisions.context.slot(&decided.service.name, replica.id.slot).iter().any(is_healthy)
}
