//! One pass, as `plan`, `--once` and `sim` have in common: it is the same code up to the
//! point where each of them stops.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join, select};

use model::action::Action;
use model::catalog::CatalogView;
use model::id::EngineName;
use model::plan::{Blocked, Plan, WaitingOn};
use reconcile::control::{
    self, Ending, Execution, PassError, Prepared, Report, Setup, Stop, apply, prepare,
};
use world::{Act, Clock, Observe, Snapshot, SourceError};

use super::super::console::{Console, Format};
use super::super::exit::Exit;
use super::super::invocation;
use super::super::render::aftermath::{Aftermath, Commands};
use super::super::render::remains::remains;
use super::super::render::{back, plan, report};
use super::super::signals::Cut;
use super::no_stack::{is_without_stacks, no_stack};

/// How long nothing is said while something is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pass that is over.
pub(in crate::cli) struct Passed {
    /// What was to be done; `None` if it did not come to that.
    pub(in crate::cli) plan: Option<Plan>,
    /// What became of it.
    pub(in crate::cli) report: Report,
    /// How long it took.
    pub(in crate::cli) took: Duration,
    /// Whether the source has no stack, and nothing is there that came from one.
    pub(in crate::cli) is_pointless: bool,
}

impl Passed {
    /// One that was stopped before it changed anything.
    pub(in crate::cli) fn stopped() -> Self {
        Self { plan: None, report: stopped(), took: Duration::ZERO, is_pointless: false }
    }
}

/// Whether there is no stack, and nothing that came from one: then the place is a mistake.
pub(super) fn is_pointless(prepared: &Prepared) -> bool {
    let Prepared { plan, desired, .. } = prepared;
    let is_quiet = || prepared.report().exit() == control::Exit::Done;
    is_without_stacks(desired) && plan.is_empty() && is_quiet()
}

/// Whether there is no stack, and nothing to do or to withhold. What came from one may be on an
/// engine that does not answer.
pub(super) fn has_nothing(prepared: &Prepared) -> bool {
    let Prepared { plan, desired, .. } = prepared;
    is_without_stacks(desired) && plan.is_empty() && plan.blocked.is_empty()
}

/// Looks and plans, and prints what is wrong.
pub(super) async fn look<W: Observe, C: Clock>(
    console: Console,
    setup: Setup<'_, W, C>,
    snapshot: Snapshot,
) -> Prepared {
    let engines = || waited_for(setup.settings.engines.keys());
    let prepared = impatient((console, setup.clock), engines, prepare(setup, snapshot)).await;
    report::complaints(console, &prepared.report());
    if has_nothing(&prepared) {
        let place = prepared.desired.source.as_str();
        console.complain_all(&[no_stack(place, &invocation::verb())]);
    }
    prepared
}

/// Prints what would be done.
pub(in crate::cli) fn print(console: Console, prepared: &Prepared) {
    // Without a stack the message that there is none says it all.
    if console.format == Format::Text && !has_nothing(prepared) {
        console.prose(&plan::text(&prepared.plan, None, console.steps, &invocation::again()));
    }
}

/// The newest revision. The engines are asked meanwhile for what does not depend on it.
pub(super) async fn fetched<W: Observe, C: Clock>(
    console: Console,
    setup: Setup<'_, W, C>,
    fetch: impl Future<Output = Result<Snapshot, SourceError>>,
) -> Result<Snapshot, SourceError> {
    let is_fetched = Cell::new(false);
    let fetch = async {
        let snapshot = fetch.await;
        is_fetched.set(true);
        snapshot
    };
    let who = || {
        if !is_fetched.get() {
            return "the source".to_owned();
        }
        waited_for(setup.settings.engines.keys())
    };
    let both = join(setup.world.begin(), fetch);
    let ((), snapshot) = impatient((console, setup.clock), who, both).await;
    snapshot
}

/// Which engines may not have answered, in words.
fn waited_for<'e>(engines: impl ExactSizeIterator<Item = &'e EngineName>) -> String {
    let word = if engines.len() == 1 { "engine" } else { "one of the engines" };
    let names: Vec<String> = engines.map(ToString::to_string).collect();
    format!("{word} {}", names.join(", "))
}

