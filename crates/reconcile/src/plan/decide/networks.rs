//! Which networks and volumes are made, replaced or removed. Volumes are never removed.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::absence;
use super::network_fields::{differences, differs, of_volume};
use super::{Across, NetworkReplacement};
use crate::plan::context::Context;
use crate::plan::resources;
use model::desired::{Deployment, DesiredState, Entry, Network, Volume};
use model::id::{ContainerId, DeploymentId, EngineName, NetworkName};
use model::observed::{ContainerView, NetworkView};
use model::plan::{Blocked, Difference, WaitingOn};
use model::spec::MountSource;

/// What becomes of a network of the stack.
pub(in crate::plan) enum NetworkChange<'a> {
    /// It does not exist.
    Create { key: &'a str, network: &'a Network },
    /// A second one of its name goes.
    RemoveTwin { network: &'a Network, twin: &'a NetworkView },
    /// It is not what the stack says: its users stop, it is removed and made again.
    Replace { key: &'a str, network: &'a Network, old: &'a NetworkView, fields: Vec<Difference> },
    /// The stack no longer has it, and one that is made needs its addresses: its users stop,
    /// and it is removed.
    Vacate { old: &'a NetworkView },
}

/// A volume that does not exist yet.
pub(in crate::plan) struct NewVolume<'a> {
    pub(in crate::plan) key: &'a str,
    pub(in crate::plan) volume: &'a Volume,
}

/// What has to be done about the networks of the stack, in the order of their keys.
pub(super) fn networks<'a>(context: &Context<'a>, across: &Across) -> Vec<NetworkChange<'a>> {
    let mut changes = Vec::new();
    for (key, network) in context.deployment.networks.iter().filter(|(_, n)| !n.external) {
        let name = &network.spec.name;
        let mut found = context.networks_named(name);
        let Some(first) = found.next() else {
            changes.push(NetworkChange::Create { key, network });
            continue;
        };
        // Containers are on the oldest, or could not start yet.
        let ours = |view: &&NetworkView| context.owns_network(view);
        let twins = found.filter(ours);
        changes.extend(twins.map(|twin| NetworkChange::RemoveTwin { network, twin }));
        if is_renewed(context, across, first) {
            let masker = &context.settings.masker;
            let fields = differences(&first.spec, &network.spec, masker);
            changes.push(NetworkChange::Replace { key, network, old: first, fields });
        }
    }
    let vacated = unused(context).into_iter().filter(|view| is_renewed(context, across, view));
    changes.extend(vacated.map(|old| NetworkChange::Vacate { old }));
    changes
}

/// Whether a network is removed before its users are made again.
pub(super) fn is_renewed(context: &Context<'_>, across: &Across, view: &NetworkView) -> bool {
    across.renewed.contains_key(&(context.deployment.engine.clone(), view.spec.name.clone()))
}

/// Networks that the stack no longer has, and one that is made and needs their addresses.
fn vacated<'a>(
    context: &Context<'a>,
    resting: &BTreeSet<DeploymentId>,
) -> impl Iterator<Item = (&'a NetworkView, &'a Network)> {
    let engine = &context.deployment.engine;
    // What is absent for a moment stays.
    let old = if absence(context).is_some() { Vec::new() } else { unused(context) };
    let all = context.desired.deployments.values().filter(|_| !old.is_empty());
    let made = all.filter_map(|entry| match entry {
        Entry::Valid(deployment, _) if deployment.engine == *engine => Some(deployment),
        _ => None,
    });
    let networks = made.flat_map(|deployment| deployment.networks.values());
    let made =
        networks.filter(|n| !n.external && context.networks_named(&n.spec.name).next().is_none());
    let subnets = |network: &'a Network| {
        resources::subnets(engine, &network.spec).into_iter().map(move |subnet| (subnet, network))
    };
    let needed: Vec<_> = made.flat_map(subnets).collect();
    let taker = |view: &NetworkView| {
        let had = resources::subnets(engine, &view.spec);
        let mut all = needed.iter();
        all.find(|(needed, _)| had.iter().any(|had| needed.overlaps(had))).map(|(_, taker)| *taker)
    };
    let vacated = old.into_iter().filter_map(|view| Some((view, taker(view)?)));
    let vacated = vacated.filter(|(view, _)| strangers_on(context, view, resting).is_empty());
    vacated.collect::<Vec<_>>().into_iter()
}

/// The networks of a deployment that are replaced: they are ours, and are not what the stack
/// says, or say that they are another deployment's. The engine changes nothing of a network
/// that exists.
pub(in crate::plan) fn renewed(
    context: &Context<'_>,
    resting: &BTreeSet<DeploymentId>,
) -> BTreeMap<(EngineName, NetworkName), NetworkReplacement> {
    let renewal = |room_for: Option<NetworkName>, made: &Network| {
        let (by, at) = (context.deployment.id.clone(), made.origin.clone());
        NetworkReplacement { by, room_for, at }
    };
    let own = context.deployment.networks.values().filter(|network| !network.external);
    own.filter(|network| {
        let found = context.networks_named(&network.spec.name).next();
        found.is_some_and(|view| {
            let changed = context.owns_network(view) && differs(&view.spec, &network.spec);
            (changed || inherits(context, view)) && strangers_on(context, view, resting).is_empty()
        })
    })
    .map(|network| (&network.spec.name, renewal(None, network)))
    .chain(
        vacated(context, resting)
            .map(|(view, taker)| (&view.spec.name, renewal(Some(taker.spec.name.clone()), taker))),
    )
    .map(|(name, renewal)| ((context.deployment.engine.clone(), name.clone()), renewal))
    .collect()
}

