//! Carrying out an [`Action::Await`]: a container is looked at until it is what the plan
//! waits for, can no longer become so, or the deadline passes.
//!
//! [`Action::Await`]: model::action::Action::Await

use std::time::Duration;

use model::action::Until;
use model::id::{ContainerId, EngineName};
use model::observed::{ContainerState, ContainerView, Health, Status};
use model::target::Outcome;
use model::time::{Instant, Timestamp};
use world::{Clock, Observe, OutsideError};

use super::polls::Polls;

/// The first pause between two looks; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often the engine's own restart policy may restart a container while we wait for
/// it to become healthy. The engine waits 100 ms, then twice as long each time, so that a
/// hopeless container is noticed within two seconds, not at the deadline.
const ENGINE_RESTARTS: u32 = 3;

/// How many failures in a row the engine bears if a health check does not say it.
const RETRIES: u32 = 3;

/// Why a wait failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The container ended and nobody starts it again.
    #[error("it exited with code {code}")]
    Ended {
        /// Its exit code.
        code: i64,
    },
    /// The engine keeps restarting it.
    #[error("{}, and again after each of {restarts} restarts", ended(*.code))]
    CrashLoop {
        /// The last exit code, if the container was seen while it did not run: once it runs again,
        /// the engine says 0.
        code: Option<i64>,
        /// How often the engine restarted it during the wait.
        restarts: u32,
    },
    /// The engine has found since the wait began that its health check fails.
    #[error("it is unhealthy: its health check failed {failures} times in a row")]
    Unhealthy {
        /// How often in a row it failed.
        failures: u32,
    },
    /// The container does not exist any more.
    #[error("it was removed")]
    Gone,
    /// The deadline passed.
    #[error("{} after {}", .last, humantime::format_duration(*.after))]
    Deadline {
        /// What it was at the last look.
        last: Pending,
        /// The deadline.
        after: Duration,
    },
    /// The engine refused or could not be asked until the deadline.
    #[error(transparent)]
    Outside(OutsideError),
}

fn ended(code: Option<i64>) -> String {
    code.map_or_else(|| "it ended".to_owned(), |code| format!("it exited with code {code}"))
}

/// What a container still lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pending {
    /// It does not run.
    #[error("it still does not run")]
    NotRunning,
    /// It is frozen.
    #[error("it is still paused")]
    Paused,
    /// Its health check has not passed yet.
    #[error("its health check has not passed yet")]
    Starting,
    /// Its health check fails.
    #[error("its health check still fails")]
    Unhealthy,
    /// It runs and should come to an end.
    #[error("it has not come to an end")]
    NotEnded,
    /// It is healthy, but not for long enough.
    #[error("it was not healthy for long enough")]
    TooShort,
}

/// What one look at a container says about a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    NotYet(Pending),
    Never(i64),
}

/// What all waits share.
pub(super) struct Waits<'a, W, C> {
    /// The outside world.
    pub(super) world: &'a W,
    /// Its time.
    pub(super) clock: &'a C,
    /// Who may ask when.
    pub(super) polls: &'a Polls,
    /// For how long an engine may be silent; `None` up to the deadline.
    pub(super) silence: Option<Duration>,
    /// Reports that an engine is silent, for how long, and what it said last.
    pub(super) silent: &'a dyn Fn(&EngineName, Duration, &OutsideError),
}

/// Waits, among others. Yields what was seen last.
pub(super) async fn wait<W: Observe, C: Clock>(
    waits: &Waits<'_, W, C>,
    engine: &EngineName,
    container: &ContainerId,
    until: Until,
    deadline: Duration,
) -> Result<Outcome, WaitError> {
    let Waits { world, clock, polls, silence, silent: report } = *waits;
    let mut watch = Watching { silence, ..Watching::new(until, deadline, clock.instant()) };
    let waiter = polls.enter(engine);
    loop {
        let answer = {
            let _permit = waiter.permit().await;
            world.container(engine, container).await
        };
        let silent = answer.as_ref().err().filter(|error| is_silence(error));
        if let (Some(since), Some(error)) =
            (waiter.heard(silent.is_none(), clock.instant()), silent)
        {
            report(engine, since, error);
        }
        match watch.look(answer, waiter.pause(), clock.instant())? {
            Next::Done(view) => return Ok(Outcome::Seen(view)),
            Next::Pause(span) => clock.sleep(span).await,
        }
    }
}

/// Whether an engine that says so did not answer at all.
fn is_silence(error: &OutsideError) -> bool {
    matches!(error, OutsideError::Unreachable(_) | OutsideError::Timeout(_))
}

/// A wait as a state machine: looks go in, what to do next comes out.
struct Watching {
    until: Until,
    began: Instant,
    deadline: Duration,
    pause: Duration,
    /// Since when it holds without a break, and in which run of the container.
    holding: Option<(Instant, Run)>,
    /// The container as it was at the first look.
    first: Option<First>,
    /// With which code it ended last.
    code: Option<i64>,
    /// For how long the engine may be silent; `None` up to the deadline.
    silence: Option<Duration>,
    /// Since when it is.
    silent: Option<Instant>,
}

/// A run of a container: when it began, and the engine's restart counter.
type Run = (Option<Timestamp>, u32);

#[derive(Clone, Copy, Debug)]
struct First {
    run: Run,
    /// How often in a row the health check had failed; `None` unless it was unhealthy then.
    failures: Option<u32>,
}

enum Next {
    Done(Box<ContainerView>),
    Pause(Duration),
}

