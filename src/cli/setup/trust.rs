//! What the authors of stacks may ask of the host: nothing that the operator did not
//! grant, unless author and operator are the same person at a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use model::bounds::Bounds;
use model::policy::HostPolicy;

use super::super::options::TrustOptions;

/// Whether a person sits there and the stacks are a folder of theirs.
pub(in crate::cli) fn is_own_folder_on_terminal(is_folder: bool) -> bool {
    is_folder && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether stacks may see all of the environment, as with Compose: a local path that a person
/// names, not what a controller follows, and unless the person says otherwise.
pub(in crate::cli) fn sees_environment(
    options: &TrustOptions,
    is_folder: bool,
    controller: bool,
) -> bool {
    is_folder && !controller && options.trust_stacks != Some(false)
}

/// The policy; `own` says that the stacks are the operator's own, by
/// [`is_own_folder_on_terminal`], and that this is no controller.
pub(in crate::cli) fn policy(options: &TrustOptions, own: bool) -> HostPolicy {
    let mut grants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for grant in options.allow.iter().flatten() {
        grants.entry(grant.deployment.clone()).or_default().insert(grant.demand.clone());
    }
    HostPolicy { permissive: options.trust_stacks.unwrap_or(own), grants }
}

/// How much one stack may ask for.
pub(in crate::cli) fn bounds(options: &TrustOptions) -> Bounds {
    let default = Bounds::default();
    Bounds {
        services: options.max_services.unwrap_or(default.services),
        replicas: options.max_replicas.unwrap_or(default.replicas),
        containers: options.max_containers.unwrap_or(default.containers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::demand::Demand;

    #[test]
    fn nothing_is_granted_unasked() {
        let policy = policy(&TrustOptions::default(), false);
        assert!(!policy.permits(&"abc".into(), None, &Demand::Privileged));
    }

    #[test]
    fn the_operator_may_distrust_a_folder_of_their_own() {
        let options = TrustOptions { trust_stacks: Some(false), ..TrustOptions::default() };
        assert!(!policy(&options, true).permissive);
        assert!(policy(&TrustOptions::default(), true).permissive);
    }

    #[test]
    fn grants_are_kept_by_deployment() {
        let grants = ["abc:privileged", "*:bind=/srv"].map(|text| text.parse().expect("a grant"));
        let options = TrustOptions { allow: Some(grants.into()), ..TrustOptions::default() };
        let policy = policy(&options, false);
        assert!(policy.permits(&"abc".into(), None, &Demand::Privileged));
        assert!(!policy.permits(&"xyz".into(), None, &Demand::Privileged));
        assert!(policy.permits(&"xyz".into(), None, &Demand::Bind("/srv/a".to_owned())));
    }
}
