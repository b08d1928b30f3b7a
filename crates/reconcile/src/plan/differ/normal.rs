//! Both sides of a container in full, for people who lay one beside the other: they differ in
//! exactly the fields that the comparison names, and what says nothing stands on neither side.

use super::effective::Side;
use super::facts::{Facts, facts};
use super::image::named;
use super::links::without_links_to_containers;
use super::render::Secrecy;
use super::{Images, Joined, both_sides, compare, sides};
use crate::plan::cause::Why;
use crate::plan::context::Context;
use crate::plan::seen::{Owned, Proof};
use model::desired::Service;
use model::normal_form::NormalForm;
use model::plan::Difference;
use model::spec::ContainerSpec;
use std::borrow::Cow;

/// A container and what its service wants, what differs beside the comparison included.
pub(in crate::plan) fn of_replica(
    service: &Service,
    owned: &Owned<'_>,
    images: &Images<'_>,
    (joins, context): (&[Joined], &Context<'_>),
    more: Option<&Why>,
) -> [NormalForm; 2] {
    let secrecy =
        Secrecy { service: Some(service), owned: Some(owned), masker: &context.settings.masker };
    let drift = compare(service, owned, images, (joins, context));
    let all = drift.recreate.iter().chain(&drift.in_place).chain(more);
    let differences: Vec<&Difference> = all.filter_map(Why::difference).collect();
    let (want, have) = both_sides(service, owned, joins, context.deployment);
    let [want, have] =
        sides(&want, &have, owned, images[&service.spec.image]).map(|side| facts(side));
    let same = want.into_iter().filter(|(path, text)| have.get(path) == Some(text));
    let mut both: Facts = masked(secrecy, same);
    let image = ("image".to_owned(), named(&owned.view.spec.image, &owned.view.image_id));
    both.extend(masked(secrecy, [image]));
    let mut sides = [both.clone(), both];
    for Difference { field, have, want, .. } in differences {
        for (side, text) in sides.iter_mut().zip([have, want]) {
            side.remove(field);
            side.extend(text.clone().map(|text| (field.clone(), text)));
        }
    }
    sides.map(NormalForm::new)
}

/// What a replica shall be of which there is no container.
pub(in crate::plan) fn of_missing(
    service: &Service,
    images: &Images<'_>,
    context: &Context<'_>,
) -> NormalForm {
    let secrecy = Secrecy { service: Some(service), owned: None, masker: &context.settings.masker };
    let spec = without_links_to_containers(Cow::Borrowed(&service.spec), context.deployment);
    let image = images.get(&service.spec.image).and_then(|image| image.known());
    let mut all = facts(Side { spec: &spec, image, filled_in: None });
    all.insert("image".to_owned(), service.spec.image.to_string());
    // A bare digest would confirm a guessed content.
    for (field, hash) in [("files", &service.files_hash), ("pre_start", &service.hooks.init_hash())]
    {
        let hash = hash.as_ref().map(|hash| secrecy.masker.mask(hash.as_str()));
        all.extend(hash.map(|hash| (field.to_owned(), hash)));
    }
    NormalForm::new(masked(secrecy, all))
}

/// A container that goes; of its service, if the stack still has it.
pub(in crate::plan) fn of_removed(
    service: Option<&Service>,
    owned: &Owned<'_>,
    masker: &model::secret::Masker,
) -> NormalForm {
    let secrecy = Secrecy { service, owned: Some(owned), masker };
    let spec: &ContainerSpec = &owned.view.spec;
    let mut all = facts(Side { spec, image: None, filled_in: None });
    all.insert("image".to_owned(), named(&spec.image, &owned.view.image_id));
    // Its labels hold only the names of those variables that are sensitive.
    if owned.proof != Proof::Labels {
        for (path, text) in &mut all {
            if secrecy.is_of_unknown_origin(path) && !secrecy.is_sensitive(path) {
                *text = masker.mask(text);
            }
        }
    }
    NormalForm::new(masked(secrecy, all))
}

/// Facts without what is sensitive.
fn masked(secrecy: Secrecy<'_>, facts: impl IntoIterator<Item = (String, String)>) -> Facts {
    let mask = |(path, text): (String, String)| {
        if secrecy.is_sensitive(&path) {
            (secrecy.field(&path), secrecy.masker.mask(&text))
        } else {
            let text = secrecy.rendered(&path, &text);
            (path, text)
        }
    };
    facts.into_iter().map(mask).collect()
}
