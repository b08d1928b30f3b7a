//! Single files that are bound: a container sees the file that was there when it started, also
//! after another one took its name.

use std::time::Duration;

use crate::plan::seen::{Owned, is_running};
use model::desired::Service;
use model::mark::Mark;
use model::plan::{ChangedBy, Difference};
use model::spec::ContainerSpec;

/// By how much the times of a file system and of its host's engine may differ.
const CLOCKS: Duration = Duration::from_secs(10);

/// The bound files of which a container that runs sees another one than is there now. Only a
/// container whose labels say which one it got can tell.
pub(super) fn differences(
    service: &Service,
    owned: &Owned<'_>,
) -> impl Iterator<Item = Difference> {
    let bound = service.bound.iter().filter(|_| is_running(owned));
    bound.filter_map(|(target, mark)| {
        let have = owned.identity.bound.get(target).filter(|have| **have != mark.inode)?;
        let mount = |spec: &ContainerSpec| spec.mounts.get(target)?.bound();
        // Another path is another difference.
        let same_path = mount(&owned.view.spec) == mount(&service.spec);
        (same_path && !started_since(owned, mark)).then(|| Difference {
            field: format!("volumes.{target}.content"),
            have: Some(format!("file {have}")),
            want: Some(format!("file {}", mark.inode)),
            by: ChangedBy::Source,
        })
    })
}

/// Whether it certainly started after the path led to this file: a start binds anew.
fn started_since(owned: &Owned<'_>, mark: &Mark) -> bool {
    let started = owned.view.state.started_at;
    mark.changed.is_some_and(|changed| started.is_some_and(|at| at > changed.plus(CLOCKS)))
}
