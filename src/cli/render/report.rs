//! What a pass did and left undone, when it is over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use model::plan::Plan;
use model::printable::one_line;
use model::render::machine::{SCHEMA_VERSION, blocked, step};
use reconcile::control::{Ending, Left, Part, Report};
use world::remedy::cause_and_remedy;

use super::super::console::{BAD, Console, GOOD, STRONG, paint};
use super::super::exit::Exit;
use super::aftermath::Aftermath;
use super::plan::diagnostics_json;
use super::{back, deployments, diagnostics};

/// Prints messages about the user's text and what could not be read.
pub(in crate::cli) fn complaints(console: Console, report: &Report) {
    for (deployment, messages) in &report.diagnostics {
        if let Some(deployment) = deployment
            && report.diagnostics.len() > 1
        {
            console.complain(&paint(STRONG, &format!("deployment {deployment}")));
        }
        console.complain(&diagnostics::render_all(messages));
        console.complain("");
    }
    unreadable(console, report);
    if let Some(error) = &report.error {
        console.error(&one_line(&error.to_string()), error.help());
    }
}

/// Prints what could not be read.
pub(in crate::cli) fn unreadable(console: Console, report: &Report) {
    for (error, parts) in unseen(report) {
        let (cause, remedy) = cause_and_remedy(error);
        let unknown = "what depends on it is unknown, and nothing of it is changed";
        let help = remedy.map_or_else(|| unknown.to_owned(), |one| format!("{one}; {unknown}"));
        console.error(
            &one_line(&format!("{} cannot be read: {cause}", parts.join(" and "))),
            Some(&one_line(&help)),
        );
    }
}

/// What could not be read, by what was said about it: a Consul that does not answer takes the
/// ledger in it along.
fn unseen(report: &Report) -> BTreeMap<&str, Vec<String>> {
    let mut by_error: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (part, error) in &report.unseen {
        let cause = match part {
            Part::Engine(name) => error.strip_prefix(&format!("engine {name}: ")),
            Part::Catalog | Part::Ledger => None,
        };
        by_error.entry(cause.unwrap_or(error)).or_default().push(part.to_string());
    }
    by_error
}

/// The states of all deployments, below each other.
pub(in crate::cli) fn states(report: &Report) -> String {
    deployments(&report.deployments)
}

/// The last line: what was done, in numbers.
pub(in crate::cli) fn verdict(report: &Report, took: Duration) -> String {
    let mut counts = [0_usize; 6];
    for (_, ending) in report.execution.iter().flat_map(|execution| &execution.steps) {
        counts[match ending {
            Ending::Done { .. } => 0,
            Ending::Failed(_) => 1,
            Ending::Dropped { .. } => 2,
            Ending::Stopped => 3,
            Ending::Forgiven(_) => 4,
            Ending::NotNeeded => 5,
        }] += 1;
    }
    let [done, failed, dropped, stopped, forgiven, not_needed] = counts;
    let mut line = format!("{done} step{} done", if done == 1 { "" } else { "s" });
    let ends = [
        (failed, "failed"),
        (dropped, "not tried"),
        (stopped, "stopped"),
        (forgiven, "failed without consequence"),
        (not_needed, "not needed"),
    ];
    for (count, what) in ends {
        if count > 0 {
            let _ = write!(line, ", {count} {what}");
        }
    }
    let style = if failed + dropped + stopped > 0 { BAD } else { GOOD };
    format!("{} in {}", paint(style, &line), super::progress::elapsed(took))
}

