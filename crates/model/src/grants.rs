//! The published table of what each key of a stack demands of the operator, and why: with
//! every controller and every stack from git nothing else is granted unasked.
//!
//! Each row has examples, which a test gives to the planner: it must demand just what the row
//! says. Another test looks that no key that reaches an engine is missing.

mod free;
mod needed;

use std::fmt::Write as _;

/// Some keys that demand the same for the same reason.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Their names: of a service, or behind `build.`, `mount.`, `attachment.`, `network.`,
    /// `volume.`, `deploy.`, `hook.`.
    pub keys: &'static [&'static str],
    /// What has to be granted, as `allow` takes it; `None` is nothing.
    pub grant: Option<&'static str>,
    /// Why, or why not.
    pub why: &'static str,
    /// Lines of a service (indented by nothing), lines behind the services, and all demands
    /// that follow.
    pub examples: &'static [(&'static str, &'static str, &'static [&'static str])],
}

const fn row(
    keys: &'static [&'static str],
    grant: Option<&'static str>,
    why: &'static str,
    examples: &'static [(&'static str, &'static str, &'static [&'static str])],
) -> Keys {
    Keys { keys, grant, why, examples }
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
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let grant = row.grant.unwrap_or("nothing");
        writeln!(text, "| {} | {grant} | {} |", keys.join(", "), row.why).expect("BUG: memory");
    }
    text
}
