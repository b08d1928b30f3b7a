//! What each kind of grant gives away, in a few words: what an operator reads beside a line of
//! `allow`. The table says why a key needs it; this says what follows from granting it.

use crate::demand::Demand;
use crate::host_path::normalise;

/// Through these paths a container commands an engine.
const SOCKETS: [&str; 3] = ["docker.sock", "containerd.sock", "podman.sock"];

/// What the host gives away by granting this.
#[must_use]
pub fn gives(demand: &Demand) -> &'static str {
    match demand {
        Demand::Bind(path) => bind(&normalise(path)),
        Demand::Privileged => "root of the host",
        Demand::Namespace(text) => namespace(text),
        Demand::Device(_) => "that hardware; with a disk, all files on it",
        Demand::Capability(name) => match name.as_str() {
            "ALL" | "SYS_ADMIN" | "SYS_MODULE" | "SYS_PTRACE" | "SYS_RAWIO" | "DAC_READ_SEARCH"
            | "BPF" => "as good as root of the host",
            _ => "a right of root that containers do not have",
        },
        Demand::SecurityOpt(_) => "what confines the container",
        Demand::Propagation(_) => "mounts of the container appear on the host",
        Demand::Sysctl(_) => "a setting of the host's kernel",
        Demand::Annotation(_) => "what the runtime makes of it, up to programs of the host",
        Demand::LogDriver(_) => "logs go elsewhere, with the host's address",
        Demand::Runtime(_) => "whatever that runtime lets through",
        Demand::CgroupParent(_) => "the limits that the operator set for containers",
        Demand::Network(_) => "what is reached on that network, which may be another project's",
        Demand::Volume(_) => "the data in that volume, which may be another project's",
        Demand::Subnet(_) => "what the host sends to these addresses",
        Demand::Project(_) => "the containers that were started from that folder",
        Demand::DriverOption(text) => match text.split_once('=') {
            Some(("parent", _)) => "the host's own network",
            _ => "what the driver reaches with the host's address and privileges",
        },
        Demand::Build(text) => build(text),
        Demand::Unknown(field) => unknown(field),
    }
}

fn bind(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    if SOCKETS.contains(&name) || matches!(path, "/run" | "/var/run" | "/var/run/docker") {
        return "root of the host, by way of its engine";
    }
    match path {
        "/" | "/etc" | "/proc" | "/sys" | "/dev" | "/root" | "/boot" | "/var/lib/docker" => {
            "the host itself"
        }
        _ => "the host's files there, and below",
    }
}

fn namespace(text: &str) -> &'static str {
    match text {
        "network=host" => "the host's network, with all that listens on its loopback",
        "pid=host" => "all processes of the host",
        "ipc=host" => "the memory that programs of the host share",
        "userns=host" => "root of the container is root there",
        "uts=host" => "the name of the host",
        "cgroup=host" => "the control groups of the host",
        _ => "what that container has and reaches",
    }
}

fn build(text: &str) -> &'static str {
    match text.split_once('=').map_or(text, |(word, _)| word) {
        "ssh" => "signatures with the operator's ssh keys",
        "remote" => "a build of what is in no commit",
        "ulimit" => "a build that runs before all others of the host",
        _ => "what only the host's network reaches",
    }
}

fn unknown(field: &str) -> &'static str {
    match field.split('.').nth(1).unwrap_or_default() {
        "Ulimits" => "processes of the host give way to the container's",
        "LogConfig" => "logs may go elsewhere, with the host's address",
        "IPAM" => "another program gives the addresses",
        _ => "what no container has by itself: see docs/security.md",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_good_as_root_is_said_to_be() {
        let bind = |path: &str| gives(&Demand::Bind(path.to_owned()));
        for path in ["/var/run/docker.sock", "/run/../run/docker.sock", "/run"] {
            assert!(bind(path).contains("root of the host"), "{path}");
        }
        assert!(bind("/srv/data").contains("files"));
        assert!(gives(&Demand::Capability("SYS_ADMIN".to_owned())).contains("root"));
        assert!(!gives(&Demand::Capability("NET_ADMIN".to_owned())).contains("as good as"));
    }

    #[test]
    fn a_field_is_known_by_its_place() {
        let unknown = |field: &str| gives(&Demand::Unknown(field.to_owned()));
        assert!(unknown("HostConfig.Ulimits.rtprio").contains("give way"));
        assert!(unknown("Network.IPAM.Driver").contains("addresses"));
        assert!(unknown("HostConfig.Brandnew").contains("security.md"));
    }
}
