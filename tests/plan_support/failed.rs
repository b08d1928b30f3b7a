//! Rollouts that failed, in the worlds of the golden tests: what worked is kept, and put in the
//! place of a revision that does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::desired::{Deployment, DesiredState, Entry, Service};
use model::id::{DeploymentId, ImageRef, Revision};
use model::ledger::{Quarantine, Then};
use model::observed::EngineView;
use model::rollback::{Instead, InsteadOf, Why};
use model::secret::Content;
use model::time::Timestamp;
use reconcile::stack::kept;

use super::World;

/// What is known of deployments that worked, and of those that failed.
#[derive(Default)]
pub(super) struct Failed {
    stable: BTreeMap<DeploymentId, Stable>,
    quarantines: BTreeMap<DeploymentId, Quarantine>,
}

struct Stable {
    revision: Revision,
    files: Content,
    images: BTreeMap<ImageRef, ImageRef>,
}

fn valid(desired: &DesiredState, id: &DeploymentId) -> Arc<Deployment> {
    match desired.deployments.get(id) {
        Some(Entry::Valid(deployment, _)) => Arc::clone(deployment),
        other => panic!("{id} is not valid: {other:?}"),
    }
}

impl World {
    /// A deployment works as it is.
    pub(super) fn works(&mut self, id: &DeploymentId) {
        let desired = self.asked();
        let deployment = valid(&desired, id);
        let (snapshot, options) = self.read();
        let files =
            kept::keep(&snapshot, &options, desired.layout, &deployment).expect("it is kept");
        let observed = self.observed();
        let EngineView::Seen(contents) = &observed.engines[&deployment.engine] else {
            panic!("an engine")
        };
        let pin = |service: &Service| {
            let image = contents.images.get(&service.spec.image)?;
            Some((service.spec.image.clone(), image.repo_digests.first()?.as_str().into()))
        };
        let images = deployment.services.values().filter_map(pin).collect();
        let stable = Stable { revision: self.revision.clone(), files, images };
        self.failed.stable.insert(id.clone(), stable);
    }

    /// The rollout of a deployment as it is wanted failed.
    pub(super) fn fails(&mut self, id: &DeploymentId, then: Then) {
        let quarantine = Quarantine {
            revision: self.revision.clone(),
            hash: valid(&self.asked(), id).hash.clone(),
            at: Timestamp(0),
            why: "await shop-web-1 healthy: it exited with code 3".to_owned(),
            then,
        };
        self.failed.quarantines.insert(id.clone(), quarantine);
    }

    /// Puts what worked in the place of what failed.
    pub(super) fn substituted(&self, mut desired: DesiredState) -> DesiredState {
        let (snapshot, options) = self.read();
        for (id, quarantine) in &self.failed.quarantines {
            let now = valid(&desired, id);
            if !quarantine.holds(&now.hash) {
                continue;
            }
            let stable = self.failed.stable.get(id).filter(|_| quarantine.then == Then::Rollback);
            let (deployment, of) = match stable {
                Some(stable) => {
                    let restored = kept::restore(&stable.files, &snapshot, &options, id);
                    let deployment = restored.expect("it is restored").again(&stable.images);
                    (deployment, InsteadOf::Stable(stable.revision.clone()))
                }
                None => (Deployment::clone(&now).standing(), InsteadOf::Standing),
            };
            desired.deployments.insert(id.clone(), Entry::Valid(Arc::new(deployment), Vec::new()));
            desired
                .instead
                .insert(id.clone(), Instead { why: Why::Failed(quarantine.clone()), of });
        }
        desired
    }
}
