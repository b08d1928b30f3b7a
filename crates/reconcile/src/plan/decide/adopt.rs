//! Which resources of a Compose project become ours, and when a project of the same name is
//! another stack.

use std::collections::BTreeMap;

use super::Withheld;
use crate::plan::context::Context;
use crate::plan::seen::{Proof, Strange};
use model::compose_labels::ProjectFiles;
use model::demand::Demand;
use model::desired::ImageSource;
use model::id::{ImageRef, VolumeName};
use model::labels::BUILD_HASH;
use model::ledger::{Adopted, AdoptedContainer, AdoptedImage};
use model::plan::{LeftAlone, Thing, WaitingOn};
use model::spec::{Mount, MountSource};

/// Why a project of the deployment's name must not be taken for it: another stack of the
/// same name, started from elsewhere.
pub(super) fn other_stack(context: &Context<'_>) -> Option<WaitingOn> {
    let id = &context.deployment.id;
    let replicas = context.containers();
    let candidates = replicas.filter(|owned| owned.proof == Proof::Compose).map(|o| o.view);
    // Once some of the project is ours, what else it holds stands beside it.
    let remembered = context.record.is_some() || context.adopted.is_some();
    let unknown = !remembered && !context.has_labelled();
    let strangers = context.strangers().iter().filter(|_| unknown).map(|s| s.view);
    // No stack names the controller's own container: it stays as it is anyway.
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

/// What claims to be a replica of the deployment under another name: a second one beside it
/// might share its data.
pub(super) fn misnamed(context: &Context<'_>) -> Vec<Withheld> {
    let strangers = context.strangers().iter();
    strangers
        .filter_map(|stranger| match &stranger.why {
            Strange::Misnamed(name) => {
                let subject = format!("adopt container {}", stranger.view.name);
                let waiting_on = WaitingOn::ReplicaName { name: name.clone() };
                Some((subject, waiting_on, Some(context.deployment.origin.clone())))
            }
            Strange::Left(_) | Strange::Renamed(_) => None,
        })
        .collect()
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
        Strange::Misnamed(_) | Strange::Renamed(_) => None,
    });
    left.collect()
}

/// The resources of a deployment that become ours, and all that are adopted then.
#[derive(Clone)]
pub(in crate::plan) struct Adoption {
    pub(in crate::plan) things: Vec<Thing>,
    pub(in crate::plan) adopted: Adopted,
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
        let Some(view) = context.networks_named(name).next() else { continue };
        let ours = inventory.index().network_owner(view).is_some();
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
        let Some(view) = inventory.index().volume(name) else { continue };
        let labels = &view.spec.labels;
        let installation = &context.settings.installation;
        // Docker 20.10 calls the time of the last write at its top the time it was made.
        let ours = inventory.owner(name.as_str(), labels, installation).is_some()
            || all.adopted.volumes.contains_key(name);
        if !ours
            && (context.may_use(name.as_str(), labels)
                || is_mounted(context, name.as_str(), labels))
        {
            all.adopted.volumes.insert(name.clone(), view.created_at.clone());
            all.things.push(Thing::Volume { name: name.clone() });
        }
    }
}

/// Whether a volume of which nothing says who made it is in a container of this deployment, or
/// was: who prunes volumes during a pass lets the engine make one again, without labels.
pub(super) fn is_mounted(
    context: &Context<'_>,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> bool {
    let is_it = |m: &Mount| matches!(&m.source, MountSource::Volume(of) if of.as_str() == name);
    let adopted = context.adopted.is_some_and(|a| a.volumes.contains_key(&VolumeName::new(name)));
    let mut mounted = context.containers().flat_map(|owned| owned.view.spec.mounts.values());
    labels.is_empty() && (adopted || mounted.any(is_it))
}
