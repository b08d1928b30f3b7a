//! Whom the guard asks: the operator's policy, and where each deployment has its own tree
//! on the engine's host, which changes with every revision.
//!
//! Where this program sees the engine's files, a path that a deployment may bind is looked at
//! again right before it is: a link that was put there since leads nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::dir::leads_out;
use model::demand::Demand;
use model::host_path::{is_within, normalise};
use model::id::DeploymentId;
use model::policy::{HostPolicy, OwnTree};
use model::secret::Content;

/// Judges demands. One for all engines.
#[derive(Debug)]
pub struct PolicyEvaluator {
    policy: HostPolicy,
    places: RwLock<BTreeMap<DeploymentId, Place>>,
}

/// Where a deployment has its own tree, how this program sees its engine's files, and what of
/// its stack nobody may see.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Its tree on the engine's host.
    pub tree: OwnTree,
    /// How its engine's files are seen.
    pub sight: Sight,
    /// Values that were put into its stack and never print.
    pub secrets: Vec<Content>,
}

/// How this program sees the files of an engine's host: folders there, and the same here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight(Vec<(String, String)>);

impl Sight {
    /// As they are.
    #[must_use]
    pub fn same() -> Self {
        Self(vec![("/".to_owned(), "/".to_owned())])
    }

    /// Through mounts: ours, and what the host has there.
    pub fn through<'a>(mounts: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let pair = |(here, there): (&String, &String)| (normalise(there), here.clone());
        Self(mounts.into_iter().map(pair).collect())
    }

    /// A path of the host as it is here; `None` if it is not seen.
    fn here(&self, path: &str) -> Option<String> {
        let around = self.0.iter().filter(|(there, _)| is_within(path, there));
        let (there, here) = around.max_by_key(|(there, _)| there.len())?;
        Some(normalise(&format!("{here}/{}", normalise(path).strip_prefix(there.as_str())?)))
    }
}

/// Why something is denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::docker) struct Denied {
    /// What is not granted.
    pub(in crate::docker) demand: Demand,
    /// Whether it would be, if a link that was put there did not lead out of it.
    pub(in crate::docker) moved: bool,
}

impl PolicyEvaluator {
    /// An evaluator of this policy that knows of no trees yet.
    #[must_use]
    pub fn of(policy: HostPolicy) -> Arc<Self> {
        Arc::new(Self { policy, places: RwLock::default() })
    }

    /// Replaces what is known of trees: binds inside a deployment's own need no grant.
    pub fn renew(&self, places: BTreeMap<DeploymentId, Place>) {
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = places;
    }

    /// Says where the tree of a deployment is that is wanted in place of the one that is known. The
    /// values of both never print.
    pub fn replace(&self, deployment: DeploymentId, mut place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let known = places.get(&deployment).map(|known| known.secrets.clone());
        place.secrets.extend(known.unwrap_or_default());
        places.insert(deployment, place);
    }

    /// The values that were put into a deployment's stack and never print.
    pub(in crate::docker) fn secrets_of(&self, deployment: &DeploymentId) -> Vec<Content> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.get(deployment).map(|place| place.secrets.clone()).unwrap_or_default()
    }

    /// Whether every deployment may do everything.
    pub(in crate::docker) fn is_permissive(&self) -> bool {
        self.policy.permissive
    }

    /// The part of a demand that this deployment may not have, links followed.
    pub(in crate::docker) fn denies(
        &self,
        deployment: &DeploymentId,
        demand: &Demand,
    ) -> Option<Denied> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let place = places.get(deployment);
        let tree = place.map(|place| &place.tree);
        let followed = tree.map_or_else(|| demand.clone(), |tree| tree.follow(demand.clone()));
        if !self.policy.permits(deployment, tree, &followed) {
            return Some(Denied { demand: followed, moved: false });
        }
        let (Some(place), Demand::Bind(path), Demand::Bind(led)) = (place, demand, &followed)
        else {
            return None;
        };
        let ground = self.policy.ground(deployment, tree, led)?;
        place.is_moved(path, led, &ground).then_some(Denied { demand: followed, moved: true })
    }
}

impl Place {
    /// Whether a path leads elsewhere than it did in the revision: out of what it is permitted
    /// for, or, where links of the revision are on its way, to another end. What is not seen,
    /// or not there, does not.
    fn is_moved(&self, path: &str, led: &str, ground: &str) -> bool {
        let (Some(around), Some(end)) = (self.sight.here(ground), self.sight.here(led)) else {
            return false;
        };
        let Some(below) = end.strip_prefix(&around) else { return false };
        // A link's absolute target is the host's: elsewhere it means something else.
        let whole = self.sight == Sight::same();
        let other = whole && normalise(path) != led && is_other(Path::new(path), Path::new(&end));
        other || leads_out(Path::new(&around), below.trim_start_matches('/'))
    }
}

/// Whether two paths lead to two things.
fn is_other(one: &Path, other: &Path) -> bool {
    let seen = |path: &Path| std::fs::canonicalize(path).ok();
    matches!((seen(one), seen(other)), (Some(one), Some(other)) if one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_host_is_found_here() {
        let mounts = [("/state".to_owned(), "/home/ann/stacks".to_owned())];
        let sight = Sight::through(mounts.iter().map(|(here, there)| (here, there)));
        assert_eq!(sight.here("/home/ann/stacks/shop/x").as_deref(), Some("/state/shop/x"));
        assert_eq!(sight.here("/home/ann/stacks").as_deref(), Some("/state"));
        assert_eq!(sight.here("/home/ann"), None);
        assert_eq!(Sight::same().here("/home/../etc").as_deref(), Some("/etc"));
        assert_eq!(Sight::default().here("/etc"), None);
    }

    #[test]
    fn a_deployment_that_returns_hides_the_values_of_both_its_states() {
        let evaluator = PolicyEvaluator::of(HostPolicy::default());
        let place = |secret: &str| Place {
            tree: OwnTree::default(),
            sight: Sight::default(),
            secrets: vec![Content::new(secret.as_bytes())],
        };
        evaluator.renew([("abc".into(), place("new"))].into());
        evaluator.replace("abc".into(), place("old"));
        let hidden = evaluator.secrets_of(&"abc".into());
        assert_eq!(hidden, [Content::new(&b"old"[..]), Content::new(&b"new"[..])]);
    }
}