impl Watching {
    fn new(until: Until, deadline: Duration, began: Instant) -> Self {
        Self {
            until,
            began,
            deadline,
            pause: FIRST_PAUSE,
            holding: None,
            first: None,
            code: None,
            silence: None,
            silent: None,
        }
    }

    fn look(
        &mut self,
        answer: Result<Option<ContainerView>, OutsideError>,
        at_least: Duration,
        now: Instant,
    ) -> Result<Next, WaitError> {
        let is_silent = answer.as_ref().is_err_and(is_silence);
        self.silent = is_silent.then(|| self.silent.unwrap_or(now));
        let lacking = match answer {
            Ok(Some(view)) => match self.evaluate(&view.state, retries(&view), now)? {
                None => return Ok(Next::Done(Box::new(view))),
                Some((pending, rest)) => {
                    self.pause = self.pause.min(rest);
                    Ok(pending)
                }
            },
            Ok(None) | Err(OutsideError::Gone(_)) => return Err(WaitError::Gone),
            Err(error @ OutsideError::Forbidden(_)) => return Err(WaitError::Outside(error)),
            // It may come back, and the container with it.
            Err(error) => {
                self.holding = None;
                let silent = self.silent.map(|since| now.since(since));
                if self.silence.zip(silent).is_some_and(|(most, silent)| silent >= most) {
                    return Err(WaitError::Outside(error));
                }
                Err(error)
            }
        };
        let left = self.deadline.saturating_sub(now.since(self.began));
        if left.is_zero() {
            return Err(match lacking {
                Ok(last) => WaitError::Deadline { last, after: self.deadline },
                Err(error) => WaitError::Outside(error),
            });
        }
        let pause = self.pause.max(at_least).min(left).max(Duration::from_millis(1));
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        Ok(Next::Pause(pause))
    }

    /// `None` if it has held for long enough; else what it lacks, and after which time at
    /// the latest another look is worth it.
    fn evaluate(
        &mut self,
        state: &ContainerState,
        retries: u32,
        now: Instant,
    ) -> Result<Option<(Pending, Duration)>, WaitError> {
        if matches!(state.status, Status::Exited | Status::Restarting | Status::Dead) {
            self.code = Some(state.exit_code);
        }
        let run = (state.started_at, state.restarts);
        let was_unhealthy =
            state.status == Status::Running && state.health == Some(Health::Unhealthy);
        let failures = was_unhealthy.then_some(state.failures);
        let first = *self.first.get_or_insert(First { run, failures });
        let restarts = state.restarts.saturating_sub(first.run.1);
        if self.until != Until::Completed && restarts >= ENGINE_RESTARTS {
            return Err(WaitError::CrashLoop { code: self.code, restarts });
        }
        match verdict(state, self.until) {
            Verdict::Never(code) => Err(WaitError::Ended { code }),
            Verdict::NotYet(Pending::Unhealthy) if is_news(first, run, state.failures, retries) => {
                Err(WaitError::Unhealthy { failures: state.failures })
            }
            Verdict::NotYet(pending) => {
                if pending != Pending::Unhealthy {
                    // It was not unhealthy for a moment: what is found from now on is new.
                    self.first = Some(First { failures: None, ..first });
                }
                self.holding = None;
                Ok(Some((pending, LONGEST_PAUSE)))
            }
            Verdict::Met => {
                self.first = Some(First { failures: None, ..first });
                let minimum = match self.until {
                    Until::Healthy(span) => span,
                    Until::HealthyOrCompleted(span) if state.status == Status::Running => span,
                    _ => Duration::ZERO,
                };
                let since = match self.holding {
                    Some((since, same)) if same == run => since,
                    _ => now,
                };
                self.holding = Some((since, run));
                let rest = minimum.saturating_sub(now.since(since));
                Ok((!rest.is_zero()).then_some((Pending::TooShort, rest)))
            }
        }
    }
}

/// Whether the engine has found since the wait began that a container is unhealthy, and not
/// only before: then it was something else meanwhile, or its check failed as often as it takes.
fn is_news(first: First, run: Run, failures: u32, retries: u32) -> bool {
    first.run != run || first.failures.is_none_or(|known| failures >= known.saturating_add(retries))
}

/// How many failures in a row make a container unhealthy.
fn retries(view: &ContainerView) -> u32 {
    let check = view.spec.healthcheck.as_ref();
    check.and_then(|check| check.retries).filter(|retries| *retries > 0).unwrap_or(RETRIES)
}

fn verdict(state: &ContainerState, until: Until) -> Verdict {
    if until == Until::Completed {
        return match state.status {
            Status::Exited if state.exit_code == 0 => Verdict::Met,
            Status::Exited | Status::Dead => Verdict::Never(state.exit_code),
            Status::Paused => Verdict::NotYet(Pending::Paused),
            _ => Verdict::NotYet(Pending::NotEnded),
        };
    }
    let may_end = matches!(until, Until::Running | Until::HealthyOrCompleted(_));
    match (state.status, state.health) {
        (Status::Exited, _) if may_end && state.exit_code == 0 => Verdict::Met,
        (Status::Exited | Status::Dead, _) => Verdict::Never(state.exit_code),
        (Status::Paused, _) => Verdict::NotYet(Pending::Paused),
        (Status::Running, Some(Health::Starting)) if until != Until::Running => {
            Verdict::NotYet(Pending::Starting)
        }
        (Status::Running, Some(Health::Unhealthy)) if until != Until::Running => {
            Verdict::NotYet(Pending::Unhealthy)
        }
        (Status::Running, _) => Verdict::Met,
        (Status::Created | Status::Restarting | Status::Removing, _) => {
            Verdict::NotYet(Pending::NotRunning)
        }
    }
}

#[cfg(test)]
mod tests;
