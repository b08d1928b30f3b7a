//! The controller's looks: when one begins, what follows from what was seen, and what of it
//! is told.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::control::admit::admit;
use crate::control::event::Event;
use crate::control::observe::unseen;
use crate::control::pass::{Setup, faults};
use crate::control::report::{Execution, Report};
use crate::control::wakes::{Seen, Wake};
use crate::model::id::DeploymentId;
use crate::model::plan::Plan;
use crate::model::time::Instant;
use crate::plan;
use crate::world::{Act, Clock, Source, Watch};

use super::Controller;

/// The gap between looks grows with what a look takes, up to this many times the gap.
const LARGEST_GAP: u32 = 5;

impl<W: Act + Watch, C: Clock, S: Source> Controller<'_, W, C, S> {
    pub(super) fn probe_if_due(&mut self, now: Instant) {
        let Some(current) = &self.current else { return };
        let Setup { world, clock, limits, .. } = self.setup;
        for part in self.sick.due(now) {
            let look = current.look.clone();
            self.wakes.push(async move {
                let answer = look.probe(world, clock, limits.look, &part).await;
                Wake::Probed(part, answer)
            });
        }
    }

    pub(super) fn look_if_due(&mut self, now: Instant) {
        let Some(current) = &self.current else { return };
        if self.looking.is_some() || self.look_at.is_none_or(|at| at > now) {
            return;
        }
        let earliest = self.look_began.map_or(now, |began| began.plus(self.gap));
        if earliest > now {
            self.look_at = Some(earliest);
            return;
        }
        let mut known = current.desired.deployments.keys().chain(self.last.deployments.keys());
        if !self.walk.is_idle() && known.all(|id| self.walk.is_busy(id)) {
            // Nothing could follow from it; the last step that ends brings us back here.
            return;
        }
        self.look_at = None;
        self.look_began = Some(now);
        self.reporting.append(&mut self.finished);
        let busy = self.walk.busy();
        let Setup { world, clock, limits, .. } = self.setup;
        let (look, skip) = (current.look.clone(), self.sick.errors());
        self.looking = Some(self.wakes.push_until_given_up(async move {
            let observed = look.take_in_order(world, clock, limits.look, &skip).await;
            Wake::Seen(Seen { busy, observed })
        }));
    }

    pub(super) fn seen(&mut self, seen: Seen, now: Instant) {
        let Seen { busy, observed } = seen;
        self.looking = None;
        let Some(current) = &self.current else { return };
        let took = self.look_began.map_or(Duration::ZERO, |began| now.since(began));
        self.gap = (took * (LARGEST_GAP - 1)).clamp(self.pace.gap, self.pace.gap * LARGEST_GAP);
        for (part, error) in &unseen(&observed) {
            if self.sick.fell(part, error, now) {
                self.setup.progress.event(&Event::Unreachable { part, error });
            }
        }
        let plan = plan::plan(&current.desired, &observed, self.setup.settings);
        let mut report = Report::of_plan(&current.desired, &observed, &plan);
        report.error = faults(&plan);
        self.want_look(now.plus(self.pace.resync));
        if report.error.is_none() {
            self.carry_out(plan, &busy, now);
        }
        self.tell_report(report);
    }

    /// Begins the steps of a plan that may begin.
    fn carry_out(&mut self, plan: Plan, busy: &BTreeSet<DeploymentId>, now: Instant) {
        let Some(current) = &self.current else { return };
        let tree = current.snapshot.tree.clone();
        self.holds.forget(now);
        let (steps, held) = admit(&plan, busy, &self.holds, now);
        for hold in &held {
            self.want_look(hold.until);
        }
        let held: Vec<_> = held.into_iter().map(|hold| hold.told(self.setup.clock)).collect();
        for held in &held {
            if !self.status.held.iter().any(|known| known.is_same(held)) {
                self.tell(&Event::Held(held));
            }
        }
        self.status.held = held;
        if steps.is_empty() {
            return;
        }
        self.holds.begin(&steps, now);
        let plan = plan.with_only(&steps);
        self.tell(&Event::PassStarted { revision: &plan.revision });
        self.tell(&Event::Planned(&plan));
        self.walk.begin(steps, tree);
    }

    /// Tells what a look said, if it is news or closes a pass.
    fn tell_report(&mut self, report: Report) {
        let is_news = report != self.last;
        self.status.seen(&report, self.setup.clock.now());
        self.last = report;
        self.tell(&Event::Status(&self.status));
        let execution = Execution::joined(std::mem::take(&mut self.reporting));
        if is_news || execution.is_some() {
            let report = Report { execution, ..self.last.clone() };
            self.tell(&Event::PassFinished(&report));
        }
    }
}