/// What is left although no step failed, which else would have reported it: each message with
/// what to do about it.
pub(in crate::cli) fn left(report: &Report) -> Vec<(String, &'static str)> {
    let failed = report.execution.iter().any(|execution| execution.failures().next().is_some());
    let mut by_kind: BTreeMap<Left, Vec<String>> = BTreeMap::new();
    for (id, left) in report.left().filter(|_| !failed) {
        by_kind.entry(left).or_default().push(id.to_string());
    }
    let remedies = by_kind.into_iter().map(|(left, ids)| {
        let (what, help) = match left {
            Left::Different => (
                "still not what git says, although every step succeeded",
                "something else changes it: `reconciler plan` shows what differs",
            ),
            Left::Broken => (
                "degraded: not all of its replicas work",
                "`docker compose --project-name NAME ps --all` shows them, `logs` what they say",
            ),
            Left::OnItsWay => (
                "as git says, but not all of its replicas are known to work yet",
                "the same command waits for them once more",
            ),
        };
        let verb = if ids.len() == 1 { "is" } else { "are" };
        let what = if ids.len() == 1 { what.to_owned() } else { what.replace("its ", "their ") };
        (format!("{} {verb} {what}", ids.join(", ")), help)
    });
    remedies.collect()
}

/// The report for programs, with the plan that was carried out.
pub(in crate::cli) fn json(
    plan: Option<&Plan>,
    report: &Report,
    exit: Exit,
    took: Duration,
    aftermath: Option<&Aftermath<'_>>,
) -> Value {
    let ends: Vec<Value> = report
        .execution
        .iter()
        .flat_map(|execution| &execution.steps)
        .map(|(one, ending)| {
            let mut value = step(one);
            let failure = aftermath.map(|aftermath| aftermath.json(one));
            value["ending"] =
                failure.filter(|failure| !failure.is_null()).unwrap_or_else(|| end(ending));
            value
        })
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "source": plan.map(|plan| &plan.source),
        "revision": report.revision,
        "exit_code": exit as u8,
        "seconds": took.as_secs_f64(),
        "summary": plan.map(Plan::summary),
        "steps": ends,
        "rolled_back": back::json(report.back.as_ref()),
        "not_changed": aftermath.map(Aftermath::not_changed).unwrap_or_default(),
        "blocked": report.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "unseen": super::plan::unseen(report),
        "error": report.error.as_ref().map(ToString::to_string),
        "deployments": report.deployments,
        "diagnostics": diagnostics_json(&report.diagnostics),
    })
}

fn end(ending: &Ending) -> Value {
    match ending {
        Ending::Done { took } => json!({ "kind": "done", "seconds": took.as_secs_f64() }),
        Ending::Failed(failure) => json!({
            "kind": "failed", "error": failure.error.to_string(), "logs": failure.last.log,
        }),
        Ending::Forgiven(failure) => json!({
            "kind": "forgiven", "error": failure.error.to_string(),
        }),
        Ending::Dropped { because } => json!({ "kind": "dropped", "because": because }),
        Ending::NotNeeded => json!({ "kind": "not-needed" }),
        Ending::Stopped => json!({ "kind": "stopped" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reconcile::control::Execution;

    use model::plan::{DeploymentState, Health, Sync};

    fn report(states: &[(&str, Sync, Health)]) -> Report {
        let state = |sync, health| DeploymentState { sync, health };
        let deployments =
            states.iter().map(|(id, sync, health)| ((*id).into(), state(*sync, *health)));
        Report {
            execution: Some(Execution::default()),
            deployments: deployments.collect(),
            ..Report::default()
        }
    }

    #[test]
    fn what_is_left_without_a_failure_is_reported_with_a_remedy() {
        let (synced, different) = (Sync::Synced, Sync::OutOfSync);
        assert_eq!(left(&report(&[("abc", synced, Health::Healthy)])), []);
        let mixed = report(&[
            ("abc", different, Health::Healthy),
            ("ill", synced, Health::Degraded),
            ("new", synced, Health::Progressing),
            ("old", synced, Health::Progressing),
        ]);
        let remedies = left(&mixed);
        let texts: Vec<_> = remedies.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(
            texts,
            [
                "abc is still not what git says, although every step succeeded",
                "ill is degraded: not all of its replicas work",
                "new, old are as git says, but not all of their replicas are known to work yet",
            ]
        );
        assert!(remedies[0].1.contains("`reconciler plan`"));
        let stopped = Execution { stopped: true, ..Execution::default() };
        assert_eq!(left(&Report { execution: Some(stopped), ..mixed }), []);
    }
}
