//! What the authors of stacks may ask of the host: nothing that the operator did not grant, unless
//! author and operator are the same person, who names a local path as with `docker compose up`.

use std::collections::{BTreeMap, BTreeSet};

use model::bounds::Bounds;
use model::policy::HostPolicy;

use super::super::options::TrustOptions;

/// Whether stacks are a person's own, as with Compose: a local path that the person names, not what
/// a controller follows, and unless the person says otherwise. They see all of the environment,
/// and get what they ask of the host.
pub(in crate::cli) fn are_own(options: &TrustOptions, is_folder: bool, controller: bool) -> bool {
    is_folder && !controller && options.trust_stacks != Some(false)
}

/// The policy; `own` is [`are_own`].
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
