//! What a pass with failures leaves: of each failure why, what was left as it was, what was not
//! tried because of it, and which command helps further; and which services were not changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use model::action::{Action, Until};
use model::id::{DeploymentId, EngineName, ServiceName};
use model::plan::Step;
use model::printable::{one_line, shortened};
use model::target::{ContainerRef, Target};
use reconcile::control::{Ending, Execution, Failure, GoneBack, StepError, WaitError};
use world::OutsideError;

use super::super::console::{BAD, FAINT, STRONG, paint};
use super::objects::{Object, listed};

/// How much of a line that a container printed is shown, in characters.
pub(in crate::cli) const WIDEST: usize = 400;

/// What a pass with failures leaves.
pub(in crate::cli) struct Aftermath<'e> {
    failed: Vec<Failed<'e>>,
    /// The services of which no step was carried out, by deployment.
    not_changed: BTreeSet<(&'e DeploymentId, &'e ServiceName)>,
    /// How many services the pass was about.
    services: usize,
}

/// A step that failed.
struct Failed<'e> {
    step: &'e Step,
    failure: &'e Failure,
    name: String,
    left: Vec<String>,
    not_tried: Vec<(&'e DeploymentId, Object)>,
    next: String,
}

/// What `docker` needs to reach each engine, and the command that is being carried out.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Commands<'c> {
    /// Empty for the engine that it reaches by itself.
    pub(in crate::cli) hosts: &'c BTreeMap<EngineName, String>,
    /// It is the remedy if there is no log to read.
    pub(in crate::cli) again: &'c str,
}

impl<'e> Aftermath<'e> {
    /// That of what was carried out.
    pub(in crate::cli) fn of(execution: &'e Execution, commands: Commands<'_>) -> Self {
        let mut services: BTreeMap<_, bool> = BTreeMap::new();
        for (step, ending) in &execution.steps {
            if let Some(replica) = &step.replica {
                let changed = services.entry((&replica.deployment, &replica.service)).or_default();
                *changed |=
                    !matches!(ending, Ending::Dropped { .. } | Ending::Stopped | Ending::NotNeeded);
            }
        }
        let failed = execution.failures().map(|(step, failure)| Failed {
            step,
            failure,
            name: Object::of(step).name(&step.deployment),
            left: left(execution, step),
            not_tried: not_tried(execution, step),
            next: next(step, failure, commands),
        });
        Self {
            failed: failed.collect(),
            services: services.len(),
            not_changed: services.into_iter().filter(|(_, c)| !c).map(|(key, _)| key).collect(),
        }
    }

    /// The same after deployments have gone back: what was left of them is there no more.
    pub(in crate::cli) fn after(mut self, back: Option<&GoneBack>) -> Self {
        let Some(back) = back else { return self };
        for failed in &mut self.failed {
            let id = &failed.step.deployment;
            if let Some(to) = back.has_returned(id) {
                failed.left = vec![format!("{id} was rolled back to revision {}", to.short())];
                failed.next = format!("reconciler history {id}");
            }
        }
        if !back.deployments.is_empty() {
            self.not_changed.clear();
        }
        self
    }

    /// As text, a paragraph for each failure, and one about all of them.
    pub(in crate::cli) fn texts(&self) -> Vec<String> {
        let mut texts: Vec<_> = self.failed.iter().map(Failed::text).collect();
        if !texts.is_empty() && !self.not_changed.is_empty() {
            let text = self.not_changed_text(&self.not_changed());
            texts.push(format!("{}: {text}", paint(STRONG, "note")));
        }
        texts
    }

    fn not_changed_text(&self, names: &[String]) -> String {
        const LISTED: usize = 5;
        let more = names.len().saturating_sub(LISTED);
        let tail = if more > 0 { format!(", {more} more") } else { String::new() };
        let names: Vec<_> = names.iter().take(LISTED).map(|name| one_line(name)).collect();
        let (number, all) = (self.not_changed.len(), self.services);
        let verb = if number == 1 { "was" } else { "were" };
        let names = names.join(", ");
        format!("{number} of {all} services {verb} not changed: {names}{tail}")
    }

    /// The services that were not changed, for programs.
    pub(in crate::cli) fn not_changed(&self) -> Vec<String> {
        self.not_changed.iter().map(|(of, name)| format!("{of}/{name}")).collect()
    }

