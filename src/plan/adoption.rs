//! What `docker compose` made for a deployment: which of it becomes ours as it is, which
//! is left alone, and when a project of the same name is another stack.
//!
//! A container is recognised by Compose's labels and by its name, which exists once on an
//! engine: labels alone prove nothing. Until its id is in the ledger nothing of it is
//! touched.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::context::Context;
use super::draft::Scribe;
use super::ownership::{Owned, Proof};
use crate::model::compose::{self, ProjectFiles};
use crate::model::desired::{Deployment, DesiredState, Entry, ImageSource, Service};
use crate::model::digest::Digest;
use crate::model::id::{
    ContainerName, EngineId, EngineName, ImageRef, InstallationId, ReplicaId, Revision, Slot,
    SourceId,
};
use crate::model::labels::{BUILD_HASH, Identity, PREFIX};
use crate::model::ledger::{Adopted, AdoptedContainer, AdoptedImage, Ledger};
use crate::model::observed::ContainerView;
use crate::model::plan::{LeftAlone, Thing, WaitingOn, WhyLeft};
use crate::model::policy::Demand;
use crate::model::spec::{ContainerSpec, FileSpec};

/// A container of a deployment's Compose project that is no replica of its stack.
#[derive(Clone, Debug)]
pub(super) struct Stranger<'a> {
    pub(super) view: &'a ContainerView,
    pub(super) why: Strange,
}

/// Why it is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Strange {
    /// There is a word for it.
    Left(WhyLeft),
    /// It claims to be this replica, but does not bear its name: a copy, or what an
    /// interrupted `docker compose up` left behind.
    Misnamed(ContainerName),
}

/// What a container of a Compose project is.
pub(super) enum Claim<'a> {
    /// A replica that may become ours.
    Replica(Box<Owned<'a>>),
    /// None of the stack's.
    Stranger(Stranger<'a>),
}

/// Whoever looks at containers that bear no labels of ours.
#[derive(Clone, Copy)]
pub(super) struct Eye<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) engine: &'a EngineName,
    pub(super) engine_id: &'a EngineId,
    pub(super) installation: &'a InstallationId,
    /// What was adopted before; `None` if the ledger was not read.
    pub(super) ledger: Option<&'a Ledger>,
}

impl<'a> Eye<'a> {
    /// A container whose id is in the ledger.
    pub(super) fn remembered(self, view: &'a ContainerView) -> Option<Owned<'a>> {
        let adopted = self.ledger?.adopted.get(self.engine)?;
        let (deployment, adopted, found) = adopted
            .iter()
            .find_map(|(id, adopted)| Some((id, adopted, adopted.containers.get(&view.id)?)))?;
        let replica = ReplicaId { deployment: deployment.clone(), ..replica(view)? };
        let files_hash = found.files_hash.clone();
        let identity = self.identity(view, replica, &adopted.source, files_hash);
        Some(Owned { view, identity, proof: Proof::Ledger })
    }

    /// What a container of the project of a valid deployment is; `None` if it is of no
    /// such project, or bears labels of ours, which somebody else's or a copy's are.
    pub(super) fn claim(self, view: &'a ContainerView) -> Option<(&'a Deployment, Claim<'a>)> {
        self.ledger?;
        let labels = &view.spec.labels;
        let project = labels.get(compose::PROJECT)?;
        // What its image was built from, it has from the image.
        if labels.keys().any(|name| name.starts_with(PREFIX) && name != BUILD_HASH) {
            return None;
        }
        let entry = self.desired.deployments.get(&project.as_str().into())?;
        let Entry::Valid(deployment, _) = entry else { return None };
        if deployment.engine != *self.engine {
            return None;
        }
        let stranger = |why| Some((&**deployment, Claim::Stranger(Stranger { view, why })));
        if labels.get(compose::ONE_OFF).is_some_and(|text| text.eq_ignore_ascii_case("true")) {
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
            Claim::Replica(Box::new(Owned { view, identity, proof: Proof::Compose })),
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
            asked: Vec::new(),
        }
    }
}

/// Which replica Compose's labels say that a container is.
fn replica(view: &ContainerView) -> Option<ReplicaId> {
    let label = |name: &str| view.spec.labels.get(name);
    Some(ReplicaId {
        deployment: label(compose::PROJECT)?.as_str().into(),
        service: label(compose::SERVICE)?.as_str().into(),
        slot: Slot(label(compose::NUMBER)?.parse().ok().filter(|number| *number > 0)?),
    })
}

/// The name that a replica of a service has.
pub(super) fn wanted_name(service: &Service, replica: &ReplicaId) -> ContainerName {
    service.container_name.clone().unwrap_or_else(|| replica.container_name())
}

/// Whether a replica has the name that Compose gives it: version 1, and version 2 with
/// `COMPOSE_COMPATIBILITY`, separate its parts with `_`.
fn bears_its_name(view: &ContainerView, service: &Service, replica: &ReplicaId) -> bool {
    view.name == wanted_name(service, replica)
        || (service.container_name.is_none() && is_compatible_name(&view.name, replica))
}

/// Whether this is the name that Compose's version 1 gives a replica.
pub(super) fn is_compatible_name(name: &ContainerName, replica: &ReplicaId) -> bool {
    let ReplicaId { deployment, service, slot } = replica;
    name.as_str() == format!("{deployment}_{service}_{slot}")
}

/// A spec whose links say which service they lead to, as ours do. Compose writes one for
/// each container and each name that it answers to anyway.
pub(super) fn without_links_to_containers<'s>(
    mut spec: Cow<'s, ContainerSpec>,
    owned: &Owned<'_>,
    deployment: &Deployment,
) -> Cow<'s, ContainerSpec> {
    if owned.proof == Proof::Labels {
        return spec;
    }
    for attachment in spec.to_mut().networks.values_mut() {
        let links = std::mem::take(&mut attachment.links);
        attachment.links = links.iter().filter_map(|link| service_link(link, deployment)).collect();
    }
    spec
}

