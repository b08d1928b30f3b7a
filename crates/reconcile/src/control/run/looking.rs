//! The controller's looks: when one begins, what follows from it, and what of that
//! is reported.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::control::admit::admit;
use crate::control::event::Event;
use crate::control::history::Attempt;
use crate::control::next_look::NextLook;
use crate::control::observe::{Look, unseen};
use crate::control::pass::faults;
use crate::control::report::{Execution, Report};
use crate::control::setup::Setup;
use crate::control::triggers::{Seen, Trigger};
use crate::plan;
use model::desired::{DesiredState, Entry};
use model::id::DeploymentId;
use model::plan::Plan;
use model::time::Instant;
use world::{Act, Changed, Clock, Source, Watch};

use super::{Controller, Current};

/// The gap between looks grows with what a look takes, up to this many times the gap.
const LARGEST_GAP: u32 = 5;

impl<W: Act + Watch, C: Clock, S: Source> Controller<'_, W, C, S> {
    pub(super) fn probe_if_due(&mut self, now: Instant) {
        let Some(current) = &self.current else { return };
        let Setup { world, clock, limits, .. } = self.setup;
        for part in self.breakers.due(now) {
            let look = current.look.clone();
            self.triggers.push(async move {
                let answer = look.probe(world, clock, limits.look, &part).await;
                Trigger::Probed(part, answer)
            });
        }
    }

    pub(super) fn look_if_due(&mut self, now: Instant) {
        let Some(current) = &self.current else { return };
        if self.looking.is_some() || self.due.next().is_none_or(|at| at > now) {
            return;
        }
        let earliest = self.look_began.map_or(now, |began| began.plus(self.gap));
        if earliest > now {
            self.due.put_off(earliest);
            return;
        }
        let mut known = current.desired.deployments.keys().chain(self.last.deployments.keys());
        if !self.executor.is_idle() && known.all(|id| self.is_busy(id)) {
            // Nothing could follow from it; the last step that ends brings us back here.
            return;
        }
        let Some(mut what) = self.due.take(now) else { return };
        if let Changed::Deployments(some) = &mut what {
            some.retain(|id| !self.is_busy(id));
            if some.is_empty() {
                return;
            }
        }
        let look = match self.part(current, what) {
            Some(part) => Look::of(&current.desired, self.setup.settings, Some(part)),
            None => current.look.clone(),
        };
        if look.is_whole() {
            self.due = NextLook::default();
        }
        self.look_began = Some(now);
        self.reporting.append(&mut self.finished);
        let busy = self.busy();
        let Setup { world, clock, limits, .. } = self.setup;
        let skip = self.breakers.errors();
        self.looking = Some(self.triggers.push_until_given_up(async move {
            let observed = look.take_in_order(world, clock, limits.look, &skip).await;
            Trigger::Seen(Seen { busy, observed })
        }));
    }

    /// The deployments that have to be looked at for these, if not all.
    fn part(&self, current: &Current, what: Changed) -> Option<BTreeSet<DeploymentId>> {
        let Changed::Deployments(ids) = what else { return None };
        let part = current.parts.around(&ids)?;
        let is_small = part.len() * 2 <= current.desired.deployments.len();
        let alone = current.alone && current.desired.provisional.is_empty();
        (is_small && alone && self.last.allows_part(&part)).then_some(part)
    }

    pub(super) fn seen(&mut self, seen: Seen, now: Instant) {
        let Seen { busy, observed } = seen;
        self.looking = None;
        if self.current.is_none() {
            return;
        }
        if observed.part.is_none() {
            let took = self.look_began.map_or(Duration::ZERO, |began| now.since(began));
            self.gap = (took * (LARGEST_GAP - 1)).clamp(self.pace.gap, self.pace.gap * LARGEST_GAP);
            self.due.want(now.plus(self.pace.resync));
        }
        for (part, error) in &unseen(&observed) {
            if self.breakers.fell(part, error, now) {
                self.setup.progress.event(&Event::Unreachable { part, error });
            }
        }
        if self.is_another_wanted(&observed) {
            self.read_instead();
            return;
        }
        let Some(current) = &mut self.current else { return };
        let plan = plan::plan(&current.desired, &observed, self.setup.settings);
        if observed.part.is_none() {
            current.alone = !plan.crosses() && !is_left_elsewhere(&current.desired, &plan);
        }
        let mut report = Report::of_plan(&current.desired, &observed, &plan);
        report.error = faults(&plan);
        if let Some(part) = &observed.part {
            if !report.unseen.is_empty() {
                // Others depend on what does not answer, too.
                self.due.want(now);
                return;
            }
            report = self.last.clone().with_part(part, report);
        }
        if report.error.is_none() {
            self.carry_out(plan, observed.part.as_ref(), &busy, now);
        }
        self.keep(&observed, &report);
        self.report_ended(&busy);
        self.emit_report(report);
    }

    /// Begins the steps of a plan, for a part of the deployments or for all, that may begin.
    fn carry_out(
        &mut self,
        plan: Plan,
        part: Option<&BTreeSet<DeploymentId>>,
        busy: &BTreeSet<DeploymentId>,
        now: Instant,
    ) {
        let Some(current) = &self.current else { return };
        let tree = current.snapshot.tree.clone();
        self.backoffs.forget(now);
        let (steps, held) = admit(&plan, busy, &self.backoffs, now);
        for put_off in &held {
            self.due.want_of(
                Changed::Deployments([put_off.subject.deployment.clone()].into()),
                put_off.until,
            );
        }
        let others = self
            .status
            .held
            .iter()
            .filter(|held| part.is_some_and(|part| !part.contains(&held.subject.deployment)));
        let held = held.into_iter().map(|put_off| put_off.on_calendar(self.setup.clock));
        let held: Vec<_> = others.cloned().chain(held).collect();
        for held in &held {
            if !self.status.held.iter().any(|known| known.is_same(held)) {
                self.emit(&Event::Held(held));
            }
        }
        self.status.held = held;
        if steps.is_empty() {
            return;
        }
        self.backoffs.begin(&steps, now);
        let plan = plan.with_only(&steps);
        self.emit(&Event::PassStarted { revision: &plan.revision });
        self.emit(&Event::Planned(&plan));
        let Current { snapshot, desired, .. } = current;
        self.begun.begin(Attempt::now(
            snapshot,
            desired,
            (steps.iter(), &plan.blocked),
            self.setup.clock,
        ));
        self.executor.begin(steps, tree);
    }

    /// What ended before a look began is reported with it, also what was reported in between.
    fn report_ended(&mut self, busy: &BTreeSet<DeploymentId>) {
        let began_after = |execution: &Execution| {
            execution.steps.iter().any(|(step, _)| busy.contains(&step.deployment))
        };
        let (newer, ended) = std::mem::take(&mut self.finished).into_iter().partition(began_after);
        self.finished = newer;
        self.reporting.extend::<Vec<_>>(ended);
    }

    /// Tells what a look said, if it is news or closes a pass.
    fn emit_report(&mut self, report: Report) {
        let is_news = report != self.last;
        self.status.seen(&report, self.setup.clock.now());
        self.last = report;
        self.emit(&Event::Status(&self.status));
        let execution = Execution::joined(std::mem::take(&mut self.reporting));
        if is_news || execution.is_some() {
            let report = Report { execution, ..self.last.clone() };
            self.emit(&Event::PassFinished(&report));
        }
    }
}

/// Whether something is to be done for a deployment on an engine where it is not wanted: no
/// look at it alone shows that.
fn is_left_elsewhere(desired: &DesiredState, plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match desired.deployments.get(&step.deployment) {
        Some(Entry::Valid(deployment, _)) => deployment.engine != step.engine,
        _ => false,
    })
}