    /// What is known of the failure of a step, for programs.
    pub(in crate::cli) fn json(&self, of: &Step) -> Value {
        let Some(failed) = self.failed.iter().find(|failed| std::ptr::eq(failed.step, of)) else {
            return Value::Null;
        };
        let Failed { failure, name, left, not_tried, next, .. } = failed;
        let hint = failed.hint();
        let code = failure.error.exit_code();
        json!({
            "kind": "failed",
            "error": failure.error.to_string(),
            "object": name,
            "exit_code": code,
            "signal": code.and_then(signal),
            "out_of_memory": failure.last.out_of_memory,
            "health_output": failure.last.probe,
            "logs": failure.last.log,
            "left": left,
            "not_tried": not_tried.iter().map(|(of, it)| it.name(of)).collect::<Vec<_>>(),
            "hint": hint,
            "next": next,
        })
    }
}

impl Failed<'_> {
    fn text(&self) -> String {
        let Self { step, failure, name, left, not_tried, next } = self;
        let why = format!("{}{}", failure.error, self.in_words());
        let mut text = format!(
            "{}: {}",
            paint(BAD.bold(), "error"),
            paint(STRONG, &format!("{name} failed: {}", one_line(&why)))
        );
        let place = format!("{} {}, engine {}", step.id, step.action, step.engine);
        let _ = write!(text, "\n {} {}", paint(FAINT, "-->"), one_line(&place));
        let bar = paint(FAINT, "|");
        let mut quote = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                let _ = write!(text, "\n  {bar} {}", paint(FAINT, title));
            }
            for line in lines {
                let _ = write!(text, "\n  {bar} {}", shortened(line, WIDEST));
            }
        };
        if failure.error.is_of_probe() {
            quote("its health check printed:", &failure.last.probe);
        }
        quote("the end of its log:", &failure.last.log);
        for one in left {
            let _ = write!(text, "\n  = {}", one_line(one));
        }
        if !not_tried.is_empty() {
            let names = listed(not_tried.iter().map(|(of, object)| (*of, object)));
            let _ = write!(text, "\n  = not tried because of this: {names}");
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\n  = {hint}");
        }
        let _ = write!(text, "\n  = {}: `{}`", paint(STRONG, "help"), one_line(next));
        text
    }

    /// What was probably meant, of a service that ended with 0; and why an image did not come.
    fn hint(&self) -> Option<String> {
        if let Action::PullImage { image, .. } = &self.step.action {
            return pull::hint(&self.failure.error.to_string(), image);
        }
        let lasts = matches!(self.step.action, Action::Await { until: Until::Healthy(_), .. });
        let replica = self.step.replica.as_ref().filter(|_| lasts)?;
        (self.failure.error.exit_code() == Some(0)).then(|| {
            let service = &replica.service;
            format!(
                "if {service} is to end, it is a job: add `x-reconciler: {{ job: true }}` to it"
            )
        })
    }

    /// What an exit code means.
    fn in_words(&self) -> String {
        let killed = self.failure.error.exit_code().and_then(signal);
        let meaning = match self.failure.error.exit_code() {
            Some(126) => Some("its command cannot be executed".to_owned()),
            Some(127) => Some("its command was not found".to_owned()),
            _ => killed.map(|signal| format!("ended by {signal}")),
        };
        let memory = self.failure.last.out_of_memory.then(|| "its memory was used up".to_owned());
        let all: Vec<_> = meaning.into_iter().chain(memory).collect();
        if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
    }
}