/// Does something, and says after some seconds who has not answered yet: silence looks like a
/// program that hangs.
async fn impatient<T>(
    (console, clock): (Console, &impl Clock),
    who: impl Fn() -> String,
    work: impl Future<Output = T>,
) -> T {
    let began = clock.instant();
    let mut work = Box::pin(work);
    let mut patience = PATIENCE;
    loop {
        match select(work, pin!(clock.sleep(patience))).await {
            Either::Left((done, _)) => return done,
            Either::Right(((), rest)) => work = rest,
        }
        let waited = clock.instant().since(began).as_secs();
        console.progress(&format!("waiting: {} has not answered yet ({waited}s)", who()));
        patience = PATIENCE * 3;
    }
}

/// A pass that has come to its plan, or is over before.
pub(in crate::cli) enum Prefetch {
    /// There is a plan.
    Ready(Box<Prepared>),
    /// There is none; this is how it ended.
    Over(Box<Passed>),
}

/// Fetches, looks and plans; a request to stop ends it at once. `prints` says whether the plan is
/// printed.
pub(in crate::cli) async fn begin<W: Observe, C: Clock>(
    console: Console,
    setup: Setup<'_, W, C>,
    fetch: impl Future<Output = Result<Snapshot, SourceError>>,
    (stop, prints): (&Stop, bool),
) -> Prefetch {
    let began = setup.clock.instant();
    let read =
        pin!(async { Ok(look(console, setup, fetched(console, setup, fetch).await?).await) });
    let report = match select(pin!(stop.requested()), read).await {
        Either::Right((Ok(prepared), _)) => {
            if prints {
                print(console, &prepared);
            }
            return Prefetch::Ready(Box::new(prepared));
        }
        Either::Right((Err(error), _)) => {
            let report = Report { error: Some(PassError::Source(error)), ..Report::default() };
            report::complaints(console, &report);
            report
        }
        Either::Left(((), _)) => stopped(),
    };
    let took = setup.clock.instant().since(began);
    Prefetch::Over(Box::new(Passed { plan: None, report, took, is_pointless: false }))
}

/// The report of a pass that was stopped before it changed anything.
fn stopped() -> Report {
    let execution = Some(Execution { steps: Vec::new(), stopped: true });
    Report { execution, ..Report::default() }
}

/// Looks again, because time passed or another controller acted; prints the plan only if
/// it is another one.
pub(in crate::cli) async fn again<W: Observe, C: Clock>(
    console: Console,
    setup: Setup<'_, W, C>,
    before: Prepared,
) -> Prepared {
    let prepared = prepare(setup, before.snapshot).await;
    let moved = prepared.plan.clone().timeless() != before.plan.timeless();
    if moved && console.format == Format::Text {
        console.progress("What is there has changed meanwhile; the plan now:");
        console.prose(&plan::text(&prepared.plan, None, console.steps, &invocation::again()));
    }
    prepared
}

/// Carries a plan out.
pub(in crate::cli) async fn finish<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    prepared: Prepared,
    stop: &Stop,
) -> Passed {
    let began = setup.clock.instant();
    let report = apply(setup, &prepared, stop).await;
    let is_pointless = is_pointless(&prepared);
    let Prepared { plan, desired, observed, .. } = prepared;
    // The program is about to end: to take thousands of texts apart for that is no use.
    std::mem::forget((desired, observed));
    Passed { plan: Some(plan), report, took: setup.clock.instant().since(began), is_pointless }
}

/// Whether the catalog has entries of ours, and with them checks.
pub(super) fn has_entries(catalog: &CatalogView) -> bool {
    match catalog {
        CatalogView::Seen(catalog) => {
            catalog.nodes.values().any(|node| node.ours && !node.entries.is_empty())
        }
        CatalogView::NotConfigured | CatalogView::Unseen { .. } => false,
    }
}

/// Whether entries were written, each of which has a check.
pub(super) fn writes_checks<'s>(steps: impl IntoIterator<Item = (&'s Action, &'s Ending)>) -> bool {
    let mut steps = steps.into_iter();
    steps.any(|(action, ending)| {
        matches!((action, ending), (Action::Register { .. }, Ending::Done { .. }))
    })
}

