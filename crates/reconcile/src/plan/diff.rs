//! What is there beside what is wanted, object by object. It decides nothing: which container
//! stands for a replica, and what leaves, the decisions say.

use std::collections::BTreeSet;

use super::context::Context;
use super::decide::{
    Decided, Decisions, Leaving, NetworkChange, Removal, Replica, Shared, Target, network_form,
    network_forms, volume_form, volume_forms,
};
use super::differ::{of_missing, of_removed, of_replica};
use super::seen::Owned;
use model::comparison::{Compared, Comparison, Live, LiveContainer, Wanted};
use model::desired::Service;
use model::id::{ContainerName, DeploymentId, EngineName, ServiceName, Slot};
use model::normal_form::NormalForm;
use model::observed::NetworkView;
use model::secret::Masker;

/// All objects of these decisions and all that leaves, by deployment.
pub(super) fn comparisons(
    shared: Shared<'_>,
    decisions: &[Decisions<'_>],
    leaving: &Leaving<'_>,
) -> Vec<Comparison> {
    let masker = &shared.settings.masker;
    let mut all: Vec<Comparison> = decisions.iter().flat_map(of_deployment).collect();
    for gone in leaving.all() {
        let at = At { deployment: &gone.deployment, engine: gone.engine };
        let removed = gone.containers.iter().map(|owned| at.removed(None, owned, masker));
        all.extend(removed);
        let networks = gone.networks(shared).into_iter();
        all.extend(networks.map(|view| at.removed_network(view, masker)));
    }
    // Of each deployment what others stand on comes first.
    all.sort_by(|a, b| {
        let key = |c: &Comparison| (c.deployment.clone(), c.engine.clone(), c.object.clone());
        key(a).cmp(&key(b))
    });
    all
}

/// Whose objects, and where.
#[derive(Clone, Copy)]
struct At<'a> {
    deployment: &'a DeploymentId,
    engine: &'a EngineName,
}

impl At<'_> {
    fn comparison(
        self,
        object: Compared,
        live: Option<Live>,
        desired: Option<Wanted>,
    ) -> Comparison {
        let (deployment, engine) = (self.deployment.clone(), self.engine.clone());
        Comparison { deployment, engine, object, live, desired }
    }

    fn removed(self, service: Option<&Service>, owned: &Owned<'_>, masker: &Masker) -> Comparison {
        let replica = &owned.identity.replica;
        let live = live(owned, of_removed(service, owned, masker));
        self.comparison(of(&replica.service, replica.slot), Some(live), None)
    }

    fn removed_network(self, view: &NetworkView, masker: &Masker) -> Comparison {
        let live = Live { containers: Vec::new(), form: network_form(&view.spec, masker) };
        let name = view.spec.name.clone();
        self.comparison(Compared::Network { name }, Some(live), None)
    }
}

fn of(service: &ServiceName, slot: Slot) -> Compared {
    Compared::Service { service: service.clone(), slots: BTreeSet::from([slot]) }
}

fn live(owned: &Owned<'_>, form: NormalForm) -> Live {
    let slot = owned.identity.replica.slot;
    let (id, name) = (owned.view.id.clone(), owned.view.name.clone());
    Live { containers: vec![LiveContainer { slot, id, name }], form }
}

fn of_deployment(decisions: &Decisions<'_>) -> Vec<Comparison> {
    let context = &decisions.context;
    let at = At { deployment: &context.deployment.id, engine: &context.deployment.engine };
    let mut all = networks(at, decisions);
    all.extend(volumes(at, context));
    let removed = |removal: &Removal<'_>| {
        at.removed(removal.service, removal.owned, &context.settings.masker)
    };
    for decided in &decisions.services {
        for replica in &decided.replicas {
            all.extend(of_slot(at, decisions, decided, replica));
        }
        all.extend(decided.excess.iter().map(removed));
    }
    all.extend(decisions.orphans.iter().map(removed));
    all
}

