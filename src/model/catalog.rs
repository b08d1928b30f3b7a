//! The Consul catalog as data: what is registered on our own external nodes, and what
//! we want registered.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::{CatalogId, EngineName, NodeName};

/// The catalog as seen.
#[derive(Clone, Debug)]
pub enum CatalogView {
    /// No Consul is configured.
    NotConfigured,
    /// It answered.
    Seen(CatalogContents),
    /// It did not, or what it answered cannot be trusted.
    Unseen {
        /// What went wrong, without secrets.
        error: String,
    },
}

/// What the catalog holds of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogContents {
    /// Our external node of each engine; absent if it is not registered.
    pub nodes: BTreeMap<EngineName, NodeView>,
    /// Of the service names that we want to use: those with instances on nodes that
    /// are not ours.
    pub foreign: BTreeSet<String>,
}

/// One external node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Its name, `rc-<installation>-<engine>`.
    pub name: NodeName,
    /// Whether its meta data says that it is ours. If not, nothing on it is touched.
    pub ours: bool,
    /// Services on it whose own meta data says that they are ours, by id.
    pub entries: BTreeMap<CatalogId, CatalogEntry>,
}

/// One service instance in the catalog, with its one check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The service id, unique on its node.
    pub id: CatalogId,
    /// The service's name.
    pub service: String,
    /// Its tags, sorted.
    pub tags: BTreeSet<String>,
    /// Its address: an IP address, or a host name that the operator advertises.
    pub address: String,
    /// Its port; 0 if it has none.
    pub port: u16,
    /// `Service.Meta`.
    pub meta: BTreeMap<String, String>,
    /// What its check says.
    pub status: CheckStatus,
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// The replica is good.
    Passing,
    /// It may be.
    Warning,
    /// It is not.
    Critical,
}

impl CheckStatus {
    /// Consul's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
