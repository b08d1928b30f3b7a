//! Images that are on the engine and are brought anew: of which of them another one may come, and by
//! whose steps.

use std::collections::BTreeMap;

use super::Across;
use crate::plan::context::Context;
use crate::plan::differ::{ImageUse, Images};
use crate::plan::fact::Fact;
use crate::plan::when::Others;
use model::id::{DeploymentId, ImageRef};

/// Images that are on the engine, and of which another one may come.
#[derive(Default)]
pub(in crate::plan) struct Renewals<'a> {
    /// What will be known of each image if they all are others; empty if none is renewed.
    pub(in crate::plan) images: Images<'a>,
    /// By which steps each may come.
    pub(in crate::plan) by: BTreeMap<&'a ImageRef, Others>,
}

/// Which of the images may be others after this pass: what this deployment brings anew, and what
/// another one does on the same engine.
pub(super) fn renewals<'a>(
    context: &Context<'a>,
    images: &Images<'a>,
    across: &Across,
) -> Renewals<'a> {
    let deployment = context.deployment;
    let mut all = Renewals::default();
    if across.unconditional.contains(&deployment.id) {
        return all;
    }
    for (image, used) in images {
        let Some(view) = used.known() else { continue };
        let own = matches!(used, ImageUse::Renewed(_)).then_some(&deployment.id);
        let by_others = across.renewing(&deployment.engine, image);
        let mut by: Vec<&DeploymentId> = by_others.filter(|id| **id != deployment.id).collect();
        by.extend(own);
        if by.is_empty() {
            continue;
        }
        let fact = |id: &&DeploymentId| Fact::Image((*id).clone(), (*image).clone());
        all.by.insert(*image, by.iter().map(|id| (fact(id), view.content())).collect());
    }
    if !all.by.is_empty() {
        let brought = |image: &&'a ImageRef| {
            // Which of several it is makes no difference: all of them come first.
            let given = all.by.get(*image)?.keys().next()?;
            let Fact::Image(by, _) = given else { return None };
            let known = context.desired.deployments.get_key_value(by)?;
            Some(ImageUse::Brought(known.0))
        };
        let each = images.iter().map(|(image, used)| (*image, brought(image).unwrap_or(*used)));
        all.images = each.collect();
    }
    all
}

/// The images that are on the engine and pulled anew for a deployment.
pub(in crate::plan) fn refreshed<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a ImageRef> {
    let context = *context;
    let services = context.deployment.services.values().filter(|service| service.replicas > 0);
    let stale = services.filter(move |s| context.is_stale(s) && context.image(s).is_some());
    stale.map(|service| &service.spec.image)
}
