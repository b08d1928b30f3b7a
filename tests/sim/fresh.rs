//! Services that pull their images for each revision, and a registry that has newer ones then.

use std::collections::{BTreeMap, BTreeSet};

use model::id::{DeploymentId, ImageRef, ServiceName};
use sim::Rng;

use super::stacks::Stacks;

/// What a registry has, revision after revision.
pub(crate) struct Registry {
    rng: Rng,
    revision: u32,
    /// Which services pull for each revision.
    fresh: BTreeMap<(DeploymentId, ServiceName), bool>,
}

impl Registry {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, revision: 0, fresh: BTreeMap::new() }
    }

    /// Lets services of a revision pull. Returns the images that are newer now, and of which files
    /// they are.
    pub(crate) fn renew(&mut self, stacks: &mut Stacks) -> Vec<(ImageRef, String)> {
        self.revision += 1;
        let mut images = BTreeSet::new();
        for (id, stack) in stacks {
            for (name, part) in &mut stack.services {
                let rng = &mut self.rng;
                let key = (id.clone(), name.clone());
                let fresh = *self.fresh.entry(key).or_insert_with(|| rng.chance(600));
                part.fresh = fresh.then_some(0);
                let files = rng.below(3);
                // What is in `data` says which volumes there are.
                if !part.image.starts_with("data") && rng.chance(500) {
                    images.insert((part.reference(id, name), files));
                }
            }
        }
        let of = |files| format!("revision {} files {files}", self.revision);
        images.into_iter().map(|(image, files)| (image.as_str().into(), of(files))).collect()
    }
}
