//! What an interruption leaves: what is done, which waits were given up, which containers stay, and
//! what did not begin.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::action::Action;
use model::id::{ContainerName, DeploymentId, StepId};
use model::plan::Step;
use model::printable::one_line;
use model::target::ContainerRef;
use reconcile::control::{Ending, Execution, Report};

use super::objects::{Object, listed};

/// How many steps or containers are named.
const LISTED: usize = 10;

/// An object of a deployment.
type Owned<'a> = (&'a DeploymentId, Object);

/// What an interruption leaves undone, by objects, or as steps; `why` says what interrupted.
/// `None` if nothing was begun: that was said when it came.
pub(in crate::cli) fn remains(report: &Report, why: &str, steps: bool) -> Option<String> {
    let execution = report.execution.as_ref()?;
    let left: Vec<_> = execution.remaining().collect();
    if execution.steps.is_empty() {
        return None;
    }
    if left.is_empty() {
        return Some(format!("{why}; nothing that was begun remains"));
    }
    let mut text = format!("{why}; calls that had begun are finished, waits are given up");
    if steps {
        let _ = write!(text, ", {} steps remain:", left.len());
        for step in left.iter().take(LISTED) {
            let _ = write!(text, "\n  {} {}", step.id, one_line(&step.action.to_string()));
        }
        if left.len() > LISTED {
            let _ = write!(text, "\n  and {} more", left.len() - LISTED);
        }
    } else {
        let Objects { done, given_up, halfway, unbegun } = objects(execution);
        let all = [
            ("finished", done),
            ("given up: the wait for", given_up),
            ("not finished", halfway),
            ("not begun", unbegun),
        ];
        for (word, objects) in all.iter().filter(|(_, objects)| !objects.is_empty()) {
            let names = listed(objects.iter().map(|(deployment, object)| (*deployment, object)));
            let between = if word.contains(':') { "" } else { ":" };
            let _ = write!(text, "\n  {word}{between} {names}");
        }
    }
    for line in stay(execution) {
        let _ = write!(text, "\n  {line}");
    }
    Some(text + "\nThe same command goes on from here.")
}

/// What became of the objects.
#[derive(Default)]
struct Objects<'a> {
    /// Nothing of them remains.
    done: Vec<Owned<'a>>,
    /// They were waited for, and nothing else remains of them that could begin.
    given_up: Vec<Owned<'a>>,
    /// Some steps are done.
    halfway: Vec<Owned<'a>>,
    /// None is.
    unbegun: Vec<Owned<'a>>,
}

/// What became of each object. What is remembered and the catalog are of interest only if nothing
/// else remains.
fn objects(execution: &Execution) -> Objects<'_> {
    struct One<'a> {
        of: Owned<'a>,
        is_left: bool,
        is_begun: bool,
        is_given_up: bool,
    }
    let mut all: Vec<One<'_>> = Vec::new();
    for (step, ending) in &execution.steps {
        let of = (&step.deployment, Object::of(step));
        let at = all.iter().position(|one| one.of == of).unwrap_or_else(|| {
            all.push(One { of, is_left: false, is_begun: false, is_given_up: false });
            all.len() - 1
        });
        let is_left = matches!(ending, Ending::Stopped | Ending::Dropped { .. });
        let one = &mut all[at];
        one.is_left |= is_left;
        one.is_begun |= !is_left;
        one.is_given_up |= is_given_up(execution, step, ending);
    }
    let is_minor = |one: &One<'_>| matches!(one.of.1, Object::Record | Object::Catalog);
    if all.iter().any(|one| one.is_left && !is_minor(one)) {
        all.retain(|one| !is_minor(one));
    }
    let mut objects = Objects::default();
    for one in all {
        let list = match one {
            One { is_left: false, .. } => &mut objects.done,
            One { is_given_up: true, .. } => &mut objects.given_up,
            One { is_begun: true, .. } => &mut objects.halfway,
            One { .. } => &mut objects.unbegun,
        };
        list.push(one.of);
    }
    objects
}

/// Whether a step is a wait that had begun: all that it comes after is done.
fn is_given_up(execution: &Execution, step: &Step, ending: &Ending) -> bool {
    let is_done = |id: &StepId| {
        let found = execution.steps.iter().find(|(step, _)| step.id == *id);
        found.is_some_and(|(_, ending)| {
            matches!(ending, Ending::Done { .. } | Ending::Forgiven(_) | Ending::NotNeeded)
        })
    };
    let is_wait = matches!(step.action, Action::Await { .. });
    is_wait && *ending == Ending::Stopped && step.after.iter().all(is_done)
}

/// The containers that were made for objects of which something remains: beside the old ones, if
/// those are still there.
fn stay(execution: &Execution) -> Vec<String> {
    let is_left = |ending: &Ending| matches!(ending, Ending::Stopped | Ending::Dropped { .. });
    let own = |of: &Step| {
        let of = (of.deployment.clone(), Object::of(of));
        execution
            .steps
            .iter()
            .filter(move |(step, _)| (&step.deployment, &Object::of(step)) == (&of.0, &of.1))
    };
    let (mut beside, mut alone): (BTreeSet<&ContainerName>, BTreeSet<&ContainerName>) =
        Default::default();
    for (step, ending) in &execution.steps {
        let Action::CreateContainer(create) = &step.action else { continue };
        if !matches!(ending, Ending::Done { .. }) || !own(step).any(|(_, end)| is_left(end)) {
            continue;
        }
        let has_old = own(step).any(|(step, ending)| {
            let goes = matches!(step.action, Action::RemoveContainer { .. });
            let known = step.action.target().map(|target| &target.container);
            goes && is_left(ending) && matches!(known, Some(ContainerRef::Known(_)))
        });
        if has_old { &mut beside } else { &mut alone }.insert(&create.name);
    }
    let line = |names: BTreeSet<&ContainerName>, how: &str| {
        let more = names.len().saturating_sub(LISTED);
        let list: Vec<_> = names.iter().take(LISTED).map(|name| one_line(name.as_str())).collect();
        let more = if more > 0 { format!(", {more} more") } else { String::new() };
        let (list, verb) = (list.join(", "), if names.len() == 1 { "stays" } else { "stay" });
        (!names.is_empty()).then(|| format!("made, and {verb}{how}: {list}{more}"))
    };
    [line(alone, ""), line(beside, " beside the old")].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::fixture::{first_of, plan};
    use super::*;

    #[test]
    fn an_interruption_leaves_objects_and_with_steps_steps() {
        let until = first_of(2) + 2;
        let steps = plan().steps.into_iter().map(|step| {
            let took = Duration::from_secs(1);
            let is_done = step.id.0 < until;
            (step, if is_done { Ending::Done { took } } else { Ending::Stopped })
        });
        let execution = Some(Execution { steps: steps.collect(), stopped: true });
        let report = Report { execution, ..Report::default() };
        assert_eq!(
            remains(&report, "interrupted", false).unwrap(),
            "interrupted; calls that had begun are finished, waits are given up\n  \
             finished: image example/pricing:2, abc/pricing/1\n  \
             given up: the wait for abc/pricing/2\n  \
             not begun: abc/pricing/3, abc/ui/1\n  \
             made, and stays beside the old: abc-pricing-2-1a2b3c4\n\
             The same command goes on from here."
        );
        let steps = remains(&report, "interrupted", true).unwrap();
        assert!(steps.contains(" steps remain:\n  "), "{steps}");
        let none = Some(Execution { steps: Vec::new(), stopped: true });
        let none = Report { execution: none, ..Report::default() };
        assert_eq!(remains(&none, "interrupted", false), None);
    }
}
