//! What is there of this installation, whose it is and in what it differs, for answers to people.
//! The stages before say all of that; nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::Why;
use super::decide::{self, Compared, Shared, health_of};
use super::differ::Drift;
use super::seen::{self, EngineInventory, Owned, Proof};
use super::settings::Settings;
use model::desired::{DesiredState, Entry, Service};
use model::id::{ContainerName, DeploymentId, EngineName, ReplicaId, Revision, ServiceName};
use model::id::{Slot, SourceId};
use model::observed::{ContainerView, NetworkView, ObservedState, VolumeView};
use model::plan::Health;
use model::tree::{self, Cost, Ownership};

/// What is there, by engine.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    /// The engines that were seen, without those that are configured under several names.
    pub engines: BTreeSet<EngineName>,
    /// The containers of replicas.
    pub containers: Vec<Surveyed<'a>>,
    /// The networks of ours.
    pub networks: Vec<SurveyedNetwork<'a>>,
    /// The volumes of ours.
    pub volumes: Vec<SurveyedVolume<'a>>,
    /// The slots that each service of the source is to have; none of a deployment of which not
    /// everything was seen.
    pub slots: BTreeMap<DeploymentId, BTreeMap<ServiceName, Vec<Slot>>>,
}

/// A container of a replica.
#[derive(Clone, Debug)]
pub struct Surveyed<'a> {
    /// Where it is.
    pub engine: EngineName,
    /// What the engine says of it.
    pub view: &'a ContainerView,
    /// Whose it is.
    pub replica: ReplicaId,
    /// What its replica is called; it may have another name until it is renamed.
    pub name: ContainerName,
    /// The source that it was applied from.
    pub source: SourceId,
    /// The revision that it was made from; `None` of one that was adopted.
    pub revision: Option<Revision>,
    /// What makes it ours.
    pub owned_by: Ownership,
    /// Whether it works.
    pub health: Health,
    /// In what it differs; `None` if it was not compared.
    pub drift: Option<Vec<tree::Drift>>,
}

/// A network of ours.
#[derive(Clone, Debug)]
pub struct SurveyedNetwork<'a> {
    /// Where it is.
    pub engine: EngineName,
    /// What the engine says of it.
    pub view: &'a NetworkView,
    /// Whose it is.
    pub deployment: DeploymentId,
    /// The source that it was applied from.
    pub source: SourceId,
    /// What makes it ours.
    pub owned_by: Ownership,
}

/// A volume of ours.
#[derive(Clone, Debug)]
pub struct SurveyedVolume<'a> {
    /// Where it is.
    pub engine: EngineName,
    /// What the engine says of it.
    pub view: &'a VolumeView,
    /// Whose it is.
    pub deployment: DeploymentId,
    /// The source that it was applied from.
    pub source: SourceId,
    /// What makes it ours.
    pub owned_by: Ownership,
}

/// Surveys what was seen. A desired state without deployments stands for "no source was read":
/// then labels and the ledger tell what is ours.
#[must_use]
pub fn survey<'a>(
    desired: &'a DesiredState,
    observed: &'a ObservedState,
    settings: &'a Settings,
) -> Survey<'a> {
    let engines = seen::sort(desired, observed, &settings.installation);
    let labels = decide::labels(desired);
    let shared = Shared { desired, observed, engines: &engines, labels: &labels, settings };
    let mut compared: BTreeMap<&DeploymentId, Compared> = BTreeMap::new();
    for (id, entry) in &desired.deployments {
        if let Entry::Valid(deployment, _) = entry
            && let Some(found) = decide::compared(shared, deployment)
        {
            compared.insert(id, found);
        }
    }
    let mut all = Survey { engines: engines.keys().cloned().collect(), ..Survey::default() };
    for (name, engine) in &engines {
        for owned in engine.containers() {
            if owned.identity.replica.slot != Slot::INIT {
                all.containers.push(surveyed(shared, name, owned, &compared));
            }
        }
        all.networks.extend(networks(name, engine, settings));
        all.volumes.extend(volumes(name, engine, shared));
    }
    let slots = compared.into_iter().map(|(id, found)| (id.clone(), found.slots));
    all.slots = slots.collect();
    all
}

fn surveyed<'a>(
    shared: Shared<'_>,
    engine: &EngineName,
    owned: &Owned<'a>,
    compared: &BTreeMap<&DeploymentId, Compared>,
) -> Surveyed<'a> {
    let replica = &owned.identity.replica;
    let service: Option<&Service> = match shared.desired.deployments.get(&replica.deployment) {
        Some(Entry::Valid(deployment, _)) if deployment.engine == *engine => {
            deployment.services.get(&replica.service)
        }
        _ => None,
    };
    let drift = compared.get(&replica.deployment).and_then(|c| c.drifts.get(&owned.view.id));
    let revision = &owned.identity.revision;
    Surveyed {
        engine: engine.clone(),
        view: owned.view,
        replica: replica.clone(),
        name: owned.identity.name.clone(),
        source: owned.identity.source.clone(),
        revision: (!revision.as_str().is_empty()).then(|| revision.clone()),
        owned_by: match owned.proof {
            Proof::Labels => Ownership::Labels,
            Proof::Ledger => Ownership::Ledger,
            Proof::Compose => Ownership::Compose,
        },
        health: health_of(service, owned, shared.observed.at),
        drift: drift.map(drifts),
    }
}

/// Differences, and what a change of each takes.
fn drifts(drift: &Drift) -> Vec<tree::Drift> {
    let with = |cost: Cost| {
        move |why: &Why| {
            let (difference, at) = (why.difference()?.clone(), why.at().cloned());
            Some(tree::Drift { difference, at, cost })
        }
    };
    let replace = drift.recreate.iter().filter_map(with(Cost::Replace));
    replace.chain(drift.in_place.iter().filter_map(with(Cost::InPlace))).collect()
}

fn networks<'a>(
    name: &EngineName,
    engine: &EngineInventory<'a>,
    settings: &Settings,
) -> Vec<SurveyedNetwork<'a>> {
    let found = engine.contents.networks.iter().filter_map(|view| {
        let (deployment, source) = engine.index().network_owner(view)?.clone();
        let spec = &view.spec;
        let labelled = engine.owner(spec.name.as_str(), &spec.labels, &settings.installation);
        let owned_by = if labelled.is_some() { Ownership::Labels } else { Ownership::Ledger };
        Some(SurveyedNetwork { engine: name.clone(), view, deployment, source, owned_by })
    });
    found.collect()
}

fn volumes<'a>(
    name: &EngineName,
    engine: &EngineInventory<'a>,
    shared: Shared<'_>,
) -> Vec<SurveyedVolume<'a>> {
    let found = engine.contents.volumes.iter().filter_map(|view| {
        let spec = &view.spec;
        let installation = &shared.settings.installation;
        let labelled = engine.owner(spec.name.as_str(), &spec.labels, installation);
        let labelled = labelled.map(|owner| (owner.deployment, owner.source, Ownership::Labels));
        let adopted = || {
            let mut records = shared.observed.ledger.ledger.on(name);
            records.find_map(|(id, record)| {
                let adopted = record.adopted.as_ref()?;
                let known = adopted.volumes.contains_key(&spec.name);
                known.then(|| (id.clone(), adopted.source.clone(), Ownership::Ledger))
            })
        };
        let (deployment, source, owned_by) = labelled.or_else(adopted)?;
        Some(SurveyedVolume { engine: name.clone(), view, deployment, source, owned_by })
    });
    found.collect()
}
