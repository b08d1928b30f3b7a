//! Which dependents follow what moved, by a restart.

use super::Rollout;
use crate::plan::decide::{Decided, Decisions, Replica, waits_for_floor};
use crate::plan::seen::{Owned, is_done, is_healthy, is_running};
use crate::plan::when::Chance;
use model::desired::Service;
use model::id::ServiceName;
use model::plan::{Blocked, WaitingOn};

impl<'a> Rollout<'a> {
    /// The dependencies that a replica that stays as it runs has to follow.
    pub(super) fn follows(
        &mut self,
        decisions: &Decisions<'a>,
        decided: &Decided<'a>,
        replica: &Replica<'a>,
    ) -> Vec<(&'a ServiceName, Chance)> {
        let service = decided.service;
        let stays = replica.existing().filter(|_| replica.start.is_none() && !replica.withheld);
        let Some(owned) = stays else { return Vec::new() };
        if is_done(service, owned) || !is_running(owned) {
            return Vec::new();
        }
        let mut follows = self.moved_dependencies(decisions, service, owned);
        // Where it is replaced for the same images it need not restart.
        let others = replica.others();
        follows.retain(|(_, chance)| chance.unless(&others).is_some());
        if follows.is_empty() {
            return follows;
        }
        let own = decisions.context.inventory.contents.own.as_ref() == Some(&owned.view.id);
        let name = &owned.view.name;
        let (subject, waiting_on) = if own {
            let command = format!("docker restart {name}");
            let subject = format!("restart container {name}, in which this controller runs");
            (subject, WaitingOn::OwnContainer { command })
        } else {
            let floor = waits_for_floor(&decisions.context, service, &decided.replicas);
            let Some(waiting_on) = floor.filter(|_| is_healthy(owned)) else { return follows };
            // What only an image would bring about is reported when it came.
            if follows.iter().all(|(_, chance)| *chance != Chance::Always) {
                return Vec::new();
            }
            (format!("restart container {name}"), waiting_on)
        };
        self.blocked.push(Blocked {
            deployment: Some(decisions.context.deployment.id.clone()),
            subject,
            waiting_on,
            at: service.origins.find("depends_on").cloned(),
        });
        Vec::new()
    }

    /// The dependencies that this replica has to follow: those that the plan moves, and
    /// those that moved since the replica started (an earlier pass may have died between
    /// the two).
    pub(super) fn moved_dependencies(
        &self,
        decisions: &Decisions<'_>,
        service: &'a Service,
        owned: &Owned<'_>,
    ) -> Vec<(&'a ServiceName, Chance)> {
        let follows = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        let chance = |(name, _): (&'a ServiceName, _)| match self.moved.get(name) {
            Some(Chance::Always) => Some((name, Chance::Always)),
            _ if moved_since(decisions, name, owned) => Some((name, Chance::Always)),
            moved => Some((name, moved?.clone())),
        };
        follows.filter_map(chance).collect()
    }
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
