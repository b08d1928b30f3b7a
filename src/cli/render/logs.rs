//! What a controller does, as log lines and for its API.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use crate::api::{Heartbeat, LastPass, Status, put_off, rfc3339};
use adapters::docker::{ImageListener, ImageProgress};
use model::diagnostic::Diagnostic;
use model::id::DeploymentId;
use reconcile::control::{Ending, Event, Progress, Report};
use world::Clock;

use super::progress::{elapsed, given_up, takes_long};

/// Logs what happens and publishes what is known.
pub(in crate::cli) struct Logs<C> {
    clock: C,
    status: watch::Sender<Arc<Status>>,
    heartbeat: Arc<Heartbeat>,
    /// The messages that were logged last: they are not repeated after every pass.
    last_logged: RefCell<BTreeSet<String>>,
}

impl<C: Clock> Logs<C> {
    /// Publishes to this channel.
    pub(in crate::cli) fn new(
        clock: C,
        status: watch::Sender<Arc<Status>>,
        heartbeat: Arc<Heartbeat>,
    ) -> Self {
        Self { clock, status, heartbeat, last_logged: RefCell::default() }
    }

    /// The loop is alive, or that which waits for the lease is.
    pub(in crate::cli) fn beat(&self) {
        self.heartbeat.beat();
    }

    /// Changes what is published.
    pub(in crate::cli) fn publish(&self, change: impl FnOnce(Status) -> Status) {
        self.status.send_modify(|status| *status = Arc::new(change(Status::clone(status))));
    }

    fn finished(&self, report: &Report) {
        let before = self.last_logged.take();
        let last_logged = &mut *self.last_logged.borrow_mut();
        let mut is_news = |text: String| {
            let news = !before.contains(&text);
            last_logged.insert(text);
            news
        };
        for (deployment, message) in
            report.diagnostics.iter().flat_map(|(id, list)| list.iter().map(move |one| (id, one)))
        {
            if is_news(format!("{deployment:?} {:?} {}", message.at, message.message)) {
                log_message(message, deployment.as_ref());
            }
        }
        for blocked in &report.blocked {
            let deployment = blocked.deployment.as_ref().map(tracing::field::display);
            let waits = blocked.waiting_on.to_string();
            if is_news(blocked.to_string()) {
                warn!(deployment, waits, "blocked: {}", blocked.subject);
            }
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

/// A line for each step of an image's build.
pub(in crate::cli) fn build_steps() -> ImageListener {
    Arc::new(|event| {
        if let ImageProgress::Step { step, .. } = event.progress {
            info!(image = event.image, "build step {step}");
        }
    })
}

fn log_message(message: &Diagnostic, deployment: Option<&DeploymentId>) {
    let Diagnostic { message: text, help, .. } = message;
    let deployment = deployment.map(tracing::field::display);
    let at = message.at.as_ref().map(tracing::field::display);
    if message.is_error() {
        error!(deployment, at, help, "{text}");
    } else {
        warn!(deployment, at, help, "{text}");
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
                for step in &plan.steps {
                    let causes: Vec<_> = step.causes.iter().map(ToString::to_string).collect();
                    let (deployment, causes) = (&step.deployment, causes.join("; "));
                    info!(%deployment, step = %step.id, causes, "plan {}", step.action);
                }
                info!("{}", plan.summary());
            }
            Event::GivenUp { deployment, instead } => {
                warn!(%deployment, "{}", given_up(instead));
            }
            Event::NotKept { deployment, why } => {
                warn!(%deployment, "it works, but cannot be returned to: {why}");
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
                let (deployment, logs) = (&step.deployment, failure.last.log.join("\n"));
                let why = &failure.error;
                error!(%deployment, step = %step.id, logs, "failed {}: {why}", step.action);
            }
            Event::StepForgiven { step, failure } => {
                let (deployment, why) = (&step.deployment, &failure.error);
                warn!(%deployment, step = %step.id, "failed {}: {why}; it goes on", step.action);
            }
            Event::StepNotNeeded(step) => {
                debug!(deployment = %step.deployment, step = %step.id, "not needed {}", step.action);
            }
            Event::StepDropped { step, because } => {
                warn!(deployment = %step.deployment, step = %step.id, %because, "skipped {}", step.action);
            }
            Event::StepStopped(step) => {
                info!(deployment = %step.deployment, step = %step.id, "stopped {}", step.action);
            }
            // The looks say it.
            Event::Silent { .. } => {}
            Event::NotRemembered { deployment, error } => {
                warn!("the history of {deployment} lacks this rollout: {error}");
            }
            Event::PassFinished(report) => self.finished(report),
            Event::Status(look) => self.publish(|status| status.after(look)),
            Event::Alive => self.beat(),
            Event::Waiting { next } => debug!(next = rfc3339(*next), "waiting"),
        }
    }
}
