//! The table of fields: a row for each thing that a container can differ in.
//!
//! A plain field has a value that every user of the table can read and set; the others are
//! structured, and each user has a function of its own for them. [`crate::field`] says what a row
//! holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::container::limits::{BLKIO, LIMITS};
use super::container::privilege::{DEVICES, PRIVILEGES};
use super::container::{CONTAINER, ContainerSpec};
use super::demand::Demand;
use super::field::{Chosen, Class, Field, Form, Kernel, Part, Reach, Row};

/// What is compared of a container and is no plain field: the head of a difference's path, what
/// a difference costs, and what is compared.
const STRUCTURED: &[(&str, Class, &str)] = &[
    ("command", Class::Recreate, "`Config.Cmd`, image default included"),
    (
        "device_requests",
        Class::Recreate,
        "`HostConfig.DeviceRequests`: `gpus`, reserved devices, CDI names",
    ),
    ("devices", Class::Recreate, "`HostConfig.Devices`: each path, its source and permissions"),
    ("entrypoint", Class::Recreate, "`Config.Entrypoint`, image default included"),
    ("environment", Class::Recreate, "each variable, image defaults included"),
    ("expose", Class::Recreate, "`Config.ExposedPorts`, image defaults included"),
    ("files", Class::Recreate, "content of configs, secrets and files of the tree"),
    ("healthcheck", Class::Recreate, "each part, image default included"),
    ("image", Class::Recreate, "the image's files and defaults, never its tag"),
    ("ipc", Class::Recreate, "`HostConfig.IpcMode`, if the stack sets one"),
    ("labels", Class::Recreate, "each label but identity labels, image defaults included"),
    ("links", Class::Recreate, "`HostConfig.Links`, on the engine's own bridge"),
    (
        "logging",
        Class::Recreate,
        "`HostConfig.LogConfig`: the driver and each option, those that the stack sets",
    ),
    ("mac_address", Class::Recreate, "the address on each network, if the stack sets one"),
    (
        "mount_options",
        Class::Recreate,
        "of each mount: propagation, recursion, SELinux label, subpath, labels, consistency",
    ),
    (
        "network_config",
        Class::Recreate,
        "on each network: aliases, links, fixed addresses, interface, options",
    ),
    ("network_mode", Class::Recreate, "`HostConfig.NetworkMode`: the host's, or whose"),
    ("networks", Class::InPlace { lifts: true }, "which networks it is attached to"),
    ("pid", Class::Recreate, "`HostConfig.PidMode`: the host's, or whose"),
    ("ports", Class::Recreate, "`HostConfig.PortBindings`"),
    ("pre_start", Class::Recreate, "the definition of the init containers"),
    ("restart", Class::InPlace { lifts: true }, "`HostConfig.RestartPolicy`"),
    (
        "security_opt",
        Class::Recreate,
        "`HostConfig.SecurityOpt`, `MaskedPaths` and `ReadonlyPaths`",
    ),
    ("tmpfs", Class::Recreate, "each tmpfs and its options"),
    ("ulimits", Class::Recreate, "`HostConfig.Ulimits`, those that the stack sets"),
    (
        "volumes",
        Class::RecreateWithData,
        "each mount: source and mode; of a single file of a folder source, whether it is still \
         the file that was bound",
    ),
    ("volumes_from", Class::RecreateWithData, "`HostConfig.VolumesFrom`, in order"),
];

/// Structured fields that the engine fills in where nobody says anything.
const FILLED_IN: &[&str] = &["ipc", "logging", "mac_address", "ulimits"];

/// Every plain field of a container.
pub fn plain() -> impl Iterator<Item = &'static Field<ContainerSpec>> {
    [CONTAINER, LIMITS, BLKIO, PRIVILEGES, DEVICES].into_iter().flatten()
}

/// The plain field of a key of the stack.
#[must_use]
pub fn of_key(key: &str) -> Option<&'static Field<ContainerSpec>> {
    static BY_KEY: LazyLock<BTreeMap<&str, &Field<ContainerSpec>>> =
        LazyLock::new(|| plain().map(|field| (field.key, field)).collect());
    BY_KEY.get(key).copied()
}

