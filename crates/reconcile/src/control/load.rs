//! Reading desired state out of a snapshot, which may take long: contexts are hashed, links
//! are followed. The loop asks for it and goes on.

use std::future::ready;

use futures_util::future::LocalBoxFuture;

use model::desired::{Deployment, DesiredState, Layout};
use model::secret::Content;
use world::Snapshot;

/// Reads desired state out of snapshots.
pub trait Load {
    /// Begins to read. Dropping the answer cancels it, and what is still
    /// being read for it may end.
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState>;

    /// The files of a deployment of that state, to be kept.
    ///
    /// # Errors
    /// Why they cannot be kept.
    fn keep(
        &self,
        snapshot: &Snapshot,
        layout: Layout,
        deployment: &Deployment,
    ) -> Result<Content, String>;

    /// The deployment whose files were kept, as it is beside those of this snapshot; `now` is what
    /// the source asks of it.
    ///
    /// # Errors
    /// Why it cannot be made of them.
    fn restore(
        &self,
        kept: &Content,
        snapshot: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String>;
}

/// Where nothing else has to go on meanwhile, it is read on the spot. Nothing is kept.
impl<F: Fn(&Snapshot) -> DesiredState> Load for F {
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        Box::pin(ready(self(snapshot)))
    }

    fn keep(&self, _: &Snapshot, _: Layout, _: &Deployment) -> Result<Content, String> {
        Err("nothing is kept".to_owned())
    }

    fn restore(&self, _: &Content, _: &Snapshot, _: &Deployment) -> Result<Deployment, String> {
        Err("nothing is kept".to_owned())
    }
}
