//! What a stack may demand of the host, and what the operator granted.
//!
//! A person who can push to git is the author of stacks, not of the host. The planner asks
//! [`HostPolicy::permits`] about every demand of a deployment; the engine adapter asks
//! it again about the final body of every request that changes something.

use std::collections::{BTreeMap, BTreeSet};

use super::demand::Demand;
use super::host_path::{is_within, normalise};
use super::id::DeploymentId;
pub use super::own_tree::OwnTree;

/// What the operator allows. The default denies everything.
#[derive(Clone, Debug, Default)]
pub struct HostPolicy {
    /// Everything is allowed: a local path that a person names, or `--trust-stacks`.
    pub permissive: bool,
    /// Grants by deployment, each written like a [`Demand`]: `bind=/srv/data` (that path
    /// and what is below), `capability=NET_ADMIN`, `privileged`. The key `*` is for all.
    pub grants: BTreeMap<String, BTreeSet<String>>,
}

impl HostPolicy {
    /// A policy that allows everything.
    #[must_use]
    pub fn permissive() -> Self {
        Self { permissive: true, ..Self::default() }
    }

    /// Whether this deployment may have this, links [followed](OwnTree::follow). Binds
    /// inside its own `tree` on the engine's host need no grant, unless a container can
    /// change where they lead.
    #[must_use]
    pub fn permits(
        &self,
        deployment: &DeploymentId,
        tree: Option<&OwnTree>,
        demand: &Demand,
    ) -> bool {
        self.permissive
            || match demand {
                Demand::Bind(path) => self.ground(deployment, tree, path).is_some(),
                demand => self.grants(deployment, demand),
            }
    }

    /// The path that a bind is permitted for: the deployment's own folder, a granted one
    /// above it, or just the path itself. What may lead anywhere, because a container can put
    /// a link there, is permitted by its own name only.
    #[must_use]
    pub fn ground(
        &self,
        deployment: &DeploymentId,
        tree: Option<&OwnTree>,
        path: &str,
    ) -> Option<String> {
        let path = normalise(path);
        let granted = self.granted(deployment).filter_map(|grant| grant.strip_prefix("bind="));
        let mut granted = granted.map(normalise).filter(|folder| is_within(&path, folder));
        if let Some(tree) = tree {
            if tree.is_changeable(&path) {
                return granted.find(|folder| *folder == path);
            }
            if tree.holds(&path) {
                return tree.folder.clone();
            }
        }
        granted.max_by_key(String::len)
    }

    /// Whether the operator granted exactly this: also a permissive policy does not say
    /// that another folder holds the same stack.
    #[must_use]
    pub fn grants(&self, deployment: &DeploymentId, demand: &Demand) -> bool {
        self.granted(deployment).any(|grant| covers(grant, demand))
    }

    fn granted(&self, deployment: &DeploymentId) -> impl Iterator<Item = &str> {
        let keys = [deployment.as_str(), "*"].map(|key| self.grants.get(key));
        keys.into_iter().flatten().flatten().map(String::as_str)
    }
}

/// Whether a grant covers a demand: equal, or for binds a folder above it.
fn covers(grant: &str, demand: &Demand) -> bool {
    match (grant.split_once('='), demand) {
        (Some(("bind", folder)), Demand::Bind(path)) => is_within(path, folder),
        _ => grant == demand.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_by_default() {
        let policy = HostPolicy::default();
        assert!(!policy.permits(&"abc".into(), None, &Demand::Privileged));
        assert!(!policy.permits(&"abc".into(), None, &Demand::Bind("/".to_owned())));
    }

    #[test]
    fn a_bind_grant_covers_the_folder_and_nothing_that_climbs_out() {
        let mut policy = HostPolicy::default();
        policy.grants.insert("abc".to_owned(), ["bind=/srv/data".to_owned()].into());
        let may =
            |id: &str, path: &str| policy.permits(&id.into(), None, &Demand::Bind(path.to_owned()));
        assert!(may("abc", "/srv/data/x"));
        assert!(!may("abc", "/srv/database"));
        assert!(!may("abc", "/srv/data/../../etc"));
        assert!(!may("xyz", "/srv/data"));
    }
}
