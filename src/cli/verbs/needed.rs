//! What deployments ask of the host and a policy does not permit: `grants` lists it, and `validate`
//! warns about it.

use model::demand::Demand;
use model::desired::{Deployment, DesiredState, Entry};
use model::diagnostic::{Diagnostic, Loc};
use model::grants::gives;
use model::id::DeploymentId;
use model::policy::HostPolicy;
use model::printable::one_line;
use model::remedy::quoted;
use reconcile::plan::{asked_of_host, rendered_demand};

/// One line of `allow`.
pub(super) struct Needed<'a> {
    pub(super) deployment: &'a DeploymentId,
    pub(super) demand: Demand,
    /// It as it prints.
    pub(super) text: String,
    pub(super) at: Option<Loc>,
}

impl Needed<'_> {
    /// As `allow` takes it.
    pub(super) fn allow(&self) -> String {
        format!("{}:{}", self.deployment, self.text)
    }
}

/// What a deployment asks of the host that the policy does not permit.
pub(super) fn needed<'a>(
    deployment: &'a Deployment,
    policy: &HostPolicy,
) -> impl Iterator<Item = Needed<'a>> {
    let (id, tree) = (&deployment.id, deployment.own_tree());
    let asked = asked_of_host(deployment).into_iter();
    let missing: Vec<_> =
        asked.filter(|(demand, _)| !policy.permits(id, Some(&tree), demand)).collect();
    missing.into_iter().map(move |(demand, at)| {
        // Nothing of the installation is known, by whose key masks of equal values are equal.
        let text = rendered_demand(deployment, &demand, |_| "(masked)".to_owned());
        Needed { deployment: id, demand, text, at }
    })
}

/// Warnings about what this policy does not grant, at the place that asks for it.
pub(super) fn warn(desired: &mut DesiredState, policy: &HostPolicy) {
    for entry in desired.deployments.values_mut() {
        let Entry::Valid(deployment, list) = entry else { continue };
        let missing = needed(deployment, policy).map(|one| {
            let what = format!(
                "`{}` is asked of the host and not granted: it gives away {}",
                one_line(&one.text),
                gives(&one.demand)
            );
            let help = format!("`--allow {}`, or ask for less", quoted(&one.allow()));
            let warning = Diagnostic::error(what).as_warning().with_help(help);
            Diagnostic { at: one.at.clone(), ..warning.with_code(one.demand.code()) }
        });
        let missing: Vec<_> = missing.collect();
        list.extend(missing);
    }
}
