//! Actions in words.

use std::fmt::{self, Display, Formatter, Write as _};
use std::time::Duration;

use super::count;
use super::span;
use crate::action::{Action, Endpoint, Join, LedgerChange, Until};
use crate::build::FOLDERS;
use crate::printable::OneLine;
use crate::target::{ContainerRef, Target};

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::PullImage { image, .. } => write!(f, "pull image {image}"),
            Self::BuildImage { tag, build, .. } if tag.as_str().starts_with(FOLDERS) => {
                write!(f, "build an image of folder {:?}", build.context)
            }
            Self::BuildImage { tag, .. } => write!(f, "build image {tag}"),
            Self::CreateNetwork { network, .. } => write!(f, "create network {}", network.name),
            Self::RemoveNetwork { name, .. } => write!(f, "remove network {name}"),
            Self::CreateVolume { volume, .. } => write!(f, "create volume {}", volume.name),
            Self::CreateContainer(create) => {
                write!(f, "create container {}", create.name)?;
                create.joins.iter().try_for_each(|join| joined(f, join))
            }
            Self::UploadFiles { container, files } => {
                write!(f, "upload {} to {}", count(files.len(), "file"), container.name)
            }
            Self::ConnectNetwork { container, network, .. } => {
                write!(f, "connect {} to network {network}", container.name)
            }
            Self::DisconnectNetwork { container, network } => {
                write!(f, "disconnect {} from network {network}", container.name)
            }
            Self::StartContainer { container } => write!(f, "start {}", container.name),
            Self::UpdateContainer { container, .. } => write!(f, "update {}", container.name),
            Self::RunHook { container, moment, number, deadline, .. } => {
                let within = span(*deadline);
                write!(f, "run {moment}[{number}] in {} within {within}", container.name)
            }
            Self::UnpauseContainer { container } => write!(f, "unpause {}", container.name),
            Self::RestartContainer { container, grace } => {
                write!(f, "restart {} within {}", container.name, span(*grace))
            }
            Self::StopContainer { container, grace } => {
                write!(f, "stop {} within {}", container.name, span(*grace))
            }
            Self::RenameContainer { container, to } => {
                write!(f, "rename {} to {to}", container.name)
            }
            Self::RemoveContainer { container } => write!(f, "remove {}", container.name),
            Self::Await { container, until, deadline } => wait(f, container, *until, *deadline),
            Self::Register { entries, .. } => {
                f.write_str("register")?;
                for entry in entries {
                    write!(f, " {} as {}", entry.id, entry.status.as_str())?;
                }
                entries.first().map_or(Ok(()), |entry| write!(f, " at {}", entry.endpoint))
            }
            Self::Deregister { ids, .. } => {
                f.write_str("deregister")?;
                ids.iter().try_for_each(|id| write!(f, " {id}"))
            }
            Self::WriteLedger { change } => noted(f, change),
        }
    }
}

fn noted(f: &mut OneLine<'_, '_>, change: &LedgerChange) -> fmt::Result {
    match change {
        LedgerChange::Record { deployment, record, .. } => {
            write!(f, "record {deployment} at revision {}", record.revision.short())
        }
        LedgerChange::Enter { deployment, .. } => write!(f, "remember a rollout of {deployment}"),
        LedgerChange::Stable { deployment, stable } => {
            write!(f, "remember that {deployment} works at revision {}", stable.revision.short())
        }
        LedgerChange::Quarantine { deployment, quarantine: it } => {
            write!(f, "put revision {} of {deployment} into quarantine", it.revision.short())
        }
        LedgerChange::Pin { deployment, pin } => match &pin.to {
            Some(stable) => {
                write!(f, "roll {deployment} back to revision {}", stable.revision.short())
            }
            None => write!(f, "pause {deployment}"),
        },
        LedgerChange::Resume { deployment } => write!(f, "resume {deployment}"),
        LedgerChange::Forget { deployment } => write!(f, "forget {deployment}"),
        LedgerChange::Adopt { deployment, .. } => {
            write!(f, "adopt what Compose made of {deployment}")
        }
    }
}

fn joined(f: &mut OneLine<'_, '_>, join: &Join) -> fmt::Result {
    write!(f, ", joined to {}", join.container.name)?;
    match join.container.container {
        ContainerRef::Known(_) => Ok(()),
        ContainerRef::Made(step) => write!(f, " (known after {step})"),
    }
}

fn wait(f: &mut OneLine<'_, '_>, target: &Target, until: Until, deadline: Duration) -> fmt::Result {
    write!(f, "await {} ", target.name)?;
    match until {
        Until::Running => f.write_str("running")?,
        Until::Healthy(min) => write!(f, "healthy for {}", span(min))?,
        Until::HealthyOrCompleted(min) => write!(f, "healthy for {} or ended with 0", span(min))?,
        Until::Completed => f.write_str("completed")?,
    }
    write!(f, " within {}", span(deadline))
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Known { address, port } => write!(f, "{address}:{port}"),
            Self::OnNetwork { after, network, port } => {
                write!(f, "its address on {network} (known after {after})")?;
                match port {
                    Some(port) => write!(f, ", port {port}"),
                    None => f.write_str(", its first port"),
                }
            }
            Self::Published { after, address, port } => {
                write!(f, "{address}, the host's port for {port} (known after {after})")
            }
        }
    }
}
