//! The published lists of keys are those of the code: `docs/stack-files.md` holds them.

use super::keys::{self, Table};
use model::grants;

const DOCS: &str = include_str!("../../../../../docs/stack-files.md");

fn section(table: &Table) -> String {
    let joined = |keys: Vec<String>| {
        if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
    };
    let reasons = |keys: &[(&str, &str)]| {
        joined(keys.iter().map(|(key, why)| format!("`{key}` ({why})")).collect())
    };
    let carried = joined(table.all_carried().iter().map(|key| format!("`{key}`")).collect());
    format!(
        "### Keys of {}\n\n- carried: {}\n- refused: {}\n- harmless, a warning: {}\n",
        table.of,
        carried,
        reasons(table.refused),
        reasons(table.harmless)
    )
}

#[test]
fn the_published_lists_are_those_of_the_code() {
    for table in keys::ALL {
        let section = section(table);
        assert!(DOCS.contains(&section), "docs/stack-files.md should hold:\n{section}");
    }
}

/// Tables whose keys reach an engine, and how the table of grants calls these.
const REACHING: &[(&Table, &str)] = &[
    (&keys::SERVICE, ""),
    (&keys::BUILD, "build."),
    (&keys::MOUNT, "mount."),
    (&keys::MOUNT_BIND, "mount.bind."),
    (&keys::MOUNT_VOLUME, "mount.volume."),
    (&keys::ATTACHMENT, "attachment."),
    (&keys::NETWORK, "network."),
    (&keys::IPAM, "network.ipam."),
    (&keys::IPAM_POOL, "network.ipam.config."),
    (&keys::VOLUME, "volume."),
];

#[test]
fn of_every_key_that_reaches_an_engine_the_grants_list_what_it_needs() {
    let granted: Vec<String> = grants::table().flat_map(model::grants::Keys::keys).collect();
    for (number, key) in granted.iter().enumerate() {
        assert!(!granted[..number].contains(key), "`{key}` is listed twice");
    }
    for (table, of) in REACHING {
        for key in table.all_carried() {
            let (key, parts) = (format!("{of}{key}"), format!("{of}{key}."));
            let known =
                granted.iter().any(|granted| *granted == key || granted.starts_with(&parts));
            assert!(known, "nothing tells what `{key}` of {} needs", table.of);
        }
    }
}
