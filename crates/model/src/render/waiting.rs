//! What is withheld, and what it waits for, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter, Write as _};
use std::path::Path;
use std::time::Duration;

use super::span;
use crate::id::{ContainerName, EngineName, NetworkName, Revision, SourceId};
use crate::plan::{Blocked, StaysOn, WaitingOn};
use crate::printable::{OneLine, one_line};
use crate::remedy::{Remedy, quoted};
use crate::share::Peer;
use crate::sync_mode::SyncMode;

impl Display for Blocked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("blocked")?;
        if let Some(deployment) = &self.deployment {
            write!(f, " in {deployment}")?;
        }
        write!(f, ": {}", one_line(&self.subject))?;
        if let Some(at) = &self.at {
            write!(f, " ({at})")?;
        }
        f.write_str("\n       waits: ")?;
        let f = &mut OneLine(f);
        match (&self.waiting_on, &self.deployment, self.remedy()) {
            (WaitingOn::SameStack { files, .. }, Some(id), Some(Remedy::Flag(flag))) => write!(
                f,
                "until the operator says that it is the same stack: {flag}; containers of that \
                 name were started from there with {}; the other way is to remove them: \
                 docker compose -p {id} down",
                if files.is_empty() { "no file".to_owned() } else { files.join(", ") }
            ),
            (WaitingOn::Grant { code, .. }, _, Some(Remedy::Flag(flag))) => {
                write!(f, "until the operator grants it [{code}]: {flag}")
            }
            (waiting_on, ..) => write!(f, "{waiting_on}"),
        }
    }
}

/// As `deployments.yaml` has it.
fn word(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::Auto => "auto",
        SyncMode::Heal => "heal",
        SyncMode::Notify => "notify",
        SyncMode::Paused => "paused",
    }
}

impl Display for WaitingOn {
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::ValidStack => f.write_str("until its stack is valid; what runs is left alone"),
            Self::CompleteSource => {
                f.write_str("until the list of deployments can be read fully; nothing is pruned")
            }
            Self::Absence { lasts } => absence(f, *lasts),
            // The error itself is reported once, in the list of what was not seen.
            Self::Engine { engine, .. } => write!(f, "until engine {engine} answers"),
            Self::ConfiguredEngine => {
                f.write_str("until the operator configures the engine it names")
            }
            Self::OneName { engines } => one_name(f, engines),
            Self::Catalog { .. } => f.write_str("until Consul answers"),
            Self::Ledger { error } => write!(f, "until the ledger can be read: {error}"),
            Self::FreeName { container } => write!(
                f,
                "until the name is free: container {} bears it and is not ours",
                container.short()
            ),
            Self::Room { what, by, foreign: false } => {
                write!(f, "until {what} is free: container {by} has it")
            }
            Self::Room { what, by, foreign: true } => write!(
                f,
                "until {what} is free: container {by} has it, which is not ours: docker stop {}, or \
                 let the stack ask for another one",
                quoted(by.as_str())
            ),
            Self::Unused { network, by } => unused(f, network, by),
            Self::OtherSource { source, own } => other_source(f, source, own),
            Self::SameStack { folder, .. } => {
                write!(f, "until the operator says that the project in {folder} is the same stack")
            }
            Self::ReplicaName { name } | Self::Renamed { name } => write!(
                f,
                "until it is removed, or renamed to {name}: its labels say that it is that replica"
            ),
            Self::ForeignResource => {
                f.write_str("until it is declared `external`: it exists and is not ours")
            }
            Self::Peer { peer } | Self::MissingPeer { peer } => match peer {
                Peer::Service(name) => write!(f, "until service {name} has a replica"),
                Peer::Container(name) => write!(f, "until container {name} exists"),
            },
            Self::Dependency { service } => {
                write!(f, "until service {service}, on which it depends, is no longer withheld")
            }
            Self::Fault { fault } => write!(
                f,
                "because of a fault of reconciler, which leaves this deployment as it is; please \
                 report it: {fault}"
            ),
            Self::External => {
                f.write_str("until it is made elsewhere: the stack calls it external")
            }
            Self::Grant { demand, code } => {
                write!(f, "until the operator grants `{demand}` [{code}]")
            }
            Self::Approval { digest } => {
                write!(f, "until a person approves it: --approve {digest}")
            }
            Self::SyncMode { mode } => {
                write!(f, "because of `sync: {}`", word(*mode))?;
                match mode {
                    SyncMode::Heal => f.write_str(
                        ": what is new waits, a first rollout, too; to roll it out, set \
                         `sync: auto` there",
                    ),
                    _ => f.write_str("; to roll it out, set `sync: auto` there"),
                }
            }
            Self::OwnContainer { command } => write!(f, "until it is done by hand: {command}"),
            Self::Consent { command } => write!(
                f,
                "until it is done by hand, because data or connections are lost: {command}"
            ),
            Self::Address => f.write_str(
                "until it has an address that others reach: a routable network, or a published \
                 port and `advertise` for the engine",
            ),
            Self::Ability { needs } => write!(f, "because it needs {needs}"),
            Self::Healthy { down, least, of } => {
                let names: Vec<_> = down.iter().map(ToString::to_string).collect();
                let (names, are) = (names.join(", "), if names.len() == 1 { "is" } else { "are" });
                write!(
                    f,
                    "until {names} {are} healthy: at least {least} of {of} replicas stay healthy \
                     during an update"
                )
            }
            Self::Attempts { container, attempts, code } => write!(
                f,
                "because it failed: it ended with exit code {code} and was started again {attempts} \
                 times; after a change in the source, or by hand: docker start {container}"
            ),
            Self::AnotherRevision { failed, back_at, lost } => {
                another_revision(f, failed, back_at.as_ref(), lost.as_deref())
            }
            Self::Resume { by, back_at, lost } => {
                write!(f, "until it is resumed: {by} ")?;
                match (back_at, lost) {
                    (Some(revision), _) => {
                        write!(f, "rolled it back to revision {}", revision.short())
                    }
                    (None, Some(why)) => {
                        write!(f, "asked for a state that cannot be had: {why}; what runs stays")
                    }
                    (None, None) => f.write_str("paused it"),
                }
            }
            Self::Image => f.write_str("until the image is there: `pull_policy: never`"),
            Self::CatalogName { name } => {
                write!(f, "until `{name}` in the catalog is free: others use it")
            }
            Self::DnsName { name, other } => dns_name(f, name, other),
        }
    }
}

