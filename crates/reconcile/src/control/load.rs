//! Reading desired state out of a snapshot, which may take long: contexts are hashed, links
//! are followed. The loop asks for it and goes on.

use std::future::ready;

use futures_util::future::LocalBoxFuture;

use model::desired::DesiredState;
use world::Snapshot;

/// Reads desired state out of snapshots.
pub trait Load {
    /// Begins to read. Dropping the answer cancels it, and what is still
    /// being read for it may end.
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState>;
}

/// Where nothing else has to go on meanwhile, it is read on the spot.
impl<F: Fn(&Snapshot) -> DesiredState> Load for F {
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        Box::pin(ready(self(snapshot)))
    }
}
