//! Actions in words, for the trace. Values never appear in it: they may be secret.

use model::action::{Action, LedgerChange, Registrant};
use model::id::CatalogId;

/// An action in words.
pub(super) fn words(action: &Action) -> String {
    match action {
        Action::PullImage { image, .. } => format!("pull image {image}"),
        Action::BuildImage { tag, .. } => format!("build image {tag}"),
        Action::CreateNetwork { network, .. } => format!("create network {}", network.name),
        Action::RemoveNetwork { name, .. } => format!("remove network {name}"),
        Action::CreateVolume { volume, .. } => format!("create volume {}", volume.name),
        Action::CreateContainer(create) => {
            format!("create container {} of {}", create.name, create.spec.image)
        }
        Action::UploadFiles { container, files } => {
            format!("upload {} files to {}", files.len(), container.name)
        }
        Action::ConnectNetwork { container, network, .. } => {
            format!("connect {} to {network}", container.name)
        }
        Action::DisconnectNetwork { container, network } => {
            format!("disconnect {} from {network}", container.name)
        }
        Action::StartContainer { container } => format!("start {}", container.name),
        Action::UpdateContainer { container, .. } => format!("update {}", container.name),
        Action::RunHook { container, moment, number, .. } => {
            format!("run {moment}[{number}] in {}", container.name)
        }
        Action::UnpauseContainer { container } => format!("unpause {}", container.name),
        Action::RestartContainer { container, .. } => format!("restart {}", container.name),
        Action::StopContainer { container, .. } => format!("stop {}", container.name),
        Action::RenameContainer { container, to } => format!("rename {} to {to}", container.name),
        Action::RemoveContainer { container } => format!("remove {}", container.name),
        Action::Await { container, .. } => format!("await {}", container.name),
        Action::Register { entries, .. } => format!("register {}", names(entries)),
        Action::Deregister { ids, .. } => {
            let ids: Vec<&str> = ids.iter().map(CatalogId::as_str).collect();
            format!("deregister {}", ids.join(", "))
        }
        Action::WriteLedger { change } => match change {
            LedgerChange::Record { deployment, record, .. } => {
                format!("record {deployment} at {}", record.revision.short())
            }
            LedgerChange::Stable { deployment, .. } => format!("{deployment} works"),
            LedgerChange::Quarantine { deployment, .. } => format!("quarantine of {deployment}"),
            LedgerChange::Pin { deployment, .. } => format!("pin {deployment}"),
            LedgerChange::Resume { deployment } => format!("resume {deployment}"),
            LedgerChange::Enter { deployment, .. } => format!("enter a rollout of {deployment}"),
            LedgerChange::Forget { deployment } => format!("forget {deployment}"),
            LedgerChange::Adopt { deployment, .. } => format!("adopt {deployment}"),
        },
    }
}

fn names(entries: &[Registrant]) -> String {
    let one = |entry: &Registrant| match entry.entry() {
        Some(known) => format!("{} at {}:{}", known.id, known.address, known.port),
        None => entry.id.to_string(),
    };
    entries.iter().map(one).collect::<Vec<_>>().join(", ")
}