fn service_link(link: &str, deployment: &Deployment) -> Option<String> {
    let (target, alias) = link.split_once(':').unwrap_or((link, link));
    let number = |service: &Service, separator: char| {
        let rest = target.strip_prefix(deployment.id.as_str())?.strip_prefix(separator)?;
        let number = rest.strip_prefix(service.name.as_str())?.strip_prefix(separator)?;
        number.chars().all(|c| c.is_ascii_digit()).then(|| number.to_owned())
    };
    for service in deployment.services.values() {
        let name = &service.name;
        if service.container_name.as_ref().is_some_and(|own| own.as_str() == target) {
            return (alias != name.as_str() && alias != target).then(|| format!("{name}:{alias}"));
        }
        for separator in ['-', '_'] {
            if let Some(number) = number(service, separator) {
                let own = [name.to_string(), format!("{name}{separator}{number}"), target.into()];
                return (!own.contains(&alias.to_owned())).then(|| format!("{name}:{alias}"));
            }
        }
    }
    Some(link.to_owned())
}

/// Why a project of the deployment's name must not be taken for it: another stack of the
/// same name, started from elsewhere.
pub(super) fn other_stack(context: &Context<'_>) -> Option<WaitingOn> {
    let id = &context.deployment.id;
    let replicas = context.containers();
    let candidates = replicas.filter(|owned| owned.proof == Proof::Compose).map(|o| o.view);
    // Once some of the project is ours, what else it holds stands beside it.
    let unknown = context.record.is_none() && context.adopted.is_none();
    let strangers = context.strangers().iter().filter(|_| unknown).map(|s| s.view);
    // Whoever put the controller there said nothing about its stacks: it stays as it is anyway.
    let own = context.inventory.contents.own.as_ref();
    let others = candidates.chain(strangers).filter(|view| own != Some(&view.id));
    others.into_iter().find_map(|view| {
        let theirs = ProjectFiles::decode(&view.spec.labels);
        let folder = theirs.working_dir.clone().unwrap_or_else(|| "unknown".to_owned());
        let granted = || context.settings.policy.grants(id, &Demand::Project(folder.clone()));
        let same = theirs.is_same_stack(&context.deployment.files) || granted();
        (!same).then(|| WaitingOn::SameStack { folder: folder.clone(), files: theirs.config_files })
    })
}

