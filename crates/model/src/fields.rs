//! The tables of fields: a row for each thing that a container, a network or a volume can differ
//! in.
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
use super::network::{NETWORK, NetworkSpec, VOLUME, VolumeSpec};

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

/// Likewise of a network.
const POOLS: &[(&str, Class, &str)] = &[(
    "ipam",
    Class::Recreate,
    "`Network.IPAM.Config`: subnet, range and gateway of each pool, those that the stack sets",
)];

/// Structured fields that the engine fills in where nobody says anything.
const FILLED_IN: &[&str] = &["ipc", "logging", "mac_address", "ulimits"];

/// What has a table of fields.
pub trait Fields: Sized + 'static {
    /// Its table.
    fn table() -> &'static Table<Self>;

    /// One of which nothing is said.
    fn nothing() -> Self;
}

/// The fields of `S`.
#[derive(Debug)]
pub struct Table<S: 'static> {
    plain: &'static [&'static [Field<S>]],
    structured: &'static [(&'static str, Class, &'static str)],
    by_key: BTreeMap<&'static str, &'static Field<S>>,
    by_member: Vec<Vec<&'static Field<S>>>,
}

/// Longer than the name of any member.
const LONGEST: usize = 64;

/// Members by part and length: a look reads thousands of them, and few are equally long.
fn by_member<S>(plain: impl Iterator<Item = &'static Field<S>>) -> Vec<Vec<&'static Field<S>>> {
    let mut all: Vec<Vec<_>> = Vec::new();
    for field in plain {
        let place = place(field.part, field.answered);
        all.resize_with(all.len().max(place + 1), Vec::new);
        all[place].push(field);
    }
    all
}

fn place(part: Part, member: &str) -> usize {
    part as usize * LONGEST + member.len().min(LONGEST - 1)
}

macro_rules! table {
    ($of:ty, [$($rows:expr),+], $structured:expr, $nothing:expr) => {
        impl Fields for $of {
            fn table() -> &'static Table<Self> {
                static TABLE: LazyLock<Table<$of>> = LazyLock::new(|| {
                    static PLAIN: &[&[Field<$of>]] = &[$($rows),+];
                    let plain = || PLAIN.iter().copied().flatten();
                    Table {
                        plain: PLAIN,
                        structured: $structured,
                        by_key: plain().map(|field| (field.key, field)).collect(),
                        by_member: by_member(plain()),
                    }
                });
                &TABLE
            }

            fn nothing() -> Self {
                $nothing
            }
        }
    };
}

table!(ContainerSpec, [CONTAINER, LIMITS, BLKIO, PRIVILEGES, DEVICES], STRUCTURED, Self::default());
table!(NetworkSpec, [NETWORK], POOLS, Self::bridge("".into()));
table!(VolumeSpec, [VOLUME], &[], Self::local("".into()));

/// Every plain field.
pub fn plain<S: Fields>() -> impl Iterator<Item = &'static Field<S>> {
    S::table().plain.iter().copied().flatten()
}

/// The plain field of a key of the stack.
#[must_use]
pub fn of_key<S: Fields>(key: &str) -> Option<&'static Field<S>> {
    S::table().by_key.get(key).copied()
}

/// The plain field of a member of the engine's answers.
#[must_use]
pub fn of_member<S: Fields>(part: Part, member: &str) -> Option<&'static Field<S>> {
    let same = S::table().by_member.get(place(part, member))?;
    same.iter().copied().find(|field| field.answered == member)
}

/// The plain field of a member of the engine's create bodies.
#[must_use]
pub fn of_sent<S: Fields>(part: Part, member: &str) -> Option<&'static Field<S>> {
    plain::<S>().find(|field| field.part == part && field.member == member)
}

/// The row of a path of a difference.
fn row(path: &str) -> Option<&'static Row> {
    let found = of_key::<ContainerSpec>(path).or_else(|| {
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

/// What plain fields demand of the host, each with its key.
pub fn demands<S: Fields>(spec: &S) -> impl Iterator<Item = (Demand, &'static str)> {
    plain::<S>().flat_map(|field| {
        let demands = match field.reach {
            Reach::Host(_, demands) => demands((field.value)(spec)),
            Reach::Inside(_) | Reach::Together(_) => Vec::new(),
        };
        demands.into_iter().map(|demand| (demand, field.key))
    })
}

/// A table as the docs have it: key, what a difference costs, what is compared.
#[must_use]
pub fn published<S: Fields>() -> BTreeMap<&'static str, (Class, String)> {
    let plain = plain::<S>().map(|field| (field.key, (field.class, about(field))));
    let structured =
        S::table().structured.iter().map(|(key, class, about)| (*key, (*class, (*about).into())));
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
    format!("`{}.{}`{more}", row.part.name(), row.answered)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::field::Owned;

    fn is_without_twins<S: Fields>() {
        let structured = S::table().structured.iter().map(|(name, ..)| *name);
        let all: Vec<_> = plain::<S>().map(|field| field.key).chain(structured).collect();
        let names: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(names.len(), all.len());
        for field in plain::<S>() {
            let found = of_member::<S>(field.part, field.answered).map(|found| found.key);
            assert_eq!(found, Some(field.key), "of two the first is found");
        }
        let sent: BTreeSet<_> = plain::<S>().map(|f| (f.part, f.member)).collect();
        assert_eq!(sent.len(), plain::<S>().count());
    }

    #[test]
    fn no_field_is_twice_in_its_table_and_what_is_filled_in_is_one() {
        is_without_twins::<ContainerSpec>();
        is_without_twins::<NetworkSpec>();
        is_without_twins::<VolumeSpec>();
        assert!(FILLED_IN.iter().all(|name| STRUCTURED.iter().any(|(known, ..)| name == known)));
    }

    #[test]
    fn an_empty_driver_is_the_one_that_an_engine_takes_for_it() {
        let (mut network, mut volume) = (NetworkSpec::nothing(), VolumeSpec::nothing());
        let empty = || Owned::Text(String::new());
        of_key("driver").unwrap().set(&mut network, empty());
        of_key("driver").unwrap().set(&mut volume, empty());
        assert_eq!((&*network.driver, &*volume.driver), ("bridge", "local"));
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
