//! The controller's part in going back: nothing of a deployment begins between a failure that gives
//! its revision up and the look that knows it; what is wanted instead is read beside everything
//! else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::AbortHandle;

use crate::control::back::{keep, substitute, verdicts, write};
use crate::control::event::Event;
use crate::control::report::{Failure, Report};
use crate::control::triggers::Trigger;
use crate::plan;
use model::action::LedgerChange;
use model::desired::{Deployment, DesiredState};
use model::digest::Digest;
use model::id::{DeploymentId, EngineName};
use model::ledger::Ledger;
use model::observed::ObservedState;
use model::plan::Step;
use model::rollback::InsteadOf;
use model::time::Instant;
use world::{Act, Changed, Clock, Source, Watch};

use super::{Controller, Current};

/// What a controller knows of rollouts that failed and of those that worked.
#[derive(Default)]
pub(super) struct Going {
    /// What the last looks saw of the ledger.
    ledger: Ledger,
    /// What is to be remembered of deployments with steps under way.
    verdicts: BTreeMap<DeploymentId, (EngineName, LedgerChange)>,
    /// Deployments of which it is being written.
    writing: BTreeSet<DeploymentId>,
    /// What is wanted instead is being read.
    reading: Option<AbortHandle>,
    /// The next look is the first one after that.
    is_read: bool,
    /// Whether what works is being kept.
    keeping: bool,
    /// What could not be kept.
    not_kept: BTreeSet<(DeploymentId, Digest)>,
}

