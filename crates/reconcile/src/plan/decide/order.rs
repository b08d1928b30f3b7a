//! Which of two containers of a replica goes first, and why; and which volumes the new one
//! takes over.

use std::collections::BTreeMap;

use super::exclusive;
use crate::plan::fact::Fact;
use crate::plan::seen::{Owned, is_running};
use model::desired::{RolloutOrder, Service};
use model::id::VolumeName;
use model::spec::MountSource;

/// Which of two containers goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Order {
    /// Nothing runs that would have to make room.
    Free,
    /// The new one is healthy before the old one stops.
    StartFirst,
    /// The old one stops first, for this reason: when the new one could start, or earlier,
    /// when these hold; and whether it does so for a network, as all its members do.
    StopFirst { why: String, early: Option<Vec<Fact>>, uprooted: bool },
}

impl Order {
    /// The old one stops when the new one could start.
    pub(super) fn stop_first(why: impl Into<String>) -> Self {
        Self::StopFirst { why: why.into(), early: None, uprooted: false }
    }

    /// The order in words.
    pub(in crate::plan) fn text(&self) -> String {
        match self {
            Self::Free => "the old container has stopped".to_owned(),
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

    /// Whether the old one stops for a network.
    pub(in crate::plan) fn is_uprooted(&self) -> bool {
        matches!(self, Self::StopFirst { uprooted: true, .. })
    }

    /// The same, which says so if the stack asks for the other order.
    pub(super) fn asked(self, service: &Service) -> Self {
        match self {
            Self::StopFirst { why, early, uprooted }
                if service.rollout.order == Some(RolloutOrder::StartFirst) =>
            {
                let at = service.origins.find("deploy.update_config.order");
                let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
                let why = format!("start-first is asked for{at}, but {why}");
                Self::StopFirst { why, early, uprooted }
            }
            order => order,
        }
    }

    pub(in crate::plan) fn is_stop_first(&self) -> bool {
        matches!(self, Self::StopFirst { .. })
    }
}

/// Start-first where ports, volumes, fixed addresses and what is shared allow it.
pub(super) fn order(service: &Service, surplus: &[&Owned<'_>], collides: Option<String>) -> Order {
    let running: Vec<_> = surplus.iter().copied().filter(|owned| is_running(owned)).collect();
    if running.is_empty() {
        return Order::Free;
    }
    let taken = anonymous_volumes(service, surplus);
    excludes(service, &running, &taken, collides).map_or(Order::StartFirst, Order::stop_first)
}

/// Why these old containers of a replica and a new one, which takes over these anonymous
/// volumes, must not run at once.
pub(super) fn excludes(
    service: &Service,
    old: &[&Owned<'_>],
    taken: &BTreeMap<String, VolumeName>,
    collides: Option<String>,
) -> Option<String> {
    if service.rollout.order == Some(RolloutOrder::StopFirst) {
        return Some("the stack asks for it".to_owned());
    }
    if service.job {
        return Some("it runs once".to_owned());
    }
    let spec = &service.spec;
    let with_one = || {
        let views = old.iter().map(|owned| owned.view);
        if let Some(published) = views.clone().find_map(|view| exclusive::port(spec, view)) {
            let rendered = published.host_port.as_ref();
            let rendered = rendered.filter(|_| !service.sensitive.contains("ports"));
            return Some(match rendered {
                Some(port) => format!("it publishes port {port}"),
                None => "it publishes a port".to_owned(),
            });
        }
        if let Some(network) = views.clone().find_map(|view| exclusive::address(spec, view)) {
            return Some(format!("its address on {network} is fixed"));
        }
        let has = |name: &VolumeName| {
            views.clone().any(|view| view.volumes.values().any(|other| other == name))
        };
        let anonymous = || taken.iter().find(|(_, name)| has(name)).map(|(target, _)| target);
        let target = views.clone().find_map(|view| exclusive::data(spec, view)).or_else(anonymous);
        target.map(|target| format!("it writes to the volume at {target}"))
    };
    collides.or_else(with_one)
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
