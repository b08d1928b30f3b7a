//! What a controller does, as log lines and for whoever asks its API.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use crate::api::{LastPass, Status, put_off, rfc3339};
use crate::control::{Ending, Event, Progress, Report};
use crate::world::Clock;

use super::progress::{elapsed, takes_long};

/// Logs what happens and publishes what is known.
pub(in crate::cli) struct Logs<C> {
    clock: C,
    status: watch::Sender<Arc<Status>>,
}

impl<C: Clock> Logs<C> {
    /// Publishes to this channel.
    pub(in crate::cli) fn new(clock: C, status: watch::Sender<Arc<Status>>) -> Self {
        Self { clock, status }
    }

    /// Changes what is published.
    pub(in crate::cli) fn publish(&self, change: impl FnOnce(Status) -> Status) {
        self.status.send_modify(|status| *status = Arc::new(change(Status::clone(status))));
    }

    fn finished(&self, report: &Report) {
        for (deployment, message) in
            report.diagnostics.iter().flat_map(|(id, list)| list.iter().map(move |one| (id, one)))
        {
            let deployment = deployment.as_ref().map(tracing::field::display);
            let at = message.at.as_ref().map(tracing::field::display);
            if message.is_error() {
                error!(deployment, at, help = message.help, "{}", message.message);
            } else {
                warn!(deployment, at, help = message.help, "{}", message.message);
            }
        }
        for blocked in &report.blocked {
            let deployment = blocked.deployment.as_ref().map(tracing::field::display);
            let waits = blocked.waiting_on.to_string();
            warn!(deployment, waits, "blocked: {}", blocked.subject);
        }
        if let Some(error) = &report.error {
            error!("{error}");
        }
        let Some(execution) = &report.execution else { return };
        let done = execution.steps.iter().filter(|(_, end)| matches!(end, Ending::Done { .. }));
        let failed = execution.failures();
        let pass = LastPass {
            at: rfc3339(self.clock.now()),
            exit_code: report.exit().code(),
            done: done.count(),
            failed: failed.map(|(step, why)| format!("{}: {}", step.action, why.error)).collect(),
        };
        info!(done = pass.done, failed = pass.failed.len(), "pass finished");
        self.publish(|status| Status { last_pass: Some(pass), ..status });
    }
}

impl<C: Clock> Progress for Logs<C> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::SourceFailed(why) => error!("the source cannot be read: {why}"),
            Event::PassStarted { revision } => info!(revision = revision.short(), "pass begins"),
            Event::Unreachable { part, error } => {
                error!(%part, "cannot be read, nothing of it is changed: {error}");
            }
            Event::Reachable { part } => info!(%part, "answers again"),
            Event::Planned(plan) => {
                for line in plan.to_string().lines() {
                    info!("{line}");
                }
            }
            Event::Held(held) => warn!("{}", put_off(held)),
            Event::StepStarted(step) => {
                if takes_long(&step.action) {
                    info!(deployment = %step.deployment, step = %step.id, "begin {}", step.action);
                } else {
                    debug!(deployment = %step.deployment, step = %step.id, "begin {}", step.action);
                }
            }
            Event::StepFinished { step, took } => {
                let took = elapsed(*took);
                info!(deployment = %step.deployment, step = %step.id, took, "done {}", step.action);
            }
            Event::StepFailed { step, failure } => {
                let (deployment, logs) = (&step.deployment, failure.logs.join("\n"));
                let why = &failure.error;
                error!(%deployment, step = %step.id, logs, "failed {}: {why}", step.action);
            }
            Event::StepDropped { step, because } => {
                warn!(deployment = %step.deployment, step = %step.id, %because, "skipped {}", step.action);
            }
            Event::StepStopped(step) => {
                info!(deployment = %step.deployment, step = %step.id, "stopped {}", step.action);
            }
            Event::PassFinished(report) => self.finished(report),
            Event::Status(look) => self.publish(|status| status.after(look)),
            Event::Waiting { next } => debug!(next = rfc3339(*next), "waiting"),
        }
    }
}
