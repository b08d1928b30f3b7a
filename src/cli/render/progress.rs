//! What happens, as it happens, on stderr: on a terminal a live view with a row for each object,
//! which collapses to what was done; elsewhere a line for each transition; with `--steps` one for
//! each step.

mod collapse;
mod frame;
mod steps;
#[cfg(test)]
mod tests;
mod tracks;
mod words;

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapters::docker::{ImageEvent, ImageListener, ImageProgress};
use futures_util::future::{Either, select};
use model::id::StepId;
use model::plan::Step;
use model::printable::one_line;
use reconcile::control::{Event, Failure, Progress};
use tokio::sync::Notify;
use world::Clock;
use world::remedy::cause_and_remedy;

use super::super::console::{BAD, Console, FAINT, GOOD, WARN, paint};
use super::super::screen;
use super::super::signals::Cut;
use super::objects::{Object, listed};
use steps::Steps;
use tracks::{End, Image, State, Track, Tracks};

pub(in crate::cli) use words::{elapsed, given_up, takes_long};

/// How often the live view is drawn.
const PERIOD: Duration = Duration::from_millis(100);

/// What is printed of a pass that runs once.
pub(in crate::cli) struct Lines<'c, C> {
    console: Console,
    clock: &'c C,
    tracks: Arc<Mutex<Tracks>>,
    form: Form,
    /// A step began.
    begun: Notify,
    /// The pass is over: nothing is drawn any more.
    over: Cell<bool>,
    /// What failed until now, and why.
    failures: RefCell<Vec<String>>,
}

/// In which form.
enum Form {
    /// A row for each object, drawn again and again.
    Live,
    /// A line for each transition.
    Transitions,
    /// A line for each step.
    Steps(RefCell<Steps>),
}

impl<'c, C: Clock> Lines<'c, C> {
    /// In the form that fits what stderr is.
    pub(in crate::cli) fn new(console: Console, clock: &'c C) -> Self {
        let form = if console.steps {
            Form::Steps(RefCell::default())
        } else if !console.quiet && screen::is_there() {
            Form::Live
        } else {
            Form::Transitions
        };
        let (tracks, begun) = (Arc::default(), Notify::new());
        Self {
            console,
            clock,
            tracks,
            form,
            begun,
            over: Cell::default(),
            failures: RefCell::default(),
        }
    }

