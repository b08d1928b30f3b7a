//! What a container shares with others, compared by which container that is.

use crate::plan::fact::{Fact, Who};
use crate::plan::seen::names;
use model::id::ContainerName;
use model::plan::{ChangedBy, Difference};
use model::share::Peer;
use model::spec::ContainerSpec;

/// The container behind a [`Peer`].
#[derive(Clone, Debug)]
pub(in crate::plan) struct Joined {
    /// As the stack names it.
    pub(in crate::plan) peer: Peer,
    /// Which it is.
    pub(in crate::plan) who: Who,
    /// Its name then.
    pub(in crate::plan) name: ContainerName,
}

/// Gives what a container shares the name that the stack has for it, where it is the
/// container that the stack means.
pub(super) fn recognise(have: &mut ContainerSpec, want: &ContainerSpec, joins: &[Joined]) {
    let means = |want: &Peer, have: &Peer| {
        let Peer::Container(text) = have else { return false };
        let join = joins.iter().find(|join| join.peer == *want);
        join.is_some_and(|join| match &join.who {
            Who::Known(id) => names(text, id, &join.name),
            Who::Made(..) => false,
        })
    };
    for (have, want) in [
        (&mut have.network_mode, &want.network_mode),
        (&mut have.ipc, &want.ipc),
        (&mut have.pid, &want.pid),
    ] {
        if let (Some(seen), Some(meant)) = (have.peer(), want.peer())
            && means(meant, seen)
        {
            have.clone_from(want);
        }
    }
    for (have, want) in have.volumes_from.iter_mut().zip(&want.volumes_from) {
        if means(&want.peer, &have.peer) {
            have.peer.clone_from(&want.peer);
        }
    }
}

/// Says of a difference in what is shared that nobody need have changed anything: the other
/// container became another one. Returns which parts of it are known only later.
pub(super) fn explain(difference: &mut Difference, joins: &[Joined]) -> Vec<(String, Fact)> {
    let shared = ["network_mode", "ipc", "pid", "volumes_from"].contains(&&*difference.field);
    let (true, Some(have), Some(_)) = (shared, &difference.have, &difference.want) else {
        return Vec::new();
    };
    if difference.by == ChangedBy::Hand && have.contains("container:") {
        difference.by = ChangedBy::Unknown;
    }
    let made = joins.iter().filter(|join| matches!(join.who, Who::Made(..)));
    made.map(|join| (join.peer.to_string(), Fact::Exists(join.who.clone()))).collect()
}
