//! Reads what a scenario asks for, whatever the files are; what was kept of a deployment stands for
//! the stack that it was.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::ready;

use futures_util::future::LocalBoxFuture;
use model::desired::{Deployment, DesiredState, Layout};
use model::digest::Digest;
use model::secret::Content;
use reconcile::control::Load;
use sim::Sim;
use world::Snapshot;

use super::stacks::{Stack, Stacks, deployment, desired, promises};

thread_local! {
    /// What was kept, wherever it was kept.
    static KEPT: RefCell<BTreeMap<Digest, Stack>> = const { RefCell::new(BTreeMap::new()) };
}

/// The stacks of a revision, in a world.
pub(crate) struct Reading<'a> {
    sim: &'a Sim,
    stacks: &'a Stacks,
    desired: DesiredState,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(sim: &'a Sim, stacks: &'a Stacks) -> Self {
        Self { sim, stacks, desired: desired(stacks) }
    }
}

impl Load for Reading<'_> {
    fn load<'a>(&'a self, _: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        Box::pin(ready(self.desired.clone()))
    }

    fn keep(&self, _: &Snapshot, _: Layout, deployment: &Deployment) -> Result<Content, String> {
        let stack = self.stacks.get(&deployment.id).ok_or("it is not in it")?;
        let files = Content::new(format!("{} {}", deployment.id, deployment.hash).into_bytes());
        KEPT.with_borrow_mut(|kept| kept.insert(files.digest(), stack.clone()));
        Ok(files)
    }

    fn restore(
        &self,
        kept: &Content,
        _: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String> {
        let found = KEPT.with_borrow(|known| known.get(&kept.digest()).cloned());
        let stack = found.ok_or("it was never kept")?;
        let restored = deployment(&now.id, &stack);
        // On the way back both are promised: what holds of one only is not.
        let jobs = stack.services.iter().filter(|(_, part)| part.is_job());
        let jobs: Vec<_> = jobs.map(|(name, _)| name.clone()).collect();
        let mut promises = promises(&[], &[(now.id.clone(), stack)].into());
        for promise in promises.values_mut() {
            // No job runs again, and nobody waits for one.
            promise.after.retain(|on, _| !jobs.contains(on));
        }
        self.sim.also_promise(&now.id, promises);
        Ok(restored)
    }
}
