//! Second stage, drift of one container: the named fields in which it is not what git wants,
//! compared with what the engine says it *is*, never with a label's hash alone. Knows nothing
//! of order or steps.

mod alone;
mod bound;
mod by;
mod effective;
mod facts;
mod image;
mod links;
mod mounted;
mod networks;
mod noise;
mod normal;
mod peers;
mod render;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use self::alone::{Alone, unlike};
pub(super) use self::facts::{Facts, asked, write_plain};
pub(super) use self::peers::Joined;

use self::by::{changed_by, take_back_guesses};
use self::effective::Side;
use self::facts::differing_facts;
pub(super) use self::image::{ImageUse, Images, has_image};

use self::image::{image_difference, is_given_by_image, is_other_image, of_same_name};
use self::links::without_links_to_containers;
pub(super) use self::networks::lost_networks;
use self::noise::{is_leftover, is_of_no_attachment, is_the_engines, is_the_operators};
pub(super) use self::normal::{of_missing, of_removed, of_replica};
use self::render::{CauseRenderer, Secrecy};
use super::cause::Why;
use super::context::Context;
use super::fact::Fact;
use super::seen::{Owned, Proof, is_compatible_name, wanted_name};
use model::ability::Abilities;
use model::desired::{Deployment, Service};
use model::digest::Digest;
use model::field::Class;
use model::fields::{class_of, is_chosen_by_engine};
use model::id::DeploymentId;
use model::plan::{ChangedBy, Difference};
use model::spec::ContainerSpec;

/// The differences between a container and its service, by class.
#[derive(Clone, Debug, Default)]
pub(super) struct Drift {
    /// Those that need a new container.
    pub(super) recreate: Vec<Why>,
    /// Those that can be changed as it runs.
    pub(super) in_place: Vec<Why>,
}

impl Drift {
    /// Whether nothing differs that needs a new container.
    pub(super) fn matches(&self) -> bool {
        self.recreate.is_empty()
    }
}

/// Compares a container with what its service wants.
pub(super) fn compare(
    service: &Service,
    owned: &Owned<'_>,
    images: &Images<'_>,
    (joins, context): (&[Joined], &Context<'_>),
) -> Drift {
    let image = images[&service.spec.image];
    let abilities = &context.inventory.contents.abilities;
    let mut found = differences(service, owned, image, (joins, context.deployment, abilities));
    let by = changed_by(service, owned, &found, context);
    for difference in &mut found {
        // Changing a limit in place left the label's hash behind: it tells nothing.
        let is_known =
            by != ChangedBy::Hand || context.is_applied() || !is_limit(&difference.field);
        let given = is_other_image(owned, image, context) && is_given_by_image(&difference.field);
        let by = if given { of_same_name(by) } else { by };
        difference.by = if is_known { by } else { ChangedBy::Unknown };
    }
    let secrecy =
        Secrecy { service: Some(service), owned: Some(owned), masker: &context.settings.masker };
    let renderer = CauseRenderer { service, secrecy };
    let mut drift = Drift::default();
    let plain = |difference| renderer.cause(difference, Vec::new());
    drift.recreate.extend(name_difference(service, owned, by).map(plain));
    if let Some(difference) = image_difference(service, owned, image, (by, context)) {
        let known = |by: &DeploymentId| {
            let fact = Fact::Image(by.clone(), service.spec.image.clone());
            difference.want.iter().map(|want| (want.clone(), fact.clone())).collect()
        };
        let pending = match image {
            ImageUse::Brought(by) => known(by),
            ImageUse::Present(_) | ImageUse::Renewed(_) => Vec::new(),
        };
        drift.recreate.push(renderer.cause(difference, pending));
    }
    drift.recreate.extend(lost_networks(owned, context).map(plain));
    // What prepared a container of Compose's is not known.
    let init_hash = service.hooks.init_hash().filter(|_| owned.proof == Proof::Labels);
    for (field, have, want) in [
        ("files", &owned.identity.files_hash, &service.files_hash),
        ("pre_start", &owned.identity.init_hash, &init_hash),
    ] {
        // A bare digest would confirm a guessed content.
        let mask =
            |hash: &Option<Digest>| hash.as_ref().map(|hash| secrecy.masker.mask(hash.as_str()));
        if have != want {
            let (field, have, want) = (field.to_owned(), mask(have), mask(want));
            let difference = Difference { field, have, want, by: ChangedBy::Source };
            drift.recreate.push(plain(difference));
        }
    }
    drift.recreate.extend(bound::differences(service, owned).map(plain));
    let mounted = mounted::differences(service, owned, images, (by, context));
    drift.recreate.extend(mounted.into_iter().map(|(other, wait)| renderer.cause(other, wait)));
    for mut difference in found {
        let pending = peers::explain(&mut difference, joins);
        let in_place = can_change_in_place(&difference);
        let cause = renderer.cause(difference, pending);
        if in_place { drift.in_place.push(cause) } else { drift.recreate.push(cause) }
    }
    take_back_guesses(&mut drift);
    drift
}

/// The paths whose values differ, in order, without those that say nothing.
fn differences(
    service: &Service,
    owned: &Owned<'_>,
    image: ImageUse<'_>,
    (joins, deployment, abilities): (&[Joined], &Deployment, &Abilities),
) -> Vec<Difference> {
    let (want, have) = both_sides(service, owned, joins, deployment);
    let [want, have] = sides(&want, &have, owned, image);
    let image = want.image;
    let all = differing_facts(want, have);
    let paths: BTreeSet<&String> = all.iter().flat_map(Facts::keys).collect();
    let mut differences = Vec::new();
    for path in paths {
        let [want, have] = all.each_ref().map(|facts| facts.get(path));
        let is_noise = (want.is_none() && image.is_none())
            || abilities.drops(path)
            || is_of_no_attachment(path, &all)
            || is_the_operators(path, want, owned)
            || is_leftover(path, want, have)
            || is_the_engines(path, want, have, owned);
        if want != have && !is_noise {
            let (have, want) = (have.cloned(), want.cloned());
            let (field, by) = (path.clone(), ChangedBy::Unknown);
            differences.push(Difference { field, have, want, by });
        }
    }
    differences
}

/// What is wanted with what its image and the engine add, and what is there.
fn sides<'s>(
    want: &'s ContainerSpec,
    have: &'s ContainerSpec,
    owned: &Owned<'_>,
    image: ImageUse<'s>,
) -> [Side<'s>; 2] {
    // What the stack asked for once is missed where the engine's own choice took its place.
    let filled_in =
        (!owned.identity.asked.iter().any(|path| is_chosen_by_engine(path))).then_some(have);
    [
        Side { spec: want, image: image.known(), filled_in },
        Side { spec: have, image: None, filled_in: None },
    ]
}

