//! What containers of a model engine share, and what the engine refuses: to join what is
//! not there or does not run. A namespace member loses its network when
//! that one ends, and its processes if they were in its process namespace.

use super::{Container, Engine, KILLED};
use crate::timeline::Timeline;
use model::hook::Moment;
use model::id::{ContainerId, ContainerName};
use model::observed::Status;
use model::share::{Namespace, Peer};
use model::spec::ContainerSpec;
use world::OutsideError;

impl Engine {
    fn peer(&self, peer: &Peer) -> Result<&Container, OutsideError> {
        let text = match peer {
            Peer::Service(name) => name.as_str(),
            Peer::Container(name) => name.as_str(),
        };
        let by_name = || self.containers.values().find(|container| container.name.as_str() == text);
        let found = self.containers.get(&ContainerId::new(text)).or_else(by_name);
        found.ok_or_else(|| OutsideError::Gone(format!("No such container: {text}")))
    }

    /// What a container takes its volumes from must exist when it is made.
    pub(super) fn check_volumes_from(&self, spec: &ContainerSpec) -> Result<(), OutsideError> {
        spec.volumes_from.iter().try_for_each(|from| self.peer(&from.peer).map(drop))
    }

    /// The containers that a start joins, each in its present run.
    pub(super) fn join(
        &self,
        spec: &ContainerSpec,
    ) -> Result<Vec<(ContainerId, u32)>, OutsideError> {
        let namespaces = [&spec.network_mode, &spec.ipc, &spec.pid];
        let peers = namespaces.into_iter().filter_map(Namespace::peer);
        peers
            .map(|peer| {
                let other = self.peer(peer)?;
                let id = &other.id;
                match other.status {
                    Status::Running | Status::Paused => Ok((id.clone(), other.run)),
                    _ => Err(OutsideError::Failed(format!(
                        "cannot join namespaces of a non running container: {id}"
                    ))),
                }
            })
            .collect()
    }

    /// Processes in the process namespace of a container that ended, end with it.
    pub(super) fn end_namespace_members(&mut self, id: &ContainerId, timeline: &mut Timeline) {
        let namespace_members: Vec<(ContainerId, u32)> = self
            .containers
            .values()
            .filter(|other| other.is_alive())
            .filter(|other| {
                let peer = other.spec.pid.peer().and_then(|peer| self.peer(peer).ok());
                peer.is_some_and(|peer| peer.id == *id)
            })
            .map(|other| (other.id.clone(), other.run))
            .collect();
        for (member, run) in namespace_members {
            self.exit(&member, run, KILLED, timeline);
        }
    }

    /// Running containers that live in what does not run, or in an earlier run of it.
    pub(crate) fn cut_off(&self) -> Vec<ContainerName> {
        let lives = |(id, run): &(ContainerId, u32)| {
            self.containers.get(id).is_some_and(|other| other.is_alive() && other.run == *run)
        };
        let all = self.containers.values().filter(|container| container.is_alive());
        all.filter(|container| !container.joined.iter().all(lives))
            .map(|container| container.name.clone())
            .collect()
    }

    /// Whether a container has namespace members that shall stay there. They are
    /// those of one run: a member of an earlier one has lost them.
    pub(crate) fn has_namespace_members(&self, id: &ContainerId) -> bool {
        let Some(host) = self.containers.get(id).filter(|host| host.is_alive()) else {
            return false;
        };
        let lives_in = (id.clone(), host.run);
        let mut all = self.containers.values();
        all.any(|other| other.is_staying() && other.joined.contains(&lives_in))
    }

    /// Runs a command in a container.
    pub(crate) fn run_hook(
        &mut self,
        id: &ContainerId,
        moment: Moment,
    ) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        if container.status != Status::Running {
            let text = format!("Container {} is not running", id.short());
            return Err(OutsideError::Conflict(text));
        }
        if container.behaviour.hooks_fail {
            return Err(OutsideError::Failed(format!("{moment} ended with code 1")));
        }
        container.hooks.push((moment, container.run));
        Ok(())
    }
}
