//! Second stage, drift of one container: the named fields in which it is not what git wants,
//! compared with what the engine says it *is*, never with a label's hash alone. Knows nothing
//! of order or steps.

mod bound;
mod effective;
mod facts;
mod fields;
mod links;
mod networks;
mod peers;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub(super) use self::facts::asked;
pub use self::fields::{Class, FIELDS, class_of};
pub(super) use self::peers::Joined;

use self::effective::Side;
use self::facts::{Facts, contrast};
use self::fields::{is_dropped, is_filled_in, is_resolver};
use self::links::without_links_to_containers;
use self::networks::lost_networks;
use super::cause::Why;
use super::context::Context;
use super::fact::Fact;
use super::seen::{Owned, Proof, is_compatible_name, wanted_name};
use crate::model::desired::{ImageSource, Service};
use crate::model::digest::Digest;
use crate::model::id::ImageRef;
use crate::model::observed::ImageView;
use crate::model::plan::{ChangedBy, Difference};
use crate::model::secret::{Masker, is_sensitive_name};
use crate::model::spec::ContainerSpec;

/// What will be known of a service's image when its containers are made.
#[derive(Clone, Copy, Debug)]
pub(super) enum ImageUse<'a> {
    /// It is on the engine.
    Present(&'a ImageView),
    /// A step brings it.
    Brought,
    /// A step builds it anew; containers have what is on the engine. Whether it will be another
    /// one then, the next look shows.
    Rebuilt(&'a ImageView),
}

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
    image: ImageUse<'_>,
    (joins, context): (&[Joined], &Context<'_>),
) -> Drift {
    let unchanged = context.is_applied() || owned.identity.spec_hash == service.hash;
    let by = match (owned.proof, unchanged) {
        (Proof::Compose, _) => ChangedBy::Unknown,
        (_, true) => ChangedBy::Hand,
        (_, false) => ChangedBy::Git,
    };
    let shown = Shown { service, owned, masker: &context.settings.masker };
    let mut drift = Drift::default();
    let plain = |difference| shown.cause(difference, Vec::new());
    drift.recreate.extend(name_difference(service, owned, by).map(plain));
    if let Some(difference) = image_difference(service, owned, image, (by, context)) {
        let fact = Fact::Image(context.deployment.id.clone(), service.spec.image.clone());
        let known = |want: &String| (want.clone(), fact.clone());
        let brought = difference.want.iter().filter(|_| matches!(image, ImageUse::Brought));
        let pending = brought.map(known).collect();
        drift.recreate.push(shown.cause(difference, pending));
    }
    drift.recreate.extend(lost_networks(owned, context).map(plain));
    // What prepared a container of Compose's is not known.
    let init_hash = service.hooks.init_hash().filter(|_| owned.proof == Proof::Labels);
    for (field, have, want) in [
        ("files", &owned.identity.files_hash, &service.files_hash),
        ("pre_start", &owned.identity.init_hash, &init_hash),
    ] {
        // Whoever guesses a content could tell from its bare digest whether that is right.
        let mask =
            |hash: &Option<Digest>| hash.as_ref().map(|hash| shown.masker.mask(hash.as_str()));
        if have != want {
            let (field, have, want) = (field.to_owned(), mask(have), mask(want));
            let difference = Difference { field, have, want, by: ChangedBy::Git };
            drift.recreate.push(plain(difference));
        }
    }
    drift.recreate.extend(bound::differences(service, owned).map(plain));
    for mut difference in differences(service, owned, image, by, (joins, context)) {
        if by == ChangedBy::Hand && !context.is_applied() && is_limit(&difference.field) {
            // Changing a limit in place left the label's hash behind: it tells nothing.
            difference.by = ChangedBy::Unknown;
        }
        let pending = peers::explain(&mut difference, joins);
        let in_place = can_change_in_place(&difference);
        let cause = shown.cause(difference, pending);
        if in_place { drift.in_place.push(cause) } else { drift.recreate.push(cause) }
    }
    drift
}

/// The paths whose values differ, in order, without those that say nothing.
fn differences(
    service: &Service,
    owned: &Owned<'_>,
    image: ImageUse<'_>,
    by: ChangedBy,
    (joins, context): (&[Joined], &Context<'_>),
) -> Vec<Difference> {
    let (want, have) = both_sides(service, owned, joins, context);
    let image = match image {
        ImageUse::Present(image) | ImageUse::Rebuilt(image) => Some(image),
        // Defaults of an image that is not there yet are unknown: only what the stack
        // itself says can be compared. The image differs anyway.
        ImageUse::Brought => None,
    };
    let all = contrast(Side { spec: &want, image }, Side { spec: &have, image: None });
    let abilities = &context.inventory.contents.abilities;
    let paths: BTreeSet<&String> = all.iter().flat_map(Facts::keys).collect();
    let mut differences = Vec::new();
    for path in paths {
        let [want, have] = all.each_ref().map(|facts| facts.get(path));
        let says_nothing = (want.is_none() && image.is_none())
            || abilities.drops(path)
            || is_told_by_attachment(path, &all)
            || is_the_operators(path, want, owned)
            || is_leftover(path, want, have)
            || is_the_engines(path, want, have, owned);
        if want != have && !says_nothing {
            let (have, want) = (have.cloned(), want.cloned());
            differences.push(Difference { field: path.clone(), have, want, by });
        }
    }
    differences
}

/// What is wanted and what is there, in the same words.
fn both_sides<'s>(
    service: &'s Service,
    owned: &'s Owned<'_>,
    joins: &[Joined],
    context: &Context<'_>,
) -> (Cow<'s, ContainerSpec>, Cow<'s, ContainerSpec>) {
    let have = Cow::Borrowed(&owned.view.spec);
    let have = without_links_to_containers(have, owned, context.deployment);
    let mut have = without_own_names(have, owned);
    if !joins.is_empty() {
        peers::recognise(have.to_mut(), &service.spec, joins);
    }
    (without_own_names(Cow::Borrowed(&service.spec), owned), have)
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
    class_of(path) == Class::InPlace
}

/// Whether a difference can be mended as the container runs. The engine takes a limit of
/// nothing for "leave it as it is" (seen on 20.10), so that lifting one needs a new
/// container.
fn can_change_in_place(difference: &Difference) -> bool {
    let lifts_a_limit = difference.want.is_none()
        && !matches!(difference.field.as_str(), "pids_limit" | "memswap_limit" | "restart")
        && !difference.field.starts_with("networks.");
    is_limit(&difference.field) && !lifts_a_limit
}

/// Where the stack leaves DNS alone, the operator's resolvers may be set: switching
/// Consul on or off replaces nothing. What the stack asked for, and what Compose set, is not
/// the operator's.
fn is_the_operators(path: &str, want: Option<&String>, owned: &Owned<'_>) -> bool {
    let asked = || owned.identity.asked.iter().any(|asked| asked == path);
    want.is_none() && is_resolver(path) && owned.proof == Proof::Labels && !asked()
}

/// How a container is attached to a network only counts where it is attached.
fn is_told_by_attachment(path: &str, all: &[Facts; 2]) -> bool {
    let of = |head| path.strip_prefix(head);
    of("network_config.").or_else(|| of("mac_address.")).is_some_and(|network| {
        let attached = format!("networks.{network}");
        !all.iter().all(|facts| facts.contains_key(&attached))
    })
}

/// An anonymous volume that nobody asks for came over from a predecessor; to leave it
/// there costs nothing.
fn is_leftover(path: &str, want: Option<&String>, have: Option<&String>) -> bool {
    path.starts_with("volumes.")
        && want.is_none()
        && have.is_some_and(|have| have == "anonymous volume")
}

/// What an engine filled in because nobody said anything, and what it dropped although it
/// was said. A MAC address that it does not show, it has not given yet.
fn is_the_engines(
    path: &str,
    want: Option<&String>,
    have: Option<&String>,
    owned: &Owned<'_>,
) -> bool {
    let asked = || owned.identity.asked.iter().any(|asked| asked == path);
    match (have, want) {
        (Some(_), None) => is_filled_in(path) && !asked(),
        (None, Some(_)) => is_dropped(path) && asked() || path.starts_with("mac_address."),
        _ => false,
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
    let by = if owned.proof == Proof::Labels { ChangedBy::Git } else { by };
    (*have != want && !compatible).then(|| Difference {
        field: "container_name".to_owned(),
        have: Some(have.to_string()),
        want: Some(want.to_string()),
        by,
    })
}

/// Whether a container has this image, or one that is just like it.
pub(super) fn has_image(context: &Context<'_>, owned: &Owned<'_>, image: &ImageView) -> bool {
    let id = &owned.view.image_id;
    let known = || context.inventory.contents.images.get(&ImageRef::new(id.as_str()));
    *id == image.id || known().is_some_and(|its| its.is_like(image))
}

/// Images are compared by content: the same one under a new tag replaces nothing, nor does one
/// of the same files and defaults.
fn image_difference(
    service: &Service,
    owned: &Owned<'_>,
    image: ImageUse<'_>,
    (by, context): (ChangedBy, &Context<'_>),
) -> Option<Difference> {
    // What is built says what its container was to be built from.
    let built = matches!(service.image, ImageSource::Build(_)) && owned.proof == Proof::Labels;
    let by = if built && owned.identity.spec_hash != service.hash { ChangedBy::Git } else { by };
    let name = |image: &ImageRef, id: &str| {
        let id = id.strip_prefix("sha256:").unwrap_or(id);
        format!("{image} ({})", id.get(..12).unwrap_or(id))
    };
    let want = match image {
        ImageUse::Present(image) | ImageUse::Rebuilt(image) if has_image(context, owned, image) => {
            return None;
        }
        ImageUse::Present(image) | ImageUse::Rebuilt(image) => {
            name(&service.spec.image, image.id.as_str())
        }
        ImageUse::Brought => service.spec.image.to_string(),
    };
    Some(Difference {
        field: "image".to_owned(),
        have: Some(name(&owned.view.spec.image, owned.view.image_id.as_str())),
        want: Some(want),
        by,
    })
}

/// Turns differences into causes: finds their place and masks what is sensitive.
struct Shown<'a> {
    service: &'a Service,
    owned: &'a Owned<'a>,
    masker: &'a Masker,
}

impl Shown<'_> {
    fn cause(&self, mut difference: Difference, pending: Vec<(String, Fact)>) -> Why {
        let at = self.service.origins.find(&difference.field);
        if self.is_sensitive(&difference.field) {
            let mask = |value: Option<String>| value.map(|value| self.masker.mask(&value));
            difference.have = mask(difference.have);
            difference.want = mask(difference.want);
            difference.field = self.field(&difference.field);
        } else if self.is_of_unknown_origin(&difference.field) {
            difference.have = difference.have.map(|value| self.masker.mask(&value));
        }
        Why::differs(difference, at, pending)
    }

    /// A field's path as it may be shown: a host, a path or a port in it is a value of the
    /// stack, too, where names of variables, labels and networks are none.
    fn field(&self, path: &str) -> String {
        let named = ["environment", "labels", "files", "networks", "network_config", "mac_address"];
        match path.split_once('.') {
            Some((head, rest))
                if self.service.sensitive.contains(head) && !named.contains(&head) =>
            {
                format!("{head}.{}", self.masker.mask(rest))
            }
            _ => path.to_owned(),
        }
    }

    /// Nothing says where a variable of an adopted container came from: perhaps from an
    /// env file.
    fn is_of_unknown_origin(&self, path: &str) -> bool {
        self.owned.proof != Proof::Labels && path.starts_with("environment.")
    }

    fn is_sensitive(&self, path: &str) -> bool {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let named = matches!(head, "environment" | "labels") && is_sensitive_name(rest);
        let masked = head == "environment" && self.owned.identity.masked.iter().any(|n| n == rest);
        named
            || masked
            || self.service.sensitive.contains(path)
            || self.service.sensitive.contains(head)
    }
}