/// What is wanted and what is there, in the same words.
fn both_sides<'s>(
    service: &'s Service,
    owned: &'s Owned<'_>,
    joins: &[Joined],
    deployment: &Deployment,
) -> (Cow<'s, ContainerSpec>, Cow<'s, ContainerSpec>) {
    let have = Cow::Borrowed(&owned.view.spec);
    let have = without_links_to_containers(have, deployment);
    let have = mounted::by_name(have, &service.spec);
    let mut have = without_own_names(have, owned);
    if !joins.is_empty() {
        peers::recognise(have.to_mut(), &service.spec, joins);
    }
    let want = without_links_to_containers(Cow::Borrowed(&service.spec), deployment);
    (without_own_names(want, owned), have)
}

/// A container resolves under its own name and host name anyway; as aliases they say
/// nothing, and the engine does not tell them apart.
fn without_own_names<'s>(
    mut spec: Cow<'s, ContainerSpec>,
    owned: &Owned<'_>,
) -> Cow<'s, ContainerSpec> {
    let hostname = spec.hostname.clone();
    let own =
        |alias: &String| alias == owned.identity.name.as_str() || Some(alias) == hostname.as_ref();
    if spec.networks.values().any(|attachment| attachment.aliases.iter().any(own)) {
        for attachment in spec.to_mut().networks.values_mut() {
            attachment.aliases.retain(|alias| !own(alias));
        }
    }
    spec
}

/// Whether a field can be changed as the container runs.
fn is_limit(path: &str) -> bool {
    class_of(path).is_in_place()
}

/// Whether a difference can be repaired as the container runs.
fn can_change_in_place(difference: &Difference) -> bool {
    // With the old amount of memory and no limit on both together, a kernel refuses more memory
    // (seen with runc and control groups of version 1).
    if difference.field == "memswap_limit" && difference.want.as_deref() == Some("-1") {
        return false;
    }
    match class_of(&difference.field) {
        Class::InPlace { lifts } => lifts || difference.want.is_some(),
        Class::Recreate | Class::RecreateWithData => false,
    }
}

/// A replica has the name that the stack gives it; what Compose's version 1 called it stays
/// until it is replaced. Our labels hold the name, so that it cannot simply be renamed.
fn name_difference(service: &Service, owned: &Owned<'_>, by: ChangedBy) -> Option<Difference> {
    let (have, replica) = (&owned.identity.name, &owned.identity.replica);
    let want = wanted_name(service, replica);
    let compatible = owned.proof != Proof::Labels
        && service.container_name.is_none()
        && is_compatible_name(have, replica);
    // Its labels hold the name that git gave it.
    let by = if owned.proof == Proof::Labels { ChangedBy::Source } else { by };
    (*have != want && !compatible).then(|| Difference {
        field: "container_name".to_owned(),
        have: Some(have.to_string()),
        want: Some(want.to_string()),
        by,
    })
}
