//! The published table of the grants that each key of a stack needs, and why: with
//! every controller and every stack from git nothing else is granted unasked.
//!
//! Each row has examples, which a test gives to the planner: it must demand just what the row
//! says. Another test looks that no key that reaches an engine is missing.

mod free;
mod gives;
mod needed;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::field::{Part, Row};
use super::fields;
use super::spec::{ContainerSpec, NetworkSpec, VolumeSpec};

pub use gives::gives;

/// Some keys that demand the same for the same reason.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// What rows of the table of fields name it by.
    id: &'static str,
    /// Keys that are no plain fields: of a service, or behind `build.`, `mount.`,
    /// `attachment.`, `network.`, `volume.`, `deploy.`, `hook.`.
    others: &'static [&'static str],
    /// What has to be granted, as `allow` takes it; `None` is nothing.
    pub grant: Option<&'static str>,
    /// Why, or why not.
    pub why: &'static str,
    /// Lines of a service (indented by nothing), lines behind the services, and all demands
    /// that follow.
    pub examples: &'static [(&'static str, &'static str, &'static [&'static str])],
}

impl Keys {
    /// The names of all keys.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<String> {
        let own = rows().filter(|row| row.reach.row() == self.id);
        let own = own.map(|row| match row.part {
            Part::Config | Part::HostConfig => fields::head(row.key).to_owned(),
            Part::Network | Part::Ipam => format!("network.{}", row.key),
            Part::Volume => format!("volume.{}", row.key),
        });
        own.chain(self.others.iter().map(|key| (*key).to_owned())).collect()
    }
}

/// Every row of the tables of fields.
fn rows() -> impl Iterator<Item = &'static Row> {
    let container = fields::plain::<ContainerSpec>().map(|field| &field.row);
    let network = fields::plain::<NetworkSpec>().map(|field| &field.row);
    container.chain(network).chain(fields::plain::<VolumeSpec>().map(|field| &field.row))
}

const fn row(
    id: &'static str,
    others: &'static [&'static str],
    grant: Option<&'static str>,
    why: &'static str,
    examples: &'static [(&'static str, &'static str, &'static [&'static str])],
) -> Keys {
    Keys { id, others, grant, why, examples }
}

/// All rows, in the order in which they are published.
pub fn table() -> impl Iterator<Item = &'static Keys> {
    needed::TABLE.iter().chain(free::TABLE)
}

/// The table as `docs/security.md` has it.
#[must_use]
pub fn published() -> String {
    let mut text = "| key | needs | why |\n| --- | --- | --- |\n".to_owned();
    for row in table() {
        let keys: Vec<String> = row.keys().iter().map(|key| format!("`{key}`")).collect();
        let grant = row.grant.unwrap_or("nothing");
        writeln!(text, "| {} | {grant} | {} |", keys.join(", "), row.why).expect("BUG: memory");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Reach;

    #[test]
    fn every_plain_field_has_one_row_here() {
        for field in rows() {
            let id = field.reach.row();
            let rows: Vec<_> = table().filter(|row| row.id == id).collect();
            assert_eq!(rows.len(), 1, "{} names `{id}`", field.key);
            let free = matches!(field.reach, Reach::Inside(_));
            assert!(!free || rows[0].grant.is_none(), "{} demands nothing", field.key);
        }
    }
}
