//! Which container this program itself runs in, so that it is never stopped or removed.
//!
//! The kernel shows it in several places, each of which can mislead (another engine's
//! container, an inherited host name): what they name counts only if the engine lists it.

use crate::model::id::ContainerId;

const MOUNTS: &str = "/proc/self/mountinfo";
const CONTROL_GROUP: &str = "/proc/self/cgroup";
const HOSTNAME: &str = "/etc/hostname";
/// Files that the engine puts over the image's, each from its folder of the container.
/// All other mounts say nothing: a host sees those of its containers.
const INJECTED: &[&str] = &["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/// Our own container, if it is among these.
pub(super) fn among(ids: &[ContainerId]) -> Option<ContainerId> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    find(ids, &read(MOUNTS), &read(CONTROL_GROUP), read(HOSTNAME).trim())
}

fn find(
    ids: &[ContainerId],
    mounts: &str,
    control_group: &str,
    hostname: &str,
) -> Option<ContainerId> {
    let mut traces: Vec<&str> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(3);
            let (root, point) = (fields.next()?, fields.next()?);
            INJECTED.contains(&point).then_some(root)
        })
        .collect();
    traces.push(control_group);
    let named = |id: &&ContainerId| {
        id.as_str().len() == 64 && traces.iter().any(|trace| trace.contains(id.as_str()))
    };
    let short = |id: &&ContainerId| hostname.len() == 12 && id.short() == hostname;
    ids.iter().find(named).or_else(|| ids.iter().find(short)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(c: char) -> ContainerId {
        ContainerId::new(c.to_string().repeat(64))
    }

    fn mount(id: &ContainerId, file: &str, point: &str) -> String {
        format!("602 590 8:1 /var/lib/docker/containers/{id}/{file} {point} rw - ext4 /dev/sda1 rw")
    }

    #[test]
    fn the_mounts_name_it() {
        let mounts = mount(&id('b'), "hostname", "/etc/hostname");
        assert_eq!(find(&[id('a'), id('b')], &mounts, "", "web"), Some(id('b')));
    }

    #[test]
    fn a_host_that_sees_the_mounts_of_its_containers_is_none_of_them() {
        let shm = "/var/lib/docker/containers/b/mounts/shm";
        assert_eq!(find(&[id('b')], &mount(&id('b'), "mounts/shm", shm), "", "host"), None);
    }

    #[test]
    fn the_control_group_or_the_host_name_names_it() {
        let group = format!("0::/system.slice/docker-{}.scope", id('c'));
        assert_eq!(find(&[id('c')], "", &group, ""), Some(id('c')));
        assert_eq!(find(&[id('d')], "", "0::/", &"d".repeat(12)), Some(id('d')));
    }

    #[test]
    fn a_container_of_another_engine_is_not_ours() {
        let group = format!("0::/docker/{}", id('e'));
        assert_eq!(find(&[id('a')], "", &group, "aaaa"), None);
        assert_eq!(find(&[], "", &group, ""), None);
    }
}