impl<W: Act + Watch, C: Clock, S: Source> Controller<'_, W, C, S> {
    /// Deployments of which nothing begins.
    pub(super) fn busy(&self) -> BTreeSet<DeploymentId> {
        let Going { verdicts, writing, .. } = &self.going;
        let mut busy = self.executor.busy();
        busy.extend(verdicts.keys().chain(writing).cloned());
        busy
    }

    /// Whether nothing of a deployment begins.
    pub(super) fn is_busy(&self, id: &DeploymentId) -> bool {
        let Going { verdicts, writing, .. } = &self.going;
        self.executor.is_busy(id) || verdicts.contains_key(id) || writing.contains(id)
    }

    /// A step failed: perhaps its revision is given up.
    pub(super) fn failed(&mut self, step: &Step, failure: &Failure) {
        let Some(current) = &self.current else { return };
        let wanted = (&current.desired, &self.going.ledger);
        let found = verdicts(wanted, [(step, failure)].into_iter(), self.setup.clock.now());
        for (id, verdict) in found {
            self.going.verdicts.entry(id).or_insert(verdict);
        }
    }

    /// The last step of a deployment that was under way ended. Returns whether its revision is
    /// given up.
    pub(super) fn gives_up(&mut self, id: &DeploymentId) -> bool {
        let Some((engine, change)) = self.going.verdicts.remove(id) else { return false };
        self.going.writing.insert(id.clone());
        let (world, id) = (self.setup.world, id.clone());
        self.triggers.push(async move {
            let written = write(world, &engine, &change).await;
            Trigger::GivenUp(id, Box::new((engine, change)), written.is_ok())
        });
        true
    }

    /// That a revision is given up was remembered, or could not be: then it is tried again.
    pub(super) fn given_up(
        &mut self,
        id: DeploymentId,
        (engine, change): (EngineName, LedgerChange),
        written: bool,
        now: Instant,
    ) {
        self.going.writing.remove(&id);
        if written {
            self.going.ledger.apply(&engine, &change);
            self.backoffs.clear(&[id.clone()].into());
            self.due.want(now);
        } else {
            self.due.want_of(Changed::Deployments([id].into()), now);
        }
    }

    /// Takes over what a look saw of the ledger. Returns whether something else is wanted now than
    /// what was looked at.
    pub(super) fn is_another_wanted(&mut self, observed: &ObservedState) -> bool {
        let Some(current) = &self.current else { return false };
        match &observed.part {
            None => self.going.ledger = observed.ledger.ledger.clone(),
            Some(part) => {
                let seen = observed.ledger.ledger.iter();
                for (engine, id, record) in seen.filter(|(_, id, _)| part.contains(*id)) {
                    self.going.ledger.put(engine, id, record.clone());
                }
            }
        }
        let otherwise = plan::otherwise(current.asked(), &observed.ledger.ledger);
        let otherwise = otherwise.iter().filter(|(id, _)| observed.covers(id));
        let known = current.desired.instead.iter().filter(|(id, _)| observed.covers(id));
        let same = known
            .clone()
            .map(|(id, instead)| (id, &instead.why))
            .eq(otherwise.map(|(id, otherwise)| (id, &otherwise.why)));
        let is_read = std::mem::take(&mut self.going.is_read);
        let is_lost = |of: &InsteadOf| matches!(of, InsteadOf::Lost(_));
        let lost =
            observed.part.is_none() && !is_read && known.clone().any(|(_, it)| is_lost(&it.of));
        // What cannot be read of the ledger says nothing.
        observed.ledger.unseen.is_none() && (!same || lost)
    }

    /// Begins to read what is wanted instead of what failed.
    pub(super) fn read_instead(&mut self) {
        let Some(current) = &self.current else { return };
        let (setup, snapshot) = (self.setup, current.snapshot.clone());
        let (mut desired, ledger) = (current.asked().clone(), self.going.ledger.clone());
        let reading = self.triggers.push_until_given_up(async move {
            substitute(setup, &snapshot, &mut desired, &ledger).await;
            Trigger::Substituted(Box::new(desired))
        });
        self.going.reading.replace(reading).iter().for_each(AbortHandle::abort);
    }

    /// What is wanted instead was read.
    pub(super) fn substituted(&mut self, desired: DesiredState, now: Instant) {
        self.going.reading = None;
        self.going.is_read = true;
        let Some(current) = self.current.take() else { return };
        for (deployment, instead) in &desired.instead {
            if !current.desired.instead.contains_key(deployment) {
                self.emit(&Event::GivenUp { deployment, instead });
            }
        }
        let asked = current.asked.unwrap_or_else(|| Box::new(current.desired));
        let asked = (!desired.instead.is_empty()).then_some(asked);
        self.current = Some(Current::of(current.snapshot, desired, asked, self.setup.settings));
        self.due.want(now);
    }

    /// Another revision is wanted now.
    pub(super) fn forget_instead(&mut self) {
        self.going.reading.take().iter().for_each(AbortHandle::abort);
        self.going.not_kept.clear();
    }

    /// Keeps what works.
    pub(super) fn keep(&mut self, observed: &ObservedState, report: &Report) {
        let Some(current) = &self.current else { return };
        if self.going.keeping || report.error.is_some() {
            return;
        }
        let mut works = plan::worth_keeping(
            &current.desired,
            (observed, &observed.ledger.ledger),
            &report.deployments,
        );
        works.retain(|works| {
            let Deployment { id, hash, .. } = works.deployment.as_ref();
            !self.is_busy(id) && !self.going.not_kept.contains(&(id.clone(), hash.clone()))
        });
        if works.is_empty() {
            return;
        }
        self.going.keeping = true;
        let (setup, snapshot) = (self.setup, current.snapshot.clone());
        let layout = current.desired.layout;
        self.triggers
            .push(async move { Trigger::Kept(keep(setup, &snapshot, layout, works).await) });
    }

    /// What works was kept, but these.
    pub(super) fn kept(&mut self, not_kept: Vec<Arc<Deployment>>) {
        self.going.keeping = false;
        let of = |deployment: Arc<Deployment>| (deployment.id.clone(), deployment.hash.clone());
        self.going.not_kept.extend(not_kept.into_iter().map(of));
    }
}