/// Withholds the deployment if something claims to be a replica of it under another name:
/// a second one beside it might share its data. Returns whether there is nothing.
pub(super) fn names_are_clear(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let mut clear = true;
    for stranger in context.strangers() {
        if let Strange::Misnamed(name) = &stranger.why {
            let waiting_on = WaitingOn::ReplicaName { name: name.clone() };
            let subject = format!("adopt container {}", stranger.view.name);
            scribe.block(subject, waiting_on, Some(&context.deployment.origin));
            clear = false;
        }
    }
    clear
}

/// The containers of the project that are left as they are.
pub(super) fn left_alone(context: &Context<'_>) -> Vec<LeftAlone> {
    let left = context.strangers().iter().filter_map(|stranger| match &stranger.why {
        Strange::Left(why) => Some(LeftAlone {
            deployment: context.deployment.id.clone(),
            engine: context.deployment.engine.clone(),
            container: stranger.view.id.clone(),
            name: stranger.view.name.clone(),
            why: why.clone(),
        }),
        Strange::Misnamed(_) => None,
    });
    left.collect()
}

/// What of a deployment becomes ours, and everything that is adopted of it then.
pub(super) struct Adoption {
    pub(super) things: Vec<Thing>,
    pub(super) adopted: Adopted,
}

/// What Compose made for a deployment and is not ours yet; `None` if there is nothing.
pub(super) fn adoption(context: &Context<'_>) -> Option<Adoption> {
    let mut all = Adoption {
        things: Vec::new(),
        adopted: Adopted {
            source: context.desired.source.clone(),
            containers: BTreeMap::new(),
            networks: context.adopted.map(|a| a.networks.clone()).unwrap_or_default(),
            volumes: context.adopted.map(|a| a.volumes.clone()).unwrap_or_default(),
            images: images(context),
        },
    };
    for owned in context.containers() {
        if owned.proof == Proof::Labels {
            continue;
        }
        let (id, name) = (owned.view.id.clone(), owned.view.name.clone());
        let files_hash = owned.identity.files_hash.clone();
        all.adopted.containers.insert(id.clone(), AdoptedContainer { files_hash });
        if owned.proof == Proof::Compose {
            all.things.push(Thing::Container { id, name });
        }
    }
    networks(context, &mut all);
    volumes(context, &mut all);
    (!all.things.is_empty()).then_some(all)
}

/// What Compose built, and is taken for what the stack says now.
fn images(context: &Context<'_>) -> BTreeMap<ImageRef, AdoptedImage> {
    let mut all = context.adopted.map(|a| a.images.clone()).unwrap_or_default();
    for service in context.deployment.services.values() {
        let ImageSource::Build(build) = &service.image else { continue };
        let taken = context.image(service).filter(|i| !i.labels.contains_key(BUILD_HASH));
        if let Some(image) = taken {
            let adopted = AdoptedImage { id: image.id.clone(), build: build.hash.clone() };
            all.insert(service.spec.image.clone(), adopted);
        }
    }
    all
}

fn networks(context: &Context<'_>, all: &mut Adoption) {
    let inventory = context.inventory;
    for network in context.deployment.networks.values().filter(|network| !network.external) {
        let name = &network.spec.name;
        let mut found = inventory.contents.networks.iter().filter(|v| v.spec.name == *name);
        let Some(view) = found.next() else { continue };
        let ours = inventory.network_owner(view, &context.settings.installation).is_some();
        if !ours && context.may_use(name.as_str(), &view.spec.labels) {
            all.adopted.networks.insert(view.id.clone());
            all.things.push(Thing::Network { id: view.id.clone(), name: name.clone() });
        }
    }
}

fn volumes(context: &Context<'_>, all: &mut Adoption) {
    let inventory = context.inventory;
    for volume in context.deployment.volumes.values().filter(|volume| !volume.external) {
        let name = &volume.spec.name;
        let mut found = inventory.contents.volumes.iter().filter(|v| v.spec.name == *name);
        let Some(view) = found.next() else { continue };
        let labels = &view.spec.labels;
        let installation = &context.settings.installation;
        let ours = inventory.owner(name.as_str(), labels, installation).is_some()
            || all.adopted.volumes.get(name) == Some(&view.created_at);
        if !ours && context.may_use(name.as_str(), labels) {
            all.adopted.volumes.insert(name.clone(), view.created_at.clone());
            all.things.push(Thing::Volume { name: name.clone() });
        }
    }
}
