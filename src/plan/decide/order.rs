//! Which of two containers of a replica goes first, and why; and which volumes the new one
//! takes over.

use std::collections::BTreeMap;

use crate::model::desired::{RolloutOrder, Service};
use crate::model::id::VolumeName;
use crate::model::spec::{Mount, MountSource};
use crate::plan::fact::Fact;
use crate::plan::seen::{Owned, is_running};

/// Which of two containers goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Order {
    /// Nothing runs that would have to make room.
    Free,
    /// The new one is good before the old one stops.
    StartFirst,
    /// The old one stops first, for this reason: when the new one could start, or earlier,
    /// when these hold.
    StopFirst { why: String, early: Option<Vec<Fact>> },
}

impl Order {
    /// The old one stops when the new one could start.
    pub(super) fn stop_first(why: impl Into<String>) -> Self {
        Self::StopFirst { why: why.into(), early: None }
    }

    /// The order in words.
    pub(in crate::plan) fn text(&self) -> String {
        match self {
            Self::Free => "it does not run".to_owned(),
            Self::StartFirst => "start-first".to_owned(),
            Self::StopFirst { why, .. } => format!("stop-first: {why}"),
        }
    }

    /// What has to hold before the old one stops, if it does so earlier than it would.
    pub(in crate::plan) fn early(&self) -> Option<&[Fact]> {
        match self {
            Self::StopFirst { early, .. } => early.as_deref(),
            _ => None,
        }
    }

    pub(in crate::plan) fn is_stop_first(&self) -> bool {
        matches!(self, Self::StopFirst { .. })
    }
}

/// Start-first where ports, volumes, fixed addresses and what is shared allow it.
pub(super) fn order(service: &Service, surplus: &[&Owned<'_>], collides: Option<String>) -> Order {
    if !surplus.iter().any(|owned| is_running(owned)) {
        return Order::Free;
    }
    excludes(service, surplus, collides).map_or(Order::StartFirst, Order::stop_first)
}

/// Why the old and the new container of a replica must not run at once.
pub(super) fn excludes(
    service: &Service,
    surplus: &[&Owned<'_>],
    collides: Option<String>,
) -> Option<String> {
    let why = if service.rollout.order == Some(RolloutOrder::StopFirst) {
        "the stack asks for it".to_owned()
    } else if service.job {
        "it runs once".to_owned()
    } else if let Some(why) = collides {
        why
    } else if let Some(port) = service.spec.published.iter().find_map(|p| p.host_port.as_ref()) {
        if service.sensitive.contains("ports") {
            "it publishes a port".to_owned()
        } else {
            format!("it publishes port {port}")
        }
    } else if let Some(network) =
        service.spec.networks.iter().find(|(_, a)| a.ipv4.is_some() || a.ipv6.is_some())
    {
        format!("its address on {} is fixed", network.0)
    } else if let Some(target) = shared_volume(service, surplus) {
        format!("it writes to the volume at {target}")
    } else {
        return None;
    };
    Some(why)
}

/// The anonymous volumes of the newest predecessor, by target.
pub(super) fn anonymous_volumes(
    service: &Service,
    surplus: &[&Owned<'_>],
) -> BTreeMap<String, VolumeName> {
    let Some(owned) = surplus.last() else { return BTreeMap::new() };
    owned
        .view
        .volumes
        .iter()
        .filter(|(target, _)| {
            let was = owned.view.spec.mounts.get(*target).map(|mount| &mount.source);
            let named = service.spec.mounts.get(*target).map(|mount| &mount.source);
            was == Some(&MountSource::Anonymous)
                && matches!(named, None | Some(MountSource::Anonymous))
                && !service.spec.tmpfs.contains_key(*target)
        })
        .map(|(target, name)| (target.clone(), name.clone()))
        .collect()
}

/// The target of a volume that both containers would write to.
fn shared_volume(service: &Service, surplus: &[&Owned<'_>]) -> Option<String> {
    let writes = |mount: &Mount| !mount.read_only && !matches!(mount.source, MountSource::Image(_));
    let named = service.spec.mounts.iter().find(|(_, mount)| writes(mount));
    let anonymous = || anonymous_volumes(service, surplus).into_keys().next();
    named.map(|(target, _)| target.clone()).or_else(anonymous)
}
