//! A deployment's own tree on the engine's host, and what is known of the ways that lead
//! through it.
//!
//! An engine follows symbolic links. Those of the revision are known; what a container can
//! write to may hold others by the time that a path below it is mounted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::demand::Demand;
use super::host_path::{is_within, normalise};

/// A deployment's own tree, as the engine's host sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnTree {
    /// Its folder; `None` if the host does not see it.
    pub folder: Option<String>,
    /// Paths that are mounted and go through symbolic links, which the engine follows, and
    /// where they lead. One whose way cannot be seen is there as leading to itself.
    pub links: BTreeMap<String, String>,
    /// The links on these ways.
    pub ways: BTreeMap<String, Vec<String>>,
    /// What containers can write to, of whatever deployment: a link may be put anywhere
    /// below. Paths are normalised.
    pub writable: Arc<BTreeSet<String>>,
}

impl OwnTree {
    /// What a demand comes to, once the engine has followed the links.
    #[must_use]
    pub fn follow(&self, demand: Demand) -> Demand {
        let led = |path: &str| self.links.get(&normalise(path)).cloned();
        match demand {
            // Where it leads when it is mounted, nobody knows.
            Demand::Bind(path) if self.is_changeable(&path) => Demand::Bind(path),
            Demand::Bind(path) => Demand::Bind(led(&path).unwrap_or(path)),
            Demand::DriverOption(option) => {
                let device = option.strip_prefix("device=").and_then(led);
                Demand::DriverOption(device.map_or(option, |path| format!("device={path}")))
            }
            other => other,
        }
    }

    /// Whether a container can change where a path leads: it, or a link on its way, is below
    /// something that is writable. What is writable itself stays where it is.
    #[must_use]
    pub fn is_changeable(&self, path: &str) -> bool {
        let path = normalise(path);
        let way = self.ways.get(&path).into_iter().flatten();
        self.is_below_writable(&path) || way.into_iter().any(|link| self.is_below_writable(link))
    }

    fn is_below_writable(&self, path: &str) -> bool {
        let mut above = path.trim_end_matches('/');
        while let Some((parent, _)) = above.rsplit_once('/') {
            if self.writable.contains(if parent.is_empty() { "/" } else { parent }) {
                return true;
            }
            above = parent;
        }
        false
    }

    /// Whether a path, links followed, certainly lies in it.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = self.folder.as_deref();
        folder.is_some_and(|folder| is_within(path, folder))
            && !self.links.contains_key(&normalise(path))
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::HostPolicy;
    use super::*;

    fn writable(paths: &[&str]) -> Arc<BTreeSet<String>> {
        Arc::new(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn the_own_tree_needs_no_grant_but_what_its_links_lead_to() {
        let policy = HostPolicy::default();
        let links = [("here", "shop/web"), ("etc", "../../etc"), ("unseen", "shop/unseen")];
        let link = |(from, to): (&str, &str)| {
            (format!("/home/ann/shop/{from}"), normalise(&format!("/home/ann/{to}")))
        };
        let tree = OwnTree {
            folder: Some("/home/ann/shop".to_owned()),
            links: links.map(link).into(),
            ..OwnTree::default()
        };
        let may = |path: &str| {
            let demand = tree.follow(Demand::Bind(path.to_owned()));
            policy.permits(&"abc".into(), Some(&tree), &demand)
        };
        assert!(may("/home/ann/shop/web"));
        assert!(may("/home/ann/shop/here"));
        assert!(!may("/home/ann"));
        assert!(!may("/home/ann/shop/../key"));
        assert!(!may("/home/ann/shop/etc"));
        assert!(!may("/home/ann/shop/x/../etc/"));
        assert!(!may("/home/ann/shop/unseen"));
        let device = |path: &str| Demand::DriverOption(format!("device={path}"));
        assert_eq!(tree.follow(device("/home/ann/shop/etc")), device("/etc"));
        assert_eq!(tree.follow(device("/home/ann/shop/web")), device("/home/ann/shop/web"));
    }

    #[test]
    fn below_what_is_writable_a_path_is_granted_by_its_own_name_only() {
        let tree = OwnTree {
            folder: Some("/srv/shop".to_owned()),
            links: [("/srv/shop/way".to_owned(), "/srv/shop/conf".to_owned())].into(),
            ways: [("/srv/shop/way".to_owned(), vec!["/srv/shop/data/to".to_owned()])].into(),
            writable: writable(&["/srv/shop/data", "/mnt/all"]),
        };
        let may = |grants: &[&str], path: &str| {
            let grants = grants.iter().map(|grant| (*grant).to_owned()).collect();
            let policy =
                HostPolicy { grants: [("abc".to_owned(), grants)].into(), ..HostPolicy::default() };
            let demand = tree.follow(Demand::Bind(path.to_owned()));
            policy.permits(&"abc".into(), Some(&tree), &demand)
        };
        assert!(may(&[], "/srv/shop/data") && may(&[], "/srv/shop/conf") && may(&[], "/srv/shop"));
        for path in ["/srv/shop/data/x", "/srv/shop/conf/../data/x", "/srv/shop/data/x/y"] {
            assert!(!may(&[], path), "{path}");
            assert!(!may(&["bind=/srv/shop", "bind=/srv/shop/data", "bind=/"], path), "{path}");
            assert!(may(&[&format!("bind={path}")], path), "{path}");
        }
        // A link of the commit, below which a container can put another.
        assert!(!may(&["bind=/srv/shop/conf"], "/srv/shop/way"));
        assert!(may(&["bind=/srv/shop/way"], "/srv/shop/way"));
        assert!(!may(&["bind=/mnt"], "/mnt/all/x") && may(&["bind=/mnt"], "/mnt/all"));
        let everything = OwnTree { writable: writable(&["/"]), ..OwnTree::default() };
        assert!(everything.is_changeable("/etc") && !everything.is_changeable("/"));
    }
}
