//! A new container of a replica, with its files and all its networks.

use super::draft::{After, because};
use super::order::anonymous_volumes;
use super::ownership::Owned;
use super::service::Services;
use super::slot::Kept;
use crate::model::action::{Action, ContainerRef, Create, Target};
use crate::model::desired::Service;
use crate::model::id::ContainerName;
use crate::model::labels::Identity;
use crate::model::plan::{Cause, Reason};

impl<'a> Services<'a, '_> {
    /// Makes a new container, with its files and all its networks.
    pub(super) fn create(
        &mut self,
        service: &Service,
        identity: Identity,
        causes: Vec<Cause>,
        surplus: &[&'a Owned<'a>],
        removed: After,
    ) -> Kept<'a> {
        let taken = |name: &ContainerName| {
            let left = surplus.iter().filter(|owned| !self.removed.contains_key(&owned.view.id));
            left.into_iter().any(|owned| owned.view.name == *name)
        };
        // The own name says that its hooks have run.
        let unproven = !service.hooks.post_start.is_empty() && !taken(&identity.surge_name());
        let canonical = identity.name.clone();
        let name =
            if unproven || taken(&canonical) { identity.surge_name() } else { canonical.clone() };
        let joins = self.joins(service);
        let mut after = self.ready.clone();
        after.extend(removed);
        after.extend(joins.iter().filter_map(|join| match join.container.container {
            ContainerRef::Made(step) => Some(step),
            ContainerRef::Known(_) => None,
        }));
        if !service.spec.links.is_empty() {
            // The engine looks for whom they name already as it makes the container.
            let linked = service.depends_on.keys().filter_map(|name| self.settled.get(name));
            after.extend(linked.flat_map(|done| done.started.iter().copied()));
        }
        let causes = if causes.is_empty() { self.absent(service, &identity) } else { causes };
        let mut networks = service.spec.networks_in_order().into_iter();
        let on_all = self.context.makes_on_all_networks();
        let create = Create {
            name: name.clone(),
            identity,
            spec: self.context.with_resolvers(service),
            network: networks.next().map(|(network, _)| network.clone()),
            on_all,
            volumes: anonymous_volumes(service, surplus),
            joins,
            compose: self.context.compose_labels(service, self.images[&service.spec.image]),
        };
        let first = self.scribe.step(Action::CreateContainer(Box::new(create)), causes, after);
        let target = Target { container: ContainerRef::Made(first), name };
        let mut prepared = After::from([first]);
        if !service.files.is_empty() {
            let action =
                Action::UploadFiles { container: target.clone(), files: service.files.clone() };
            prepared.insert(self.scribe.follow(action, first, After::from([first])));
        }
        for (network, attachment) in networks.filter(|_| !on_all) {
            let action = Action::ConnectNetwork {
                container: target.clone(),
                network: network.clone(),
                attachment: Box::new(attachment.clone()),
            };
            prepared.insert(self.scribe.follow(action, first, After::from([first])));
        }
        Kept { target, canonical, existing: None, first: Some(first), prepared }
    }

    fn absent(&self, service: &Service, identity: &Identity) -> Vec<Cause> {
        let (slot, succeeds) = (identity.replica.slot, identity.succeeds);
        let recorded = self.context.recorded_scale(&service.name);
        if recorded > 0 && !succeeds && slot.0 > recorded {
            let reason = Reason::ScaledUp { from: recorded, to: service.replicas };
            let at = service.origins.find("scale");
            return vec![because(reason, at)];
        }
        vec![because(Reason::Missing, service.origins.find(""))]
    }
}