    /// What engines report of images goes here. Without a live view only steps of builds are of
    /// interest.
    pub(in crate::cli) fn images(&self) -> ImageListener {
        let (tracks, console) = (Arc::clone(&self.tracks), self.console);
        let is_live = matches!(self.form, Form::Live);
        Arc::new(move |event: &ImageEvent<'_>| match (event.progress, is_live) {
            (ImageProgress::Step { step, .. }, false) => {
                let image = one_line(event.image);
                console.progress(&format!("image {image}: {}", one_line(step)));
            }
            (ImageProgress::Step { step, done, of }, true) => {
                let image = Image::Steps(done, of, step.to_owned());
                locked(&tracks).image(event.engine, event.image, &image);
            }
            (ImageProgress::Layers(arrived), true) => {
                locked(&tracks).image(event.engine, event.image, &Image::Layers(arrived));
            }
            (ImageProgress::Layers(_), false) => {}
        })
    }

    /// Does the work, and draws the live view meanwhile, from when the first step begins.
    pub(in crate::cli) async fn live<T>(&self, work: impl Future<Output = T>) -> T {
        if !matches!(self.form, Form::Live) {
            return work.await;
        }
        let mut work = std::pin::pin!(work);
        let begun = std::pin::pin!(self.begun.notified());
        if let Either::Left((value, _)) = select(work.as_mut(), begun).await {
            return value;
        }
        let value = loop {
            let tick = std::pin::pin!(tokio::time::sleep(PERIOD));
            match select(work.as_mut(), tick).await {
                Either::Left((value, _)) => break value,
                Either::Right(_) => self.draw(),
            }
        };
        screen::clear();
        value
    }

    fn draw(&self) {
        if self.over.get() {
            return;
        }
        let now = self.clock.instant();
        let lines = frame::frame(&locked(&self.tracks), now, screen::size());
        let coloured = self.console.colours_stderr();
        let text = |line: &frame::Line| if coloured { line.painted() } else { line.plain() };
        screen::draw(&lines.iter().map(text).collect::<Vec<_>>());
    }

    /// What a request to stop means now.
    pub(in crate::cli) fn stopping(&self, cut: Cut) -> String {
        let tracks = locked(&self.tracks);
        let is_begun = tracks.since(self.clock.instant()).is_some();
        let mut text = match (cut, is_begun) {
            (Cut::Deadline, false) => return "the deadline has passed: nothing was changed".into(),
            (Cut::Signal(_), false) => return "stopping: nothing was changed".into(),
            (Cut::Deadline, true) => "the deadline has passed: stopping".to_owned(),
            (Cut::Signal(_), true) => {
                "stopping; a second signal ends the program at once".to_owned()
            }
        };
        let (kept, given_up, waiting) = tracks.underway();
        for (word, list) in [("goes on to its end", kept), ("is given up", given_up)] {
            for one in list {
                let _ = write!(text, "\n  {word}: {one}");
            }
        }
        let (begun, unbegun): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|track| track.span().is_some());
        for (word, list) in [("does not go on", begun), ("does not begin", unbegun)] {
            if !list.is_empty() {
                let names = list.iter().map(|track| (&track.deployment, &track.object));
                let _ = write!(text, "\n  {word}: {}", listed(names));
            }
        }
        text
    }

    /// What is left under way by a program that ends at once.
    pub(in crate::cli) fn abandoned(&self) -> String {
        let (mut kept, given_up, _) = locked(&self.tracks).underway();
        kept.extend(given_up);
        if kept.is_empty() {
            return "ended at once; nothing was under way".to_owned();
        }
        let list: Vec<_> = kept.iter().map(|one| format!("\n  left under way: {one}")).collect();
        format!(
            "ended at once; what an engine was asked for it may still do{}\n\
             The same command goes on from here.",
            list.concat()
        )
    }

    /// What failed, in a line each, for where there will be no report.
    pub(in crate::cli) fn failures(&self) -> Vec<String> {
        self.failures.take()
    }

    fn started(&self, step: StepId) {
        self.begun.notify_one();
        let mut tracks = locked(&self.tracks);
        let Some((track, takes_long)) = tracks.start(step, self.clock.instant()) else { return };
        if takes_long && matches!(self.form, Form::Transitions) {
            let phase = track.phase().unwrap_or_default();
            let text = match track.fact() {
                Some(fact) => format!("{}: {fact}, {phase}", track.label),
                None => format!("{}: {phase}", track.label),
            };
            self.console.progress(&text);
        }
    }

    fn ended(&self, step: StepId, end: End) {
        let mut tracks = locked(&self.tracks);
        let only_remembers = tracks.only_remembers();
        let Some(track) = tracks.end(step, end, self.clock.instant()) else { return };
        let is_of_interest = only_remembers || track.object != Object::Record;
        if is_of_interest && matches!(self.form, Form::Transitions) {
            self.over(track);
        }
    }

    /// The last line of an object. What was never begun has none; what failed had it before.
    fn over(&self, track: &Track) {
        let took = track.span().map(|(began, ended)| elapsed(ended.since(began)));
        let took = paint(FAINT, &format!("({})", took.unwrap_or_default()));
        let past = match track.state() {
            State::Done => paint(GOOD, track.change.past),
            State::NotNeeded => {
                let text = format!(
                    "{}: {} not needed, the image is the same",
                    track.label, track.change.word
                );
                return self.console.progress(&paint(FAINT, &text));
            }
            State::Unfinished if track.was_stopped() => paint(WARN, "stopped before its end"),
            State::Unfinished => paint(WARN, "not finished"),
            _ => return,
        };
        self.console.progress(&format!("{}: {past} {took}", track.label));
    }

    fn failed(&self, step: &Step, failure: &Failure) {
        let (name, step) = (Object::of(step).name(&step.deployment), step.id);
        let why = format!("{name} failed: {}", failure.error);
        self.failures.borrow_mut().push(one_line(&why).into_owned());
        self.ended(step, End::Failed);
        let tracks = locked(&self.tracks);
        if let (Some(track), Form::Transitions) = (tracks.track(step), &self.form) {
            let phase = track.failed_phase().unwrap_or_default();
            self.console.progress(&format!("{}: {}, {phase}", track.label, paint(BAD, "failed")));
        }
    }

    fn forgiven(&self, step: &Step, failure: &Failure) {
        let [action, error] = [step.action.to_string(), failure.error.to_string()];
        let text = format!("{} {}: {}; it goes on", step.id, one_line(&action), one_line(&error));
        self.console.complain(&format!("{} {text}", paint(WARN, "warning")));
    }

    fn finished(&self) {
        self.over.set(true);
        if matches!(self.form, Form::Live) {
            screen::clear();
            let tracks = locked(&self.tracks);
            for line in collapse::collapsed(&tracks) {
                self.console.progress(&line);
            }
        }
    }
}

impl<C: Clock> Progress for Lines<'_, C> {
    fn event(&self, event: &Event<'_>) {
        if let Form::Steps(steps) = &self.form {
            steps.borrow_mut().event(self.console, event);
        }
        match event {
            Event::Planned(plan) => locked(&self.tracks).plan(plan),
            Event::StepStarted(step) => self.started(step.id),
            Event::StepFinished { step, .. } => self.ended(step.id, End::Done),
            Event::StepForgiven { step, failure } => {
                self.forgiven(step, failure);
                self.ended(step.id, End::Done);
            }
            Event::StepFailed { step, failure } => self.failed(step, failure),
            Event::StepDropped { step, .. } => self.ended(step.id, End::Dropped),
            Event::StepStopped(step) => self.ended(step.id, End::Stopped),
            Event::StepNotNeeded(step) => self.ended(step.id, End::NotNeeded),
            Event::Silent { engine, since, error } => {
                let (error, since) = (error.to_string(), since.as_secs());
                let why = cause_and_remedy(&error).0.to_owned();
                let why = why.strip_prefix(&format!("engine {engine}: ")).unwrap_or(&why);
                let text = format!("engine {engine} does not answer ({since}s): {why}");
                self.console.complain(&format!("{}: {}", paint(WARN, "warning"), one_line(&text)));
            }
            Event::NotRemembered { deployment, error } => {
                let text = format!("the history of {deployment} lacks this rollout: {error}");
                self.console.complain(&format!("{}: {}", paint(WARN, "warning"), one_line(&text)));
            }
            Event::GivenUp { deployment, instead } => {
                let line = format!("{deployment}: {}", given_up(instead));
                self.console.progress(&one_line(&line));
            }
            Event::NotKept { deployment, why } => {
                let text = format!("{deployment} works, but cannot be returned to: {why}");
                self.console.complain(&format!("{}: {}", paint(WARN, "warning"), one_line(&text)));
            }
            Event::PassFinished(_) => self.finished(),
            _ => {}
        }
    }
}

/// A lock that a panic elsewhere does not spoil: what is printed is no reason to end.
fn locked(tracks: &Mutex<Tracks>) -> MutexGuard<'_, Tracks> {
    tracks.lock().unwrap_or_else(PoisonError::into_inner)
}
