//! One deployment on one engine.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Facts;
use super::places::Place;
use super::service::{Services, services};
use super::subject::Subject;
use model::ledger::PastRollout;
use model::plan::{DeploymentState, Health, Sync};
use model::tree::{
    DeploymentNode, NetworkNode, Ownership, RolloutNode, ServiceNode, Time, VolumeNode,
};

/// The node of a deployment.
pub(super) fn deployment(facts: &Facts<'_>, (id, engine): Place) -> DeploymentNode {
    let subject = Subject::of(facts, id, engine);
    let Services { nodes, blocked } = services(&subject);
    let newest = subject.containers.iter().max_by_key(|c| c.view.created_at);
    let wanted = facts.known.wanted;
    let source = newest.map(|container| &container.source);
    let source = source.or(subject.record.map(|record| &record.source));
    let source = source.or_else(|| subject.source_of_network());
    let read = wanted.filter(|_| subject.is_listed()).map(|(desired, _)| &desired.source);
    let source = source.or(read).cloned();
    let revision = subject.record.map(|record| &record.revision);
    let revision = revision.or(newest.and_then(|container| container.revision.as_ref()));
    let state = state(&subject, nodes.as_deref());
    let history = subject.history();
    let knows = subject.contents.is_some() || subject.desired.is_some();
    DeploymentNode {
        wanted: wanted.map(|_| subject.is_wanted()),
        revision: revision.map(|id| facts.revision(id)),
        source,
        sync: state.sync,
        health: state.health,
        at: subject.desired.map(|desired| desired.origin.clone()),
        invalid: subject.invalid().cloned(),
        unseen: subject.unseen(),
        withheld: blocked,
        last_rollout: history.first().map(rollout),
        history,
        services: nodes,
        networks: knows.then(|| networks(&subject)),
        volumes: knows.then(|| volumes(&subject)),
        id: subject.id,
        engine: subject.engine,
    }
}

fn rollout(past: &PastRollout) -> RolloutNode {
    RolloutNode {
        revision: past.revision.clone(),
        began: Time(past.began),
        ended: Time(past.began.plus(Duration::from_millis(past.took_ms))),
        result: past.result.clone(),
    }
}

fn state(subject: &Subject<'_, '_>, services: Option<&[ServiceNode]>) -> DeploymentState {
    let wanted = subject.facts.known.wanted;
    if subject.desired.is_some()
        && let Some(state) = wanted.and_then(|(_, plan)| plan.deployments.get(&subject.id))
    {
        return state.clone();
    }
    let health = match services {
        Some(services) if subject.contents.is_some() => {
            services.iter().map(|service| service.health).max().unwrap_or(Health::Empty)
        }
        _ => Health::Unknown,
    };
    let of_source = |id: &model::id::SourceId| {
        subject.record.map(|record| &record.source).into_iter().all(|other| other == id)
            && subject.containers.iter().all(|container| container.source == *id)
    };
    let sync = match wanted {
        // It is there, and the source does not want it there.
        Some((desired, _))
            if !subject.is_wanted()
                && of_source(&desired.source)
                && desired.incomplete.is_empty()
                && subject.contents.is_some() =>
        {
            Sync::OutOfSync
        }
        _ => Sync::Unknown,
    };
    DeploymentState { sync, health }
}

fn networks(subject: &Subject<'_, '_>) -> Vec<NetworkNode> {
    let surveyed = subject.facts.survey.networks.iter();
    let ours: Vec<_> = surveyed
        .filter(|n| Some(&n.engine) == subject.engine.as_ref() && n.deployment == subject.id)
        .collect();
    let mut all = BTreeMap::new();
    for network in subject.desired.iter().flat_map(|desired| desired.networks.values()) {
        let name = &network.spec.name;
        let view = subject.contents.and_then(|c| c.networks.iter().find(|v| v.spec.name == *name));
        let spec = view.map_or(&network.spec, |view| &view.spec);
        let owned_by = ours.iter().find(|n| n.view.spec.name == *name).map(|n| n.owned_by);
        let node = node_of_network(spec, owned_by);
        let node = NetworkNode {
            id: view.map(|view| view.id.clone()),
            exists: subject.contents.map(|_| view.is_some()),
            external: network.external,
            at: Some(network.origin.clone()),
            ..node
        };
        all.insert(name.clone(), node);
    }
    for network in ours {
        all.entry(network.view.spec.name.clone()).or_insert_with(|| NetworkNode {
            id: Some(network.view.id.clone()),
            exists: Some(true),
            ..node_of_network(&network.view.spec, Some(network.owned_by))
        });
    }
    all.into_values().collect()
}

fn node_of_network(spec: &model::spec::NetworkSpec, owned_by: Option<Ownership>) -> NetworkNode {
    NetworkNode {
        name: spec.name.clone(),
        id: None,
        exists: None,
        external: false,
        owned_by,
        driver: spec.driver.clone(),
        subnets: spec.pools.iter().filter_map(|pool| pool.subnet.clone()).collect(),
        at: None,
    }
}

fn volumes(subject: &Subject<'_, '_>) -> Vec<VolumeNode> {
    let surveyed = subject.facts.survey.volumes.iter();
    let ours: Vec<_> = surveyed
        .filter(|v| Some(&v.engine) == subject.engine.as_ref() && v.deployment == subject.id)
        .collect();
    let mut all = BTreeMap::new();
    for volume in subject.desired.iter().flat_map(|desired| desired.volumes.values()) {
        let name = &volume.spec.name;
        let exists = subject.contents.map(|c| c.volumes.iter().any(|v| v.spec.name == *name));
        let owned_by = ours.iter().find(|v| v.view.spec.name == *name).map(|v| v.owned_by);
        let node = VolumeNode {
            name: name.clone(),
            exists,
            external: volume.external,
            owned_by,
            driver: volume.spec.driver.clone(),
            at: Some(volume.origin.clone()),
        };
        all.insert(name.clone(), node);
    }
    for volume in ours {
        let name = volume.view.spec.name.clone();
        all.entry(name.clone()).or_insert_with(|| VolumeNode {
            name,
            exists: Some(true),
            external: false,
            owned_by: Some(volume.owned_by),
            driver: volume.view.spec.driver.clone(),
            at: None,
        });
    }
    all.into_values().collect()
}
