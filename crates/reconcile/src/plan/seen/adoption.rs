//! What `docker compose` made for a deployment: which of it may become ours as it is, and
//! which is left alone.
//!
//! A container is recognised by Compose's labels and by its name, which exists once on an
//! engine: labels alone prove nothing. Until its id is in the ledger nothing of it is
//! touched.

use super::{Owned, Proof};
use model::compose_labels;
use model::desired::{Deployment, DesiredState, Entry, Service};
use model::digest::Digest;
use model::id::{
    ContainerName, EngineId, EngineName, InstallationId, ReplicaId, Revision, Slot, SourceId,
};
use model::labels::{BUILD_HASH, Identity, PREFIX};
use model::ledger::LedgerView;
use model::observed::ContainerView;
use model::plan::WhyLeft;
use model::spec::FileSpec;

/// A container of a deployment's Compose project that is no replica of its stack.
#[derive(Clone, Debug)]
pub(in crate::plan) struct Stranger<'a> {
    pub(in crate::plan) view: &'a ContainerView,
    pub(in crate::plan) why: Strange,
}

/// Why it is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Strange {
    /// There is a word for it.
    Left(WhyLeft),
    /// It claims to be this replica, but does not bear its name: a copy, or what an
    /// interrupted `docker compose up` left behind.
    Misnamed(ContainerName),
    /// Its labels say that it is this replica, whose place is empty, but not its name; and
    /// they may come from its image.
    Renamed(ContainerName),
}

/// What a container of a Compose project is.
pub(in crate::plan) enum ComposeRole<'a> {
    /// A replica that may become ours.
    Replica(Box<Owned<'a>>),
    /// None of the stack's.
    Stranger(Stranger<'a>),
}

/// Matches containers that bear no labels of ours.
#[derive(Clone, Copy)]
pub(in crate::plan) struct AdoptionMatcher<'a> {
    pub(in crate::plan) desired: &'a DesiredState,
    pub(in crate::plan) engine: &'a EngineName,
    pub(in crate::plan) engine_id: &'a EngineId,
    pub(in crate::plan) installation: &'a InstallationId,
    /// What was adopted before.
    pub(in crate::plan) ledger: &'a LedgerView,
}

impl<'a> AdoptionMatcher<'a> {
    /// A container whose id is in the ledger.
    pub(in crate::plan) fn remembered(self, view: &'a ContainerView) -> Option<Owned<'a>> {
        let (deployment, adopted, found) =
            self.ledger.ledger.on(self.engine).find_map(|(id, record)| {
                let adopted = record.adopted.as_ref()?;
                Some((id, adopted, adopted.containers.get(&view.id)?))
            })?;
        let replica = ReplicaId { deployment: deployment.clone(), ..replica(view)? };
        let files_hash = found.files_hash.clone();
        let identity = self.identity(view, replica, &adopted.source, files_hash);
        Some(Owned { view, identity, proof: Proof::Ledger })
    }

    /// What a container of the project of a valid deployment is; `None` if it is of no
    /// such project, or bears labels of ours, which are foreign or of a copy.
    pub(in crate::plan) fn evaluate(
        self,
        view: &'a ContainerView,
    ) -> Option<(&'a Deployment, ComposeRole<'a>)> {
        let labels = &view.spec.labels;
        let project = labels.get(compose_labels::PROJECT)?;
        self.ledger.record(self.engine, &project.as_str().into()).ok()?;
        // What its image was built from, it has from the image.
        if labels.keys().any(|name| name.starts_with(PREFIX) && name != BUILD_HASH) {
            return None;
        }
        let entry = self.desired.deployments.get(&project.as_str().into())?;
        let Entry::Valid(deployment, _) = entry else { return None };
        if deployment.engine != *self.engine {
            return None;
        }
        let stranger = |why| Some((&**deployment, ComposeRole::Stranger(Stranger { view, why })));
        if labels.get(compose_labels::ONE_OFF).is_some_and(|text| text.eq_ignore_ascii_case("true"))
        {
            return stranger(Strange::Left(WhyLeft::OneOff));
        }
        let replica = replica(view)?;
        let Some(service) = deployment.services.get(&replica.service) else {
            return stranger(Strange::Left(WhyLeft::Orphan { service: replica.service }));
        };
        if !bears_its_name(view, service, &replica) {
            return stranger(Strange::Misnamed(wanted_name(service, &replica)));
        }
        let source = &self.desired.source;
        // Bound files are compared as mounts; of the others only their content tells.
        let has = |file: &FileSpec| view.files.get(&file.target) == Some(&file.content.digest());
        let files_hash = service.files_hash.clone().filter(|_| service.files.iter().all(has));
        let identity = self.identity(view, replica, source, files_hash);
        Some((
            deployment,
            ComposeRole::Replica(Box::new(Owned { view, identity, proof: Proof::Compose })),
        ))
    }

    /// Who a container without labels of ours is. It keeps the name that it has.
    fn identity(
        self,
        view: &ContainerView,
        replica: ReplicaId,
        source: &SourceId,
        files_hash: Option<Digest>,
    ) -> Identity {
        Identity {
            installation: self.installation.clone(),
            source: source.clone(),
            replica,
            engine: self.engine_id.clone(),
            name: view.name.clone(),
            revision: Revision::new(""),
            spec_hash: Digest::from_text(""),
            files_hash,
            init_hash: None,
            succeeds: false,
            masked: Vec::new(),
            from_env_file: Vec::new(),
            bound: std::collections::BTreeMap::new(),
            asked: Vec::new(),
        }
    }
}

/// Which replica Compose's labels say that a container is.
fn replica(view: &ContainerView) -> Option<ReplicaId> {
    let label = |name: &str| view.spec.labels.get(name);
    Some(ReplicaId {
        deployment: label(compose_labels::PROJECT)?.as_str().into(),
        service: label(compose_labels::SERVICE)?.as_str().into(),
        slot: Slot(label(compose_labels::NUMBER)?.parse().ok().filter(|number| *number > 0)?),
    })
}

/// The name that a replica of a service has.
pub(in crate::plan) fn wanted_name(service: &Service, replica: &ReplicaId) -> ContainerName {
    service.container_name.clone().unwrap_or_else(|| replica.container_name())
}

/// Whether a replica has the name that Compose gives it: version 1, and version 2 with
/// `COMPOSE_COMPATIBILITY`, separate its parts with `_`.
fn bears_its_name(view: &ContainerView, service: &Service, replica: &ReplicaId) -> bool {
    view.name == wanted_name(service, replica)
        || (service.container_name.is_none() && is_compatible_name(&view.name, replica))
}

/// Whether this is the name that Compose's version 1 gives a replica.
pub(in crate::plan) fn is_compatible_name(name: &ContainerName, replica: &ReplicaId) -> bool {
    let ReplicaId { deployment, service, slot } = replica;
    name.as_str() == format!("{deployment}_{service}_{slot}")
}
