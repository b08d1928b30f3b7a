//! What a container shares with the host or with others, as inspect shows it.

use std::collections::BTreeSet;

use crate::docker::wire::answer::{HostConfig, MountPoint};
use model::share::{Namespace, Peer, VolumesFrom};
use model::spec::ContainerSpec;

/// Fills in what is shared.
pub(super) fn read(spec: &mut ContainerSpec, host: &HostConfig) {
    spec.network_mode = namespace(host.network_mode.as_deref());
    spec.ipc = namespace(host.ipc_mode.as_deref());
    spec.pid = namespace(host.pid_mode.as_deref());
    spec.volumes_from = host.volumes_from.iter().flatten().map(|text| volumes_from(text)).collect();
    spec.links = host.links.iter().flatten().filter_map(|text| link(text)).collect();
}

/// Whether the container has a network of its own, and thereby a name there.
pub(super) fn has_own_network(host: &HostConfig) -> bool {
    !matches!(namespace(host.network_mode.as_deref()), Namespace::Host | Namespace::Of(_))
}

/// A network's own name leaves the namespace to the container's networks.
fn namespace(mode: Option<&str>) -> Namespace {
    match mode.unwrap_or_default() {
        "host" => Namespace::Host,
        "none" => Namespace::None,
        "private" => Namespace::Private,
        "shareable" => Namespace::Shareable,
        mode => match mode.strip_prefix("container:") {
            Some(container) => Namespace::Of(Peer::Container(container.into())),
            None => Namespace::Default,
        },
    }
}

fn volumes_from(text: &str) -> VolumesFrom {
    let (container, mode) = text.split_once(':').unwrap_or((text, ""));
    let read_only = mode.split(',').any(|word| word == "ro");
    VolumesFrom { peer: Peer::Container(container.into()), read_only }
}

/// `/db:/web/alias`, as the engine keeps it.
fn link(text: &str) -> Option<String> {
    let (target, alias) = text.split_once(':')?;
    let alias = alias.rsplit('/').next()?;
    Some(format!("{}:{alias}", target.trim_start_matches('/')))
}

/// Leaves only the mounts that the container asked for itself, of those that it has: the
/// others came over from the containers whose volumes it shares.
pub(super) fn keep_own_mounts(spec: &mut ContainerSpec, declared: &[String], host: &HostConfig) {
    if host.volumes_from.iter().flatten().next().is_none() {
        return;
    }
    let bound = host.binds.iter().flatten().filter_map(|bind| bind.split(':').nth(1));
    let mounted = host.mounts.iter().flatten().filter_map(|mount| mount.target.as_deref());
    let asked: BTreeSet<&str> = bound.chain(mounted).collect();
    spec.mounts.retain(|target, _| asked.contains(target.as_str()));
    for target in declared {
        spec.mounts.entry(target.clone()).or_default();
    }
}

/// The volumes that are the container's own, by target: a shared one stays with its owner.
pub(super) fn own_volumes<'a>(
    spec: &'a ContainerSpec,
    points: &'a [MountPoint],
) -> impl Iterator<Item = &'a MountPoint> {
    points.iter().filter(|point| {
        let target = point.destination.as_deref().unwrap_or_default();
        spec.volumes_from.is_empty() || spec.mounts.contains_key(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::spec::{Mount, MountSource};

    #[test]
    fn a_mode_is_read_as_what_it_shares() {
        let other = Namespace::Of(Peer::Container("0123".into()));
        assert_eq!(namespace(Some("container:0123")), other);
        assert_eq!(namespace(Some("host")), Namespace::Host);
        assert_eq!(namespace(Some("abc_default")), Namespace::Default);
        assert_eq!(namespace(None), Namespace::Default);
    }

    #[test]
    fn a_link_is_read_without_the_engines_slashes() {
        assert_eq!(link("/abc-db-1:/abc-web-1/db").as_deref(), Some("abc-db-1:db"));
    }

    #[test]
    fn mounts_of_others_are_not_the_containers_own() {
        let mount = |source| Mount { source, ..Mount::default() };
        let mut spec = ContainerSpec::of_image("web".into());
        spec.mounts.insert("/own".to_owned(), mount(MountSource::Volume("abc_own".into())));
        spec.mounts.insert("/theirs".to_owned(), mount(MountSource::Bind("/srv".to_owned())));
        spec.mounts.insert("/cache".to_owned(), mount(MountSource::Bind("/tmp".to_owned())));
        let host = HostConfig {
            binds: Some(vec!["abc_own:/own:rw".to_owned()]),
            volumes_from: Some(vec!["0123:ro".to_owned()]),
            ..HostConfig::default()
        };
        keep_own_mounts(&mut spec, &["/cache".to_owned()], &host);
        let targets: Vec<_> = spec.mounts.keys().map(String::as_str).collect();
        assert_eq!(targets, ["/cache", "/own"]);
        assert_eq!(spec.mounts["/cache"].source, MountSource::Anonymous);
    }
}
