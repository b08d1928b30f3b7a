//! The Consul catalog as data: what is registered on our own external nodes, and what
//! we want registered.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::{CatalogId, EngineName, InstallationId, NodeName};

/// The key of node and service meta data that names us.
pub const MANAGED_BY: &str = "managed-by";
/// Its value.
pub const MANAGER: &str = "reconciler";
/// The key of node and service meta data that names the installation.
pub const INSTALLATION: &str = "installation";

/// The end of the id of an entry that is there for DNS: the same replica once more.
pub const FOR_DNS: &str = "@dns";

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

/// The longest label that DNS carries.
const MAX_DNS_LABEL: usize = 63;

impl NodeName {
    /// The name of an engine's external node, `rc-<installation>-<engine>`, in DNS form:
    /// other characters become `-`. Two engines may end up with one name; the one that is
    /// configured with several refuses that.
    #[must_use]
    pub fn of(installation: &InstallationId, engine: &EngineName) -> Self {
        let text: String = format!("rc-{installation}-{engine}")
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(MAX_DNS_LABEL)
            .collect();
        Self::new(text.trim_end_matches('-'))
    }
}

/// The meta data that makes a node or service ours: [`MANAGED_BY`] and [`INSTALLATION`].
#[must_use]
pub fn owner(installation: &InstallationId) -> [(&'static str, &str); 2] {
    [(MANAGED_BY, MANAGER), (INSTALLATION, installation.as_str())]
}

/// The same, written out.
#[must_use]
pub fn owner_meta(installation: &InstallationId) -> BTreeMap<String, String> {
    owner(installation).map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Whether meta data of a node or service says that it belongs to this installation.
#[must_use]
pub fn is_ours(meta: &BTreeMap<String, String>, installation: &InstallationId) -> bool {
    owner(installation).iter().all(|(key, value)| meta.get(*key).is_some_and(|have| have == value))
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// The replica is healthy.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names_are_dns_labels() {
        let of = |installation: &str, engine: &str| {
            NodeName::of(&installation.into(), &engine.into()).to_string()
        };
        assert_eq!(of("main", "local"), "rc-main-local");
        assert_eq!(of("Team_A", "web1.example"), "rc-team-a-web1-example");
        assert_eq!(of("m", &"x".repeat(80)).len(), 63);
        assert_eq!(of("m", "web-"), "rc-m-web");
    }

    #[test]
    fn only_both_keys_make_it_ours() {
        let mut meta = owner_meta(&"main".into());
        assert!(is_ours(&meta, &"main".into()));
        assert!(!is_ours(&meta, &"other".into()));
        meta.remove(MANAGED_BY);
        assert!(!is_ours(&meta, &"main".into()));
    }
}
