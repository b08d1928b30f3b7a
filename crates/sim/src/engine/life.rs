//! The life of a container: start, stop, exit, health, restart policies, and the
//! daemon's own restart.

use std::time::Duration;

use super::container::CHECK_RETRIES;
use super::{Container, Engine};
use crate::event::EngineEvent;
use crate::timeline::Timeline;
use model::id::ContainerId;
use model::observed::{Health, StartFailure, Status};
use model::spec::{Healthcheck, RestartPolicy};
use model::time::Timestamp;
use world::OutsideError;

/// The engine's default time between two health checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// What its restart policy waits at first; it doubles each time.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// What it waits at most.
const MAX_BACKOFF: Duration = Duration::from_mins(1);
/// A run longer than this resets the wait.
const STEADY: Duration = Duration::from_secs(10);
/// The exit code of a killed process.
pub(crate) const KILLED: i64 = 137;

/// Something happened by itself.
pub(crate) struct Happened {
    /// To which container.
    pub(crate) container: ContainerId,
    /// What, in words.
    pub(crate) text: String,
    /// Whether a call asked for it or hoped for it.
    pub(crate) asked: bool,
}

impl Engine {
    /// Starts a container; starting a running one does nothing.
    pub(crate) fn start(
        &mut self,
        id: &ContainerId,
        timeline: &mut Timeline,
    ) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        match container.status {
            Status::Running => return Ok(()),
            Status::Paused => {
                let text = "cannot start a paused container, try unpause instead";
                return Err(OutsideError::Conflict(text.to_owned()));
            }
            _ => {}
        }
        // Until it is known to have succeeded.
        let failed_before = container.start_failure.replace(StartFailure::Other);
        if failed_before == Some(StartFailure::Stuck) {
            container.start_failure = failed_before;
            return Err(OutsideError::Failed(format!("task {} already exists", id.short())));
        }
        let spec = container.spec.clone();
        let was = container.attached.clone();
        let joined = self.join(&spec)?;
        let host_ports = self.host_ports(id, &spec)?;
        let mut addresses = std::collections::BTreeMap::new();
        let mut attached = std::collections::BTreeMap::new();
        for (name, attachment) in &spec.networks {
            let found = self.networks.get(name).map(|network| network.id.clone());
            let found = found.filter(|id| was.get(name).is_none_or(|known| known == id));
            let Some(found) = found else {
                let text = format!("network {name} not found");
                return Err(OutsideError::Failed(text));
            };
            if let Ok(address) = self.address(name, attachment) {
                addresses.insert(name.clone(), address);
            } else {
                return Err(OutsideError::Failed("Address already in use".to_owned()));
            }
            attached.insert(name.clone(), found);
        }
        let container = self.get(id)?;
        container.host_ports = host_ports;
        container.addresses = addresses;
        container.attached = attached;
        container.joined = joined;
        container.start_failure = None;
        container.status = Status::Running;
        container.run += 1;
        container.started_at = Some(timeline.now);
        container.stopped_by_hand = false;
        container.start_after_exit = false;
        container.health = check_of(container).map(|_| Health::Starting);
        let container = container.clone();
        for name in container.volumes.values() {
            if let Some(volume) = self.volumes.get_mut(name) {
                volume.writes += 1;
            }
        }
        self.foresee(&container, timeline);
        Ok(())
    }

    /// Schedules what the new run of a container will do by itself.
    fn foresee(&self, container: &Container, timeline: &mut Timeline) {
        let (id, run) = (container.id.clone(), container.run);
        if let Some((span, code)) = container.behaviour.ends {
            self.schedule(timeline, span, EngineEvent::Exit { container: id, run, code });
        }
        self.probe(container, timeline);
    }

    /// Schedules what the health check will say.
    fn probe(&self, container: &Container, timeline: &mut Timeline) {
        let (id, run) = (container.id.clone(), container.run);
        let Some(check) = check_of(container) else { return };
        let interval = check.interval.unwrap_or(CHECK_INTERVAL);
        let (span, health) = if container.behaviour.healthy {
            (interval, Health::Healthy)
        } else {
            let failures = interval * check.retries.unwrap_or(CHECK_RETRIES).max(1);
            (check.start_period.unwrap_or_default() + failures, Health::Unhealthy)
        };
        self.schedule(timeline, span, EngineEvent::Health { container: id, run, health });
    }

    /// Sends the stop signal, which also thaws; says how long it takes until the process
    /// has ended.
    pub(crate) fn stop(
        &mut self,
        id: &ContainerId,
        grace: Duration,
        timeline: &mut Timeline,
    ) -> Result<Duration, OutsideError> {
        let container = self.get(id)?;
        container.stopped_by_hand = true;
        container.start_after_exit = false;
        match container.status {
            Status::Running | Status::Paused => {}
            Status::Restarting => {
                container.status = Status::Exited;
                return Ok(Duration::ZERO);
            }
            _ => return Ok(Duration::ZERO),
        }
        let (span, code) = if container.behaviour.stops_in <= grace {
            (container.behaviour.stops_in, 0)
        } else {
            (grace, KILLED)
        };
        let due = EngineEvent::Exit { container: id.clone(), run: container.run, code };
        self.schedule(timeline, span, due);
        Ok(span)
    }

    /// Lets a frozen container go on.
    pub(crate) fn unpause(
        &mut self,
        id: &ContainerId,
        timeline: &mut Timeline,
    ) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        if container.status != Status::Paused {
            let text = format!("Container {} is not paused", id.short());
            return Err(OutsideError::Failed(text));
        }
        container.status = Status::Running;
        let container = container.clone();
        self.probe(&container, timeline);
        Ok(())
    }

    /// Stops and starts a container; the engine goes on even if nobody waits.
    pub(crate) fn restart(
        &mut self,
        id: &ContainerId,
        grace: Duration,
        timeline: &mut Timeline,
    ) -> Result<Duration, OutsideError> {
        let runs = matches!(self.get(id)?.status, Status::Running | Status::Paused);
        let span = self.stop(id, grace, timeline)?;
        if runs {
            self.get(id)?.start_after_exit = true;
        } else {
            self.start(id, timeline)?;
        }
        Ok(span)
    }

    /// A process ends from outside; `by_hand` keeps the restart policy away.
    pub(crate) fn kill(
        &mut self,
        id: &ContainerId,
        (code, by_hand): (i64, bool),
        timeline: &mut Timeline,
    ) {
        if let Ok(container) = self.get(id) {
            container.stopped_by_hand |= by_hand;
            let run = container.run;
            self.exit(id, run, code, timeline);
        }
    }

    /// What is due happens.
    pub(crate) fn happen(&mut self, due: EngineEvent, timeline: &mut Timeline) -> Option<Happened> {
        match due {
            EngineEvent::Exit { container, run, code } => {
                let found = self.get(&container).ok()?;
                let asked = found.stopped_by_hand || found.start_after_exit;
                let text = format!("ended with {code}");
                let happened = self.exit(&container, run, code, timeline);
                happened.then_some(Happened { container, text, asked })
            }
            EngineEvent::Health { container, run, health } => {
                let found = self.get(&container).ok()?;
                if found.run != run || found.status != Status::Running {
                    return None;
                }
                found.health = Some(health);
                let text = format!("is {}", format!("{health:?}").to_lowercase());
                Some(Happened { container, text, asked: health == Health::Healthy })
            }
            EngineEvent::Restart { container, run } => {
                let found = self.get(&container).ok()?;
                if found.run != run || found.status != Status::Restarting {
                    return None;
                }
                found.status = Status::Exited;
                found.restarts += 1;
                let text = match self.start(&container, timeline) {
                    Ok(()) => "was restarted by the engine".to_owned(),
                    Err(error) => format!("could not be restarted by the engine: {error}"),
                };
                Some(Happened { container, text, asked: false })
            }
            EngineEvent::Back => {
                if self.restarting {
                    self.come_back(timeline);
                }
                None
            }
        }
    }

    /// The main process of this run ended. Says whether that was so.
    pub(super) fn exit(
        &mut self,
        id: &ContainerId,
        run: u32,
        code: i64,
        timeline: &mut Timeline,
    ) -> bool {
        let Ok(container) = self.get(id) else { return false };
        let runs = matches!(container.status, Status::Running | Status::Paused);
        if container.run != run || !runs {
            return false;
        }
        end(container, code, timeline.now);
        if container.start_after_exit {
            // A failed start leaves it ended, as the engine does.
            let _ = self.start(id, timeline);
        } else if wants_restart(container) {
            let ran = timeline.now.since(container.started_at.unwrap_or_default());
            let again = (container.backoff * 2).min(MAX_BACKOFF);
            let steady = ran > STEADY || container.backoff.is_zero();
            container.backoff = if steady { FIRST_BACKOFF } else { again };
            container.status = Status::Restarting;
            let (span, due) =
                (container.backoff, EngineEvent::Restart { container: id.clone(), run });
            self.schedule(timeline, span, due);
        }
        self.end_namespace_members(id, timeline);
        true
    }

    /// The daemon dies and is started again after a while.
    pub(crate) fn go_down(&mut self, span: Duration, timeline: &mut Timeline) {
        self.down_until = self.down_until.max(timeline.now.plus(span));
        self.restarting = true;
        self.outages += 1;
        self.schedule(timeline, span, EngineEvent::Back);
    }

    /// The daemon is back after a `kill -9` without live-restore: it stops what still
    /// runs; `always` and `on-failure` return, `unless-stopped` does not (measured on
    /// 20.10.24).
    pub(crate) fn come_back(&mut self, timeline: &mut Timeline) {
        self.restarting = false;
        let ids: Vec<ContainerId> = self.containers.keys().cloned().collect();
        let mut returning = Vec::new();
        for id in ids {
            let Ok(container) = self.get(&id) else { continue };
            let ran =
                matches!(container.status, Status::Running | Status::Paused | Status::Restarting);
            if ran {
                end(container, KILLED, timeline.now);
            }
            let returns = match container.spec.restart {
                RestartPolicy::Always => container.started_at.is_some(),
                RestartPolicy::OnFailure(_) => ran,
                RestartPolicy::No | RestartPolicy::UnlessStopped => false,
            };
            if returns {
                returning.push(id);
            }
        }
        // All have ended before the first returns; who joins one that is not back yet, stays
        // away.
        for id in returning {
            let _ = self.start(&id, timeline);
        }
    }
}

/// The health check that is in force.
fn check_of(container: &Container) -> Option<&Healthcheck> {
    let check = container.spec.healthcheck.as_ref()?;
    (!check.is_disabled() && !check.test.is_empty()).then_some(check)
}

fn end(container: &mut Container, code: i64, now: Timestamp) {
    container.status = Status::Exited;
    container.exit_code = code;
    container.finished_at = Some(now);
    container.addresses.clear();
    container.host_ports.clear();
}

fn wants_restart(container: &Container) -> bool {
    let stopped = container.stopped_by_hand;
    match container.spec.restart {
        RestartPolicy::No => false,
        RestartPolicy::Always | RestartPolicy::UnlessStopped => !stopped,
        RestartPolicy::OnFailure(limit) => {
            let allowed = limit == 0 || container.restarts < limit;
            !stopped && container.exit_code != 0 && allowed
        }
    }
}
