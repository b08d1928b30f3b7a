//! Which container this program itself runs in, so that it is never stopped or removed,
//! and so that its mounts tell where the engine's host sees our files.
//!
//! The kernel shows it in several places, each of which can mislead (another engine's
//! container, an inherited host name): what they name counts only if the engine knows it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use model::id::ContainerId;

const MOUNTS: &str = "/proc/self/mountinfo";
const CONTROL_GROUP: &str = "/proc/self/cgroup";
const HOSTNAME: &str = "/etc/hostname";
/// Files that the engine puts over the image's, each from its folder of the container.
/// All other mounts say nothing: a host sees those of its containers.
const INJECTED: [&str; 3] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
/// Those of them that no host mounts for itself.
const TELLING: [&str; 2] = ["/etc/hostname", "/etc/hosts"];

/// What may name our own container.
#[derive(Debug, Default)]
pub struct Traces {
    /// What is mounted over the files that an engine puts over an image's.
    injected: Vec<String>,
    control_group: String,
    hostname: String,
}

impl Traces {
    /// The traces of this process, read once: they last as long as it does.
    #[must_use]
    pub fn ours() -> &'static Self {
        static OURS: LazyLock<Traces> = LazyLock::new(Traces::read);
        &OURS
    }

    fn read() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        // The kernel takes long to write down all mounts of a host with many containers. A host
        // may well mount its resolv.conf, and an engine may be configured to leave one file alone.
        let mounts = TELLING.into_iter().any(may_be_mounted).then(|| read(MOUNTS));
        Self::of(&mounts.unwrap_or_default(), read(CONTROL_GROUP), read(HOSTNAME).trim())
    }

    fn of(mounts: &str, control_group: String, hostname: &str) -> Self {
        let injected = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(3);
            let (root, point) = (fields.next()?, fields.next()?);
            INJECTED.contains(&point).then(|| root.to_owned())
        });
        let injected = injected.collect();
        Self { injected, control_group, hostname: hostname.to_owned() }
    }

    /// Whether an engine may have started us; a mark alone proves nothing.
    #[must_use]
    pub fn are_of_a_container(&self) -> bool {
        !self.injected.is_empty()
    }

    /// The ids that they name, or the beginning of one.
    #[must_use]
    pub fn candidates(&self) -> BTreeSet<ContainerId> {
        let all = self.injected.iter().chain([&self.control_group]);
        let words = all.flat_map(|trace| trace.split(|c: char| !c.is_ascii_hexdigit()));
        let long = words.filter(|word| word.len() == 64);
        let short = [self.hostname.as_str()].into_iter().filter(|name| is_short_id(name));
        long.chain(short).map(ContainerId::from).collect()
    }

    /// Our own container, if it is among these.
    pub(in crate::docker) fn among(&self, ids: &[ContainerId]) -> Option<ContainerId> {
        let candidates = self.candidates();
        let short = |id: &&ContainerId| is_short_id(&self.hostname) && id.short() == self.hostname;
        let named = ids.iter().find(|id| candidates.contains(*id));
        named.or_else(|| ids.iter().find(short)).cloned()
    }
}

fn is_short_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether something may be mounted at this very path. Old kernels do not say.
fn may_be_mounted(path: &str) -> bool {
    match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()) {
        Ok(seen) if seen.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) => {
            seen.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
        }
        Ok(_) => true,
        Err(error) => error != rustix::io::Errno::NOENT,
    }
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

    fn find(ids: &[ContainerId], mounts: &str, group: &str, hostname: &str) -> Option<ContainerId> {
        let traces = Traces::of(mounts, group.to_owned(), hostname);
        // Who asks for the candidates one by one finds the same as who has a list.
        let found = traces.among(ids);
        let matches = |id: &&ContainerId| {
            let begins = |candidate: &ContainerId| id.as_str().starts_with(candidate.as_str());
            traces.candidates().iter().any(begins)
        };
        assert_eq!(ids.iter().find(matches), found.as_ref());
        found
    }

    #[test]
    fn the_mounts_name_it() {
        let mounts = mount(&id('b'), "hostname", "/etc/hostname");
        assert!(Traces::of(&mounts, String::new(), "").are_of_a_container());
        assert_eq!(find(&[id('a'), id('b')], &mounts, "", "web"), Some(id('b')));
    }

    #[test]
    fn a_host_that_sees_the_mounts_of_its_containers_is_none_of_them() {
        let shm = "/var/lib/docker/containers/b/mounts/shm";
        let mounts = mount(&id('b'), "mounts/shm", shm);
        assert!(!Traces::of(&mounts, String::new(), "").are_of_a_container());
        assert_eq!(find(&[id('b')], &mounts, "", "host"), None);
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

    #[test]
    fn what_is_mounted_is_seen_without_the_list_of_mounts() {
        assert!(may_be_mounted("/proc"));
        assert!(!may_be_mounted("/proc/self/status") && !may_be_mounted("/proc/nothing"));
    }
}