/// Prints how a pass ended, and turns it into an exit code.
pub(in crate::cli) fn conclude(
    console: Console,
    passed: &Passed,
    cut: Option<Cut>,
    hosts: &BTreeMap<EngineName, String>,
) -> Exit {
    let Passed { plan, report, took, is_pointless } = passed;
    let was_cut = report.execution.as_ref().is_some_and(|execution| execution.stopped);
    let exit = if *is_pointless { Exit::Invalid } else { ending(report, cut) };
    let did_something = report.execution.as_ref().is_some_and(|e| !e.steps.is_empty());
    let again = invocation::again();
    let commands = Commands { hosts, again: &again };
    let aftermath = report.execution.as_ref().map(|all| Aftermath::of(all, commands));
    let aftermath = aftermath.map(|it| it.after(report.back.as_ref()));
    let back = back::texts(report, commands);
    for text in aftermath.iter().flat_map(Aftermath::texts).chain(back) {
        console.complain(&text);
        console.complain("");
    }
    // What went away meanwhile: the states below are unknown because of that.
    if did_something && !plan.as_ref().is_some_and(is_partly_unseen) {
        report::unreadable(console, report);
    }
    match console.format {
        Format::Json => {
            let json = report::json(plan.as_ref(), report, exit, *took, aftermath.as_ref());
            console.json(&json);
        }
        Format::Text if did_something => {
            console.result(&report::states(report));
            console.progress(&report::verdict(report, *took));
        }
        Format::Text | Format::Markdown => {}
    }
    if was_cut {
        let why = if cut == Some(Cut::Deadline) { "the deadline passed" } else { "interrupted" };
        if let Some(text) = remains(report, why, console.steps) {
            console.complain(&text);
        }
    }
    for (message, help) in report::left(report) {
        console.error(&message, Some(help));
    }
    exit
}

/// Whether it was known already when the plan was made that something does not answer.
fn is_partly_unseen(plan: &Plan) -> bool {
    let is_unseen = |blocked: &Blocked| {
        matches!(
            blocked.waiting_on,
            WaitingOn::Engine { .. } | WaitingOn::Catalog { .. } | WaitingOn::Ledger { .. }
        )
    };
    plan.blocked.iter().any(is_unseen)
}

/// The exit code of a pass: that of the signal that cut it short, else of what applies to it,
/// the deadline included, the first of the published ranking.
fn ending(report: &Report, cut: Option<Cut>) -> Exit {
    let was_cut = report.execution.as_ref().is_some_and(|execution| execution.stopped);
    match cut {
        Some(Cut::Signal(exit)) if was_cut => exit,
        Some(Cut::Deadline) if was_cut => control::Exit::Failed.max(report.exit()).into(),
        _ => report.exit().into(),
    }
}

/// The source gave nothing: says why.
pub(in crate::cli) fn unread(console: Console, error: SourceError) -> Exit {
    let report = Report { error: Some(PassError::Source(error)), ..Report::default() };
    report::complaints(console, &report);
    report.exit().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_short(waiting_on: Option<WaitingOn>) -> Report {
        let blocked = waiting_on.map(|waiting_on| Blocked {
            deployment: None,
            subject: "remove abc".to_owned(),
            waiting_on,
            at: None,
        });
        let execution = Some(Execution { steps: Vec::new(), stopped: true });
        Report { execution, blocked: blocked.into_iter().collect(), ..Report::default() }
    }

    #[test]
    fn who_is_waited_for_is_named() {
        let names =
            |all: &[&str]| -> Vec<EngineName> { all.iter().map(|it| (*it).into()).collect() };
        assert_eq!(waited_for(names(&["local"]).iter()), "engine local");
        assert_eq!(waited_for(names(&["a", "b"]).iter()), "one of the engines a, b");
    }

    #[test]
    fn a_deadline_is_a_failure_that_goes_before_what_is_withheld() {
        let late = |waiting_on| ending(&cut_short(waiting_on), Some(Cut::Deadline));
        let catalog = || WaitingOn::Catalog { error: "no route".to_owned() };
        assert_eq!(late(None), Exit::Failed);
        assert_eq!(late(Some(WaitingOn::ForeignResource)), Exit::Failed);
        assert_eq!(late(Some(catalog())), Exit::Unreachable);
        assert_eq!(late(Some(WaitingOn::ValidStack)), Exit::Invalid);
        // One that passes when all is done cuts nothing, and a signal is reported as such.
        let done = Report { execution: Some(Execution::default()), ..Report::default() };
        assert_eq!(ending(&done, Some(Cut::Deadline)), Exit::Done);
        let signal = Some(Cut::Signal(Exit::Terminated));
        assert_eq!(ending(&cut_short(Some(catalog())), signal), Exit::Terminated);
    }
}