/// The plain field of a member of the engine's API.
#[must_use]
pub fn of_member(part: Part, member: &str) -> Option<&'static Field<ContainerSpec>> {
    static OF_PART: LazyLock<[BTreeMap<&str, &Field<ContainerSpec>>; 2]> = LazyLock::new(|| {
        [Part::Config, Part::HostConfig].map(|part| {
            let own = plain().filter(|field| field.part == part);
            own.map(|field| (field.member, field)).collect()
        })
    });
    OF_PART[part as usize].get(member).copied()
}

/// The row of a path of a difference.
fn row(path: &str) -> Option<&'static Row> {
    let found = of_key(path).or_else(|| {
        let mut ends = path.match_indices('.').map(|(end, _)| end);
        ends.find_map(|end| of_key(&path[..end]))
    });
    found.map(|field| &field.row)
}

/// The first part of a path.
#[must_use]
pub fn head(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// What a difference of this path costs.
#[must_use]
pub fn class_of(path: &str) -> Class {
    let structured = || STRUCTURED.iter().find(|(name, ..)| *name == head(path));
    match row(path) {
        Some(row) => row.class,
        None => structured().map_or(Class::Recreate, |(_, class, _)| *class),
    }
}

/// Whether an engine may have chosen this fact by itself: an own value of it is missed only if
/// it was asked for when the container was made.
#[must_use]
pub fn is_chosen_by_engine(path: &str) -> bool {
    if let Some(row) = row(path) {
        return matches!(row.chosen, Chosen::ByEngine);
    }
    let head = head(path);
    FILLED_IN.contains(&head) || head == "mount_options" && path.ends_with(".propagation")
}

/// Whether an engine may have dropped this fact without telling it beforehand.
#[must_use]
pub fn is_dropped(path: &str) -> bool {
    row(path).is_some_and(|row| row.kernel == Some(Kernel::Untold))
}

/// Whether the operator may have set this fact where the stack says nothing.
#[must_use]
pub fn is_chosen_by_operator(path: &str) -> bool {
    row(path).is_some_and(|row| matches!(row.chosen, Chosen::ByOperator))
}

/// What a container's plain fields demand of the host, each with its key.
pub fn demands(spec: &ContainerSpec) -> impl Iterator<Item = (Demand, &'static str)> {
    plain().flat_map(|field| {
        let demands = match field.reach {
            Reach::Host(_, demands) => demands((field.value)(spec)),
            Reach::Inside(_) => Vec::new(),
        };
        demands.into_iter().map(|demand| (demand, field.key))
    })
}

/// The table as the docs have it: key, what a difference costs, what is compared.
#[must_use]
pub fn published() -> BTreeMap<&'static str, (Class, String)> {
    let plain = plain().map(|field| (field.key, (field.class, about(field))));
    let structured = STRUCTURED.iter().map(|(key, class, about)| (*key, (*class, (*about).into())));
    plain.chain(structured).collect()
}

fn about(row: &Row) -> String {
    if !row.about.is_empty() {
        return row.about.to_owned();
    }
    let more = match (row.chosen, row.form) {
        (Chosen::ByImage, _) => ", image default included",
        (Chosen::ByEngine, _) => ", if the stack sets one",
        (_, Form::List) => ", in order",
        _ => "",
    };
    format!("`{}.{}`{more}", row.part.name(), row.member)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_field_is_twice_in_the_table_and_what_is_filled_in_is_one() {
        let structured = STRUCTURED.iter().map(|(name, ..)| *name);
        let all: Vec<_> = plain().map(|field| field.key).chain(structured).collect();
        let names: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(names.len(), all.len());
        assert!(FILLED_IN.iter().all(|name| names.contains(name)));
        let members: BTreeSet<_> = plain().map(|f| (f.part.name(), f.member)).collect();
        assert_eq!(members.len(), plain().count());
    }

    #[test]
    fn a_path_has_the_row_of_its_longest_key() {
        assert!(is_dropped("blkio_config.device_read_bps./dev/sda"));
        assert!(is_chosen_by_engine("shm_size") && !is_chosen_by_engine("mem_limit"));
        assert_eq!(class_of("sysctls.net.core.somaxconn"), Class::Recreate);
        assert_eq!(class_of("mem_limit"), Class::InPlace { lifts: false });
        assert_eq!(class_of("networks.abc_default"), Class::InPlace { lifts: true });
    }
}
