//! What becomes of a rollout that failed: whether the deployment goes back, and to what.

use std::collections::{BTreeMap, BTreeSet};

use model::desired::{Deployment, DesiredState, Entry, Service};
use model::id::{DeploymentId, ServiceName};
use model::ledger::{Ledger, LedgerChange, Quarantine, Stable, Then};
use model::plan::{Blocked, WaitingOn};
use model::rollback::{InsteadOf, Why};
use model::spec::MountSource;
use model::time::Timestamp;

/// A rollout that failed.
#[derive(Clone, Debug)]
pub struct FailedRollout<'a> {
    /// Of which deployment.
    pub deployment: &'a DeploymentId,
    /// Of which of its services, if it failed at one.
    pub service: Option<&'a ServiceName>,
    /// What failed, in one line.
    pub why: String,
}

/// What is remembered of a rollout that failed, so that its revision is not tried again; `None` if
/// it is: it was no rollout but the repair of what worked, there is nothing to go back to, or the
/// stack says so.
#[must_use]
pub fn verdict(
    desired: &DesiredState,
    ledger: &Ledger,
    failed: &FailedRollout<'_>,
    at: Timestamp,
) -> Option<LedgerChange> {
    let id = failed.deployment;
    let Entry::Valid(deployment, _) = desired.deployments.get(id)? else { return None };
    // A rollback is never rolled back.
    if desired.instead.contains_key(id) {
        return None;
    }
    let record = ledger.record(&deployment.engine, id)?;
    let stable = record.stable.iter().find(|stable| stable.source == desired.source)?;
    if stable.hash == deployment.hash {
        return None;
    }
    let quarantine = Quarantine {
        revision: desired.revision.clone(),
        hash: deployment.hash.clone(),
        at,
        why: failed.why.clone(),
        then: asked(deployment, failed.service)?,
    };
    let quarantine = Box::new(quarantine);
    Some(LedgerChange::Quarantine { deployment: id.clone(), quarantine })
}

/// What the stack, or else the deployment, asks for.
fn asked(deployment: &Deployment, service: Option<&ServiceName>) -> Option<Then> {
    let own = service.and_then(|name| deployment.services.get(name)?.rollout.on_failure);
    own.unwrap_or(deployment.on_failure).then()
}

/// The jobs of a revision among those that ran, each with the services whose data it may have
/// changed: those that it depends on, and those that mount a volume or a path that it writes to.
#[must_use]
pub fn touched(
    deployment: &Deployment,
    ran: &BTreeSet<ServiceName>,
) -> BTreeMap<ServiceName, BTreeSet<ServiceName>> {
    let jobs = deployment.services.values().filter(|service| service.job);
    let jobs = jobs.filter(|job| ran.contains(&job.name) && !job.on_rollback);
    let touched = jobs.map(|job| {
        let written = job.spec.mounts.values().filter(|mount| !mount.read_only);
        let written: Vec<_> = written.map(|mount| &mount.source).collect();
        let shares = |service: &&Service| {
            let mut mounts = service.spec.mounts.values();
            let is_named = |source: &MountSource| {
                matches!(source, MountSource::Volume(_) | MountSource::Bind(_))
            };
            mounts.any(|mount| is_named(&mount.source) && written.contains(&&mount.source))
        };
        let others = deployment.services.values().filter(|service| service.name != job.name);
        let others = others.filter(shares).map(|service| &service.name);
        let all = others.chain(job.depends_on.keys()).cloned().collect();
        (job.name.clone(), all)
    });
    touched.collect()
}

/// What is wanted of a deployment instead of what the source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// Why.
    pub why: Why,
    /// The state that it returns to, if it does.
    pub to: Option<Stable>,
}

/// The deployments that are wanted otherwise than the source says: because a person asked for it, or
/// because the rollout of the revision failed.
#[must_use]
pub fn otherwise(desired: &DesiredState, ledger: &Ledger) -> BTreeMap<DeploymentId, Otherwise> {
    let valid = desired.deployments.iter().filter_map(|(id, entry)| match entry {
        Entry::Valid(deployment, _) => Some((id, deployment)),
        Entry::Invalid(_) => None,
    });
    let found = valid.filter_map(|(id, deployment)| {
        let record = ledger.record(&deployment.engine, id)?;
        let pin = record.pin.as_ref().map(|pin| Otherwise {
            why: Why::Asked(pin.clone()),
            to: pin.to.clone().filter(|stable| stable.source == desired.source),
        });
        let failed = || {
            let quarantine = record.quarantine.as_ref().filter(|it| it.holds(&deployment.hash))?;
            let mut stable = record.stable.iter();
            let stable = stable.find(|stable| stable.source == desired.source);
            let to = stable.filter(|_| quarantine.then == Then::Rollback).cloned();
            Some(Otherwise { why: Why::Failed(quarantine.clone()), to })
        };
        Some((id.clone(), pin.or_else(failed)?))
    });
    found.collect()
}

/// That what the source says is withheld, because something else is wanted.
pub(super) fn withheld(desired: &DesiredState, id: &DeploymentId) -> Option<Blocked> {
    let instead = desired.instead.get(id)?;
    let lost = match &instead.of {
        InsteadOf::Lost(why) => Some(why.clone()),
        InsteadOf::Stable(_) | InsteadOf::Standing | InsteadOf::Nothing => None,
    };
    let at = match desired.deployments.get(id) {
        Some(Entry::Valid(deployment, _)) => Some(deployment.origin.clone()),
        _ => None,
    };
    let back_at = instead.revision().cloned();
    let (revision, waiting_on) = match &instead.why {
        Why::Failed(quarantine) => {
            let failed = quarantine.why.clone();
            (&quarantine.revision, WaitingOn::AnotherRevision { failed, back_at, lost })
        }
        Why::Asked(pin) => {
            (&desired.revision, WaitingOn::Resume { by: pin.by.clone(), back_at, lost })
        }
    };
    let subject = format!("apply revision {} of {id}", revision.short());
    Some(Blocked { deployment: Some(id.clone()), subject, waiting_on, at })
}