/// A replica beside the container that stays or is replaced, and what else there is of it.
fn of_slot(
    at: At<'_>,
    decisions: &Decisions<'_>,
    decided: &Decided<'_>,
    replica: &Replica<'_>,
) -> Vec<Comparison> {
    let (context, service) = (&decisions.context, decided.service);
    let slot = replica.id.slot;
    let beside = |there: Option<&Owned<'_>>, name: &ContainerName, rename| {
        let (have, form) = match there {
            Some(owned) => {
                let given = (&*decided.joins, context);
                let [have, want] = of_replica(service, owned, &decisions.images, given, rename);
                (Some(live(owned, have)), want)
            }
            None => (None, of_missing(service, &decisions.images, context)),
        };
        let names: Vec<(Slot, ContainerName)> = vec![(slot, name.clone())];
        let desired = Wanted { at: service.origins.find("").cloned(), names, form };
        at.comparison(of(&service.name, slot), have, Some(desired))
    };
    let mut copy = None;
    let (there, own) = match &replica.target {
        Target::Stays { owned, .. } => {
            // The second name of one that is to start yet belongs to its replacement.
            let rename = replica.rename.as_ref();
            let rename = rename.filter(|_| replica.start.is_none() && replica.serves.is_none());
            let own = beside(Some(owned), &owned.identity.name, rename.map(|(_, why)| why));
            // A copy that does not work stands for nothing yet: what it replaces does.
            match replica.serves {
                Some(other) => {
                    copy = Some(own).filter(Comparison::differs);
                    (Some(other), beside(Some(other), &owned.identity.name, None))
                }
                None => (Some(*owned), own),
            }
        }
        // The same as gives the causes of the replacement.
        Target::New(new) => (replica.serves, beside(replica.serves, &new.identity.name, None)),
    };
    let others = replica.surplus().filter(|o| there.is_none_or(|there| there.view.id != o.view.id));
    let others = others.map(|o| at.removed(Some(service), o, &context.settings.masker));
    std::iter::once(own).chain(copy).chain(others).collect()
}

fn networks(at: At<'_>, decisions: &Decisions<'_>) -> Vec<Comparison> {
    let context = &decisions.context;
    let masker = &context.settings.masker;
    let mut all = Vec::new();
    for network in context.deployment.networks.values().filter(|network| !network.external) {
        let want = &network.spec;
        let (live, form) = match context.networks_named(&want.name).next() {
            None => (None, network_form(want, masker)),
            Some(view) if context.owns_network(view) || replaces(decisions, view) => {
                let [have, want] = network_forms(&view.spec, want, masker);
                (Some(Live { containers: Vec::new(), form: have }), want)
            }
            // It is not ours to change.
            Some(_) => continue,
        };
        let desired = Wanted { at: Some(network.origin.clone()), names: Vec::new(), form };
        let object = Compared::Network { name: want.name.clone() };
        all.push(at.comparison(object, live, Some(desired)));
    }
    let vacated = decisions.networks.iter().filter_map(|change| match change {
        NetworkChange::Vacate { old } | NetworkChange::RemoveTwin { twin: old, .. } => Some(*old),
        NetworkChange::Create { .. } | NetworkChange::Replace { .. } => None,
    });
    let going = decisions.unused_networks.iter().copied().chain(vacated);
    all.extend(going.map(|view| at.removed_network(view, masker)));
    all
}

/// Whether a network is removed and made again.
fn replaces(decisions: &Decisions<'_>, view: &NetworkView) -> bool {
    decisions
        .networks
        .iter()
        .any(|change| matches!(change, NetworkChange::Replace { old, .. } if old.id == view.id))
}

fn volumes(at: At<'_>, context: &Context<'_>) -> Vec<Comparison> {
    let masker = &context.settings.masker;
    let own = context.deployment.volumes.values().filter(|volume| !volume.external);
    let comparison = |volume: &model::desired::Volume| {
        let want = &volume.spec;
        let (live, form) = match context.inventory.index().volume(&want.name) {
            None => (None, volume_form(want, masker)),
            Some(view) => {
                let [have, want] = volume_forms(&view.spec, want, masker);
                (Some(Live { containers: Vec::new(), form: have }), want)
            }
        };
        let desired = Wanted { at: Some(volume.origin.clone()), names: Vec::new(), form };
        at.comparison(Compared::Volume { name: want.name.clone() }, live, Some(desired))
    };
    own.map(comparison).collect()
}
