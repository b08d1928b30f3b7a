//! A catalog entry to be written: like [`CatalogEntry`], but where the replica is reached
//! may be a placeholder until it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::catalog::{CatalogEntry, CheckStatus};
use super::id::StepId;
use super::id::{CatalogId, NetworkName};
use super::observed::{ContainerView, Status};
use super::spec::Port;
use super::target::{Outcome, Unresolved};

/// One catalog entry to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registrant {
    /// The service id.
    pub id: CatalogId,
    /// The service's name.
    pub service: String,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// `Service.Meta`.
    pub meta: BTreeMap<String, String>,
    /// What its check shall say.
    pub status: CheckStatus,
    /// Where it is reached.
    pub endpoint: Endpoint,
}

/// Where a replica is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Endpoint {
    /// Known now.
    Known {
        /// Address or host name.
        address: String,
        /// Port; 0 if it has none.
        port: u16,
    },
    /// Known after an [`Action::Await`]: the container's address on a network.
    OnNetwork {
        /// The wait that yields it.
        after: StepId,
        /// The network.
        network: NetworkName,
        /// The container's port; `None` takes the first that it exposes then.
        port: Option<u16>,
    },
    /// Known after an [`Action::Await`]: a published port of the host.
    Published {
        /// The wait that yields it.
        after: StepId,
        /// The address that the operator advertises for the engine.
        address: String,
        /// The container's port.
        port: Port,
    },
}

impl Endpoint {
    /// Whether the wait that it comes from saw its container ended well.
    pub(super) fn has_ended(&self, outcomes: &BTreeMap<StepId, Outcome>) -> bool {
        let (Self::OnNetwork { after, .. } | Self::Published { after, .. }) = self else {
            return false;
        };
        let ended =
            |view: &ContainerView| view.state.status == Status::Exited && view.state.exit_code == 0;
        matches!(outcomes.get(after), Some(Outcome::Seen(view)) if ended(view))
    }

    /// This endpoint with its placeholder filled in.
    pub(super) fn resolve(&self, outcomes: &BTreeMap<StepId, Outcome>) -> Result<Self, Unresolved> {
        let seen = |step: &StepId| match outcomes.get(step) {
            Some(Outcome::Seen(view)) => Ok(view),
            _ => Err(Unresolved(*step)),
        };
        Ok(match self {
            Self::Known { .. } => self.clone(),
            Self::OnNetwork { after, network, port } => {
                let view = seen(after)?;
                let address = view.addresses.get(network).ok_or(Unresolved(*after))?;
                let port = port.or_else(|| view.first_exposed()).unwrap_or(0);
                Self::Known { address: address.to_string(), port }
            }
            Self::Published { after, address, port } => Self::Known {
                address: address.clone(),
                port: *seen(after)?.host_ports.get(port).ok_or(Unresolved(*after))?,
            },
        })
    }
}

impl Registrant {
    /// The catalog entry that this becomes; `None` while its endpoint is a placeholder.
    #[must_use]
    pub fn entry(&self) -> Option<CatalogEntry> {
        let Endpoint::Known { address, port } = &self.endpoint else {
            return None;
        };
        Some(CatalogEntry {
            id: self.id.clone(),
            service: self.service.clone(),
            tags: self.tags.clone(),
            address: address.clone(),
            port: *port,
            meta: self.meta.clone(),
            status: self.status,
        })
    }
}