/// The signal behind an exit code, as a shell has it.
fn signal(code: i64) -> Option<&'static str> {
    Some(match code - 128 {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// The containers of the object that are there although the plan had something else for them.
fn left(execution: &Execution, failed: &Step) -> Vec<String> {
    let object = Object::of(failed);
    let is_of_it = |step: &Step| {
        (&step.deployment, &step.engine) == (&failed.deployment, &failed.engine)
            && Object::of(step) == object
    };
    let own = || execution.steps.iter().filter(|(step, _)| is_of_it(step));
    let is_done = |ending: &Ending| matches!(ending, Ending::Done { .. });
    let creates = |step: &Step| matches!(step.action, Action::CreateContainer(_));
    let made: Vec<_> = own()
        .filter(|(step, ending)| creates(step) && is_done(ending))
        .filter_map(|(step, _)| match &step.action {
            Action::CreateContainer(create) => Some((step.id, &create.name)),
            _ => None,
        })
        .collect();
    let replaces = is_replaced(own().map(|(step, _)| step));
    let mut olds: BTreeMap<_, (&model::id::ContainerName, [Option<&Ending>; 2])> = BTreeMap::new();
    for (step, ending) in own().filter(|_| replaces) {
        let place = match step.action {
            Action::StopContainer { .. } => 0,
            Action::RemoveContainer { .. } => 1,
            _ => continue,
        };
        let Some(target) = step.action.target() else { continue };
        if let ContainerRef::Known(id) = &target.container {
            let old = olds.entry(id).or_insert((&target.name, [None, None]));
            old.1[place] = Some(ending);
        }
    }
    let mut left = Vec::new();
    for (name, [stop, remove]) in olds.into_values() {
        match (stop, remove) {
            (_, Some(Ending::Done { .. })) => {}
            (Some(Ending::Done { .. }), _) => {
                left.push(format!("the old container {name} is stopped, and still there"));
                if is_down(execution, failed) {
                    let object = Object::of(failed).name(&failed.deployment);
                    left.push(format!(
                        "{object} is down: to go back, take the change back in the source and run \
                         the same command, which starts {name} again"
                    ));
                }
            }
            (Some(Ending::Dropped { .. } | Ending::Stopped), _) => {
                left.push(format!("the old container {name} still runs"));
            }
            _ => left.push(format!("the old container {name} is still there")),
        }
    }
    let which = if left.is_empty() { "container" } else { "new container" };
    let made = made.into_iter().filter(|(id, _)| about(failed, *id));
    left.extend(
        made.map(|(_, name)| format!("the {which} {name} stays, so that it can be looked at")),
    );
    left
}

/// Whether another container takes the place of one that goes: it is made, or was by an earlier
/// attempt.
fn is_replaced<'s>(own: impl Iterator<Item = &'s Step>) -> bool {
    let own: Vec<&Step> = own.collect();
    let goes = |target: &Target| {
        own.iter().any(|step| {
            matches!(step.action, Action::RemoveContainer { .. })
                && step.action.target().is_some_and(|it| it.container == target.container)
        })
    };
    own.iter().any(|step| match &step.action {
        Action::CreateContainer(_) => true,
        Action::StartContainer { container }
        | Action::Await { container, .. }
        | Action::RenameContainer { container, .. } => !goes(container),
        _ => false,
    })
}

/// Whether nothing runs in place of what was stopped: the new one was not made, did not start, or
/// ended.
fn is_down(execution: &Execution, failed: &Step) -> bool {
    let failure = execution.failures().find(|(step, _)| std::ptr::eq(*step, failed));
    let ended = failure.is_some_and(|(_, failure)| match &failure.error {
        StepError::Wait(WaitError::Ended { .. } | WaitError::Gone)
        | StepError::Outside(_)
        | StepError::Unresolved(_) => true,
        StepError::Wait(_) => false,
    });
    let begins = matches!(
        failed.action,
        Action::CreateContainer(_) | Action::StartContainer { .. } | Action::Await { .. }
    );
    begins && ended
}

/// Whether a step acts on the container that another one makes.
fn about(step: &Step, made: model::id::StepId) -> bool {
    step.action.target().is_some_and(|target| target.container == ContainerRef::Made(made))
}

/// The objects of which steps were dropped because of this one.
fn not_tried<'e>(execution: &'e Execution, failed: &Step) -> Vec<(&'e DeploymentId, Object)> {
    let own = (&failed.deployment, Object::of(failed));
    let mut all: Vec<(&DeploymentId, Object)> = Vec::new();
    for (step, ending) in &execution.steps {
        let because = matches!(ending, Ending::Dropped { because } if *because == failed.id);
        let object = (&step.deployment, Object::of(step));
        if because && object.1 != Object::Record && object != own && !all.contains(&object) {
            all.push(object);
        }
    }
    all
}

/// The command that helps further.
fn next(step: &Step, failure: &Failure, Commands { hosts, again }: Commands<'_>) -> String {
    let outside = failure.error.outside();
    if matches!(outside, Some(OutsideError::Unreachable(_) | OutsideError::Timeout(_))) {
        return again.to_owned();
    }
    // What could not be started printed nothing: the engine's error is all that there is.
    if let (Action::StartContainer { .. }, object @ Object::Replica(..)) =
        (&step.action, Object::of(step))
    {
        return format!("reconciler explain {}", object.name(&step.deployment));
    }
    let ran = matches!(step.action, Action::Await { .. } | Action::RunHook { .. });
    match (step.action.target(), Object::of(step)) {
        (Some(_), object @ Object::Replica(..)) if ran => {
            format!("reconciler logs {}", object.name(&step.deployment))
        }
        (Some(target), _) if ran => {
            let host = hosts.get(&step.engine).map_or("", String::as_str);
            format!("docker {host}logs {}", target.name)
        }
        _ => again.to_owned(),
    }
}

mod pull;
#[cfg(test)]
mod tests;
