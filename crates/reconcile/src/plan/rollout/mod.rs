//! Fourth stage: in which order the replicas of a service move, what each waits for, and
//! which dependents follow what moved. Takes decisions, gives batches; knows no steps.

mod waits;

use std::collections::BTreeSet;

pub(super) use waits::awaits;

use super::decide::{Decided, Decisions, Replica, is_unproven};
use super::fact::Fact;
use super::seen::{Owned, is_done, is_healthy, is_running};
use model::action::Until;
use model::desired::{Condition, Service};
use model::id::ServiceName;
use model::observed::Status;
use model::plan::{Blocked, WaitingOn};
use model::share::Peer;

/// How the services of a deployment move, in the order of its decisions.
pub(super) struct Rollout<'a> {
    pub(super) services: Vec<Moves<'a>>,
    pub(super) blocked: Vec<Blocked>,
    /// The services of which something moves that dependents follow.
    moved: BTreeSet<&'a ServiceName>,
    repairs_only: bool,
}

/// How the replicas of one service move.
#[derive(Default)]
pub(super) struct Moves<'a> {
    /// Those first that have no healthy container.
    pub(super) order: Vec<Move<'a>>,
    /// Replicas that stay as they run but are not healthy: they are waited for before others
    /// are taken away. What does not work here will not work there.
    pub(super) recovering: Vec<&'a Owned<'a>>,
    /// Replicas that stay and are waited for because a dependent asks.
    pub(super) waits: Vec<(&'a Owned<'a>, Until)>,
    /// What holds when everything that was down is healthy again.
    pub(super) recovered: Vec<Fact>,
}

/// The move of one replica.
pub(super) struct Move<'a> {
    /// Its place among the replicas of the decision.
    pub(super) at: usize,
    /// What must hold before a running container of it is taken away.
    pub(super) throttle: Vec<Fact>,
    /// The dependencies that moved, and that it follows by a restart.
    pub(super) follows: Vec<&'a ServiceName>,
    /// Whether it restarts, for these or for the containers whose namespaces it shares.
    pub(super) restarts: bool,
    /// Whether the next move waits until it has been healthy for a while.
    pub(super) delays: bool,
}

/// Puts the moves of a deployment in their order.
pub(super) fn rollout<'a>(decisions: &Decisions<'a>) -> Rollout<'a> {
    let mut all = Rollout {
        services: Vec::new(),
        blocked: Vec::new(),
        moved: BTreeSet::new(),
        repairs_only: decisions.repairs_only,
    };
    for decided in &decisions.services {
        let moves = all.moves(decisions, decided);
        let follows = moves.order.iter().any(|planned| planned.restarts);
        let starts = |replica: &Replica<'_>| !replica.withheld && replica.moves();
        if follows || decided.replicas.iter().any(starts) {
            all.moved.insert(&decided.service.name);
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
            let follows = self.follows(decisions, decided.service, replica);
            let is_healthy =
                has_healthy(decisions, decided, replica) || replica.meanwhile.is_some();
            let restarts =
                !follows.is_empty() || !replica.restarted_hosts.is_empty() && !replica.withheld;
            let acts = replica.start.is_some() && !replica.withheld || restarts;
            let delays = is_healthy && (acts || awaits(replica)) && Some(at) != last;
            // What takes no healthy one away waits for no move, and so ends none. A repair
            // takes away none at all, and still goes one by one.
            if is_healthy && acts && !self.repairs_only {
                ended.push(Fact::Moved(replica.id.clone()));
            } else if acts || awaits(replica) {
                moves.recovered.push(Fact::Healthy(replica.who(engine)));
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
    fn recovering(&self, decisions: &Decisions<'a>, decided: &Decided<'a>) -> Vec<&'a Owned<'a>> {
        let service = decided.service;
        if service.job || self.repairs_only {
            return Vec::new();
        }
        let mut staying = Vec::new();
        let mut moves = decided.excess.iter().any(|removal| is_running(removal.owned));
        for replica in decided.replicas.iter().filter(|replica| !replica.withheld) {
            if let Some(owned) = replica.existing().filter(|owned| is_running(owned)) {
                moves |= !self.moved_dependencies(decisions, service, owned).is_empty();
                // What is frozen is let go on by a step of its own.
                let waits = owned.view.state.status != Status::Paused && !is_healthy(owned);
                staying.extend(waits.then_some(owned));
            } else {
                let slot = decisions.context.slot(&service.name, replica.id.slot);
                moves |= slot.iter().any(is_running);
            }
        }
        if moves { staying } else { Vec::new() }
    }

    /// The dependencies that a replica that stays as it runs has to follow.
    fn follows(
        &mut self,
        decisions: &Decisions<'a>,
        service: &'a Service,
        replica: &Replica<'a>,
    ) -> Vec<&'a ServiceName> {
        let stays = replica.existing().filter(|_| replica.start.is_none() && !replica.withheld);
        let Some(owned) = stays else { return Vec::new() };
        if is_done(service, owned) || !is_running(owned) {
            return Vec::new();
        }
        let follows = self.moved_dependencies(decisions, service, owned);
        let own = decisions.context.inventory.contents.own.as_ref() == Some(&owned.view.id);
        if follows.is_empty() || !own {
            return follows;
        }
        let name = &owned.view.name;
        self.blocked.push(Blocked {
            deployment: Some(decisions.context.deployment.id.clone()),
            subject: format!("restart container {name}, in which this controller runs"),
            waiting_on: WaitingOn::OwnContainer { command: format!("docker restart {name}") },
            at: service.origins.find("depends_on").cloned(),
        });
        Vec::new()
    }

    /// The dependencies that this replica has to follow: those that the plan moves, and
    /// those that moved since the replica started (an earlier pass may have died between
    /// the two).
    fn moved_dependencies(
        &self,
        decisions: &Decisions<'_>,
        service: &'a Service,
        owned: &Owned<'_>,
    ) -> Vec<&'a ServiceName> {
        let follows = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        let names = follows.map(|(name, _)| name);
        names
            .filter(|name| self.moved.contains(name) || moved_since(decisions, name, owned))
            .collect()
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
                Condition::Started if self.moved.contains(name) && shares() => {
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

/// Whether a replica of a service started after this container did, and was not simply
/// added: it existed before, or took the place of another.
fn moved_since(decisions: &Decisions<'_>, service: &ServiceName, dependent: &Owned<'_>) -> bool {
    let Some(since) = dependent.view.state.started_at else { return false };
    let all = decisions.context.slots_of(service).flat_map(|(_, containers)| containers);
    let mut running = all.filter(|owned| is_running(owned));
    running.any(|owned| {
        owned.view.state.started_at.is_some_and(|started| started > since)
            && (owned.view.created_at < since || owned.identity.succeeds)
    })
}