/// Whether a network is of another deployment of the source that no longer makes it.
pub(super) fn inherits(context: &Context<'_>, view: &NetworkView) -> bool {
    let Some((owner, source)) = context.inventory.index().network_owner(view) else {
        return false;
    };
    let engine = &context.deployment.engine;
    *owner != context.deployment.id
        && *source == context.desired.source
        && match context.desired.deployments.get(owner) {
            Some(Entry::Valid(owner, _)) => !makes(owner, engine, &view.spec.name),
            Some(Entry::Invalid(_)) => false,
            None => true,
        }
}

/// Whether a deployment makes a network of this name on an engine.
fn makes(deployment: &Deployment, engine: &EngineName, name: &NetworkName) -> bool {
    let mut own = deployment.networks.values().filter(|network| !network.external);
    deployment.engine == *engine && own.any(|network| network.spec.name == *name)
}

/// Whether another deployment of the source makes a network of this name on an engine.
pub(super) fn is_made_elsewhere(
    desired: &DesiredState,
    (engine, name): (&EngineName, &NetworkName),
    but: &DeploymentId,
) -> bool {
    desired.deployments.iter().any(|(id, entry)| {
        let Entry::Valid(deployment, _) = entry else { return false };
        id != but && makes(deployment, engine, name)
    })
}

/// Whether a network is external to a deployment, and another one of the source makes it.
pub(super) fn is_awaited(context: &Context<'_>, network: &Network) -> bool {
    let at = (&context.deployment.engine, &network.spec.name);
    network.external && is_made_elsewhere(context.desired, at, &context.deployment.id)
}

/// Containers on a network that are not ours to stop, or not now.
fn strangers_on<'a>(
    context: &Context<'a>,
    view: &NetworkView,
    resting: &BTreeSet<DeploymentId>,
) -> Vec<&'a str> {
    let ours = |id: &ContainerId| {
        let found = context.inventory.containers().find(|owned| owned.view.id == *id);
        found.is_some_and(|owned| {
            let deployment = &owned.identity.replica.deployment;
            owned.identity.source == context.desired.source
                && (*deployment == context.deployment.id || !resting.contains(deployment))
        })
    };
    let attached = context.inventory.users_of(&view.spec.name);
    attached.filter(|c| !ours(&c.id)).map(|c| c.name.as_str()).collect()
}

/// What is withheld of networks and volumes, because data or connections of others are lost.
pub(super) fn withheld(context: &Context<'_>, across: &Across) -> Vec<Blocked> {
    let blocked = |subject: String, command: String, at| Blocked {
        deployment: Some(context.deployment.id.clone()),
        subject,
        waiting_on: WaitingOn::Consent { command },
        at: Some(at),
    };
    let mut all = Vec::new();
    for network in context.deployment.networks.values().filter(|network| !network.external) {
        let name = &network.spec.name;
        let Some(view) = context.networks_named(name).next() else { continue };
        let planned = is_renewed(context, across, view);
        if !planned && (differs(&view.spec, &network.spec) || inherits(context, view)) {
            // Nobody else is on it then, and it is replaced.
            let users = strangers_on(context, view, &across.resting);
            let command =
                by_hand(users.iter().map(|u| format!("docker network disconnect {name} {u}")));
            all.push(blocked(format!("replace network {name}"), command, network.origin.clone()));
        }
    }
    for volume in context.deployment.volumes.values().filter(|volume| !volume.external) {
        let spec = &volume.spec;
        let found = context.inventory.index().volume(&spec.name);
        let differs = found.map(|view| of_volume(&view.spec, spec)).unwrap_or_default();
        if !differs.is_empty() {
            let subject = format!(
                "replace volume {} and lose its data (differs from git: {})",
                spec.name,
                differs.join(", ")
            );
            let mounts = |view: &ContainerView| {
                let named = MountSource::Volume(spec.name.clone());
                view.spec.mounts.values().any(|mount| mount.source == named)
            };
            let users = context.inventory.contents.containers.iter().filter(|view| mounts(view));
            let remove = users.map(|view| format!("docker rm -f {}", view.name));
            let command = by_hand(remove.chain([format!("docker volume rm {}", spec.name)]));
            all.push(blocked(subject, command, volume.origin.clone()));
        }
    }
    all
}

fn by_hand(commands: impl Iterator<Item = String>) -> String {
    commands.collect::<Vec<_>>().join(" && ")
}

/// The volumes of the stack that do not exist.
pub(super) fn volumes<'a>(context: &Context<'a>) -> Vec<NewVolume<'a>> {
    let existing = context.inventory.index();
    let own = context.deployment.volumes.iter().filter(|(_, volume)| !volume.external);
    own.filter(|(_, volume)| existing.volume(&volume.spec.name).is_none())
        .map(|(key, volume)| NewVolume { key, volume })
        .collect()
}

/// The networks of this deployment that the stack no longer names.
pub(super) fn unused<'a>(context: &Context<'a>) -> Vec<&'a NetworkView> {
    let wanted = |view: &NetworkView| {
        context.deployment.networks.values().any(|n| n.spec.name == view.spec.name)
    };
    let all = context.inventory.index().networks_of(&context.deployment.id).iter().copied();
    let (engine, id) = (&context.deployment.engine, &context.deployment.id);
    // The deployment that makes it from now on replaces it.
    let inherited =
        |view: &NetworkView| is_made_elsewhere(context.desired, (engine, &view.spec.name), id);
    all.filter(|view| context.owns_network(view) && !wanted(view) && !inherited(view)).collect()
}
