//! What a request wants, on whose behalf, and whether that is granted.

use std::collections::BTreeSet;

use super::evaluator::{Denied, PolicyEvaluator};
use super::joins::Join;
use super::request::Refusal;
use model::demand::Demand;
use model::id::DeploymentId;

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::docker) struct RequestedPrivileges {
    /// On whose behalf.
    pub(in crate::docker) owner: Owner,
    /// What it demands of the host.
    pub(in crate::docker) demands: BTreeSet<Demand>,
    /// The containers that it shares something with. Each is read and [`super::join_demand`]
    /// asked.
    pub(in crate::docker) joins: BTreeSet<Join>,
    /// The ids of networks that are to be attached to. Of each the name is read and
    /// [`super::network_demand`] asked.
    pub(in crate::docker) networks: BTreeSet<String>,
    /// The container that it starts: what it binds is looked at once more, because the engine
    /// follows links when it starts it. It is read and [`super::binds`] asked.
    pub(in crate::docker) starts: Option<String>,
}

/// On whose behalf a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::docker) enum Owner {
    /// Nobody in particular: no grant can cover a demand.
    Nobody,
    /// The deployment that the body's labels name.
    Deployment(DeploymentId),
    /// The deployment that this container belongs to, which is read. Whether the network
    /// demands anything depends on it: [`super::network_demand`] is asked.
    OfContainer { container: String, network: Option<String> },
}

impl RequestedPrivileges {
    pub(super) fn nothing() -> Self {
        Self::of(Owner::Nobody, BTreeSet::new())
    }

    pub(super) fn of(owner: Owner, demands: BTreeSet<Demand>) -> Self {
        let (joins, networks) = (BTreeSet::new(), BTreeSet::new());
        Self { owner, demands, joins, networks, starts: None }
    }

    /// Whether the policy grants all of it.
    ///
    /// # Errors
    /// [`Refusal`], which names every demand and the flag that would grant it.
    pub(in crate::docker) fn evaluate(&self, evaluator: &PolicyEvaluator) -> Result<(), Refusal> {
        if evaluator.is_permissive() {
            return Ok(());
        }
        let all = self.demands.iter();
        let (name, denied): (&str, BTreeSet<Denied>) = match &self.owner {
            Owner::Deployment(id) => {
                (id.as_str(), all.filter_map(|demand| evaluator.denies(id, demand)).collect())
            }
            Owner::Nobody | Owner::OfContainer { .. } => {
                let denied = all.map(|demand| Denied { demand: demand.clone(), moved: false });
                ("<deployment>", denied.collect())
            }
        };
        if let Some(moved) = denied.iter().find(|denied| denied.moved) {
            return Err(Refusal(format!(
                "the host policy denies {name} {}: a symbolic link that was put on its way leads \
                 out of what is granted; take it away",
                moved.demand
            )));
        }
        if denied.is_empty() {
            return Ok(());
        }
        let denied: Vec<Demand> = denied.into_iter().map(|denied| denied.demand).collect();
        let demands: Vec<String> = denied.iter().map(ToString::to_string).collect();
        let flags: Vec<String> =
            demands.iter().map(|demand| format!("--allow '{name}:{demand}'")).collect();
        let codes: BTreeSet<&str> = denied.iter().map(|demand| demand.code().0).collect();
        Err(Refusal(format!(
            "the host policy denies {name} {} [{}]; an operator who trusts it says {}",
            demands.join(", "),
            codes.into_iter().collect::<Vec<_>>().join(" "),
            flags.join(" "),
        )))
    }
}