fn absence(f: &mut OneLine<'_, '_>, lasts: Duration) -> fmt::Result {
    write!(f, "until what the folder lacks has been absent for {}", span(lasts))
}

/// Of two places of one machine that lie in each other, one is to be read for both.
fn other_source(f: &mut OneLine<'_, '_>, source: &SourceId, own: &SourceId) -> fmt::Result {
    let name = quoted(source.as_str());
    write!(f, "until {source} lets go of the deployment's id; ")?;
    match (place(source), place(own)) {
        (Some(theirs), Some(ours)) if ours.starts_with(theirs) => write!(
            f,
            "this source lies in that folder, which is read as a whole: reconciler plan {}",
            quoted(&theirs.to_string_lossy())
        ),
        (Some(theirs), Some(ours)) if theirs.starts_with(ours) => write!(
            f,
            "that lies in this folder, and was read alone: go on with reconciler plan {}, or \
             let this folder have its name, now and always: --source-name={name}",
            quoted(&theirs.to_string_lossy())
        ),
        _ => write!(f, "if this is the same source, read from another place: --source-name={name}"),
    }
}

/// The folder or file of this machine that a source is read from, if its id says so.
fn place(source: &SourceId) -> Option<&Path> {
    let id = source.as_str();
    id.strip_prefix("dir:").or_else(|| id.strip_prefix("file:")).map(Path::new)
}

fn another_revision(
    f: &mut OneLine<'_, '_>,
    failed: &str,
    back_at: Option<&Revision>,
    lost: Option<&str>,
) -> fmt::Result {
    write!(
        f,
        "until another revision changes it, or it is resumed: its rollout failed: {failed}; "
    )?;
    match (back_at, lost) {
        (Some(revision), _) => write!(f, "it returns to revision {}", revision.short()),
        (None, Some(why)) => {
            write!(f, "it is left as it stands: its last stable state cannot be had: {why}")
        }
        (None, None) => f.write_str("it is left as it stands"),
    }
}

fn unused(
    f: &mut OneLine<'_, '_>,
    network: &NetworkName,
    by: &BTreeMap<ContainerName, StaysOn>,
) -> fmt::Result {
    let users = by.iter().map(|(name, why)| match why {
        StaysOn::Asked { at: Some(at) } => format!("{name}, whose stack asks for it ({at})"),
        StaysOn::Asked { at: None } => format!("{name}, whose stack asks for it"),
        StaysOn::Unknown => format!("{name}, whose stack cannot be read"),
        StaysOn::Unasked => format!("{name} (docker network disconnect {network} {name})"),
    });
    let users: Vec<_> = users.collect();
    write!(f, "until nothing is on it any more: {}", users.join("; "))
}

fn one_name(f: &mut OneLine<'_, '_>, engines: &BTreeSet<EngineName>) -> fmt::Result {
    let names: Vec<_> = engines.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(" and ");
    write!(
        f,
        "until only one of the engines {names} is configured: they say that they are one and the \
         same"
    )
}

fn dns_name(f: &mut OneLine<'_, '_>, name: &str, other: &str) -> fmt::Result {
    write!(
        f,
        "until one of them has another name, or `x-reconciler: {{ register: false }}`: {other} is \
         `{name}` in DNS, too"
    )
}
