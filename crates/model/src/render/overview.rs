//! The text of an overview: what a plan looks like for people, at most 100 columns wide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::{contrasted, count, shortened, span};
use crate::overview::{Brought, Change, Changes, How, Kind, Object, Overview};
use crate::plan::{Blocked, Cause, ChangedBy, Difference, Health, Plan, Reason, Sync, WaitingOn};
use crate::printable::one_line;
use crate::remedy::Remedy;

/// How wide a line may be; commands, which are to be copied, may be wider.
const WIDTH: usize = 100;

/// How long a value may be.
const VALUE: usize = 60;

/// How many of those are listed that wait for the same.
const LISTED: usize = 4;

/// Before what is said of an object.
const INDENT: &str = "      ";

impl Plan {
    /// The plan as people read it; `command` is what carries it out, to which flags are added that
    /// let withheld changes go on.
    #[must_use]
    pub fn overview_text(&self, command: &str) -> String {
        let overview = Overview::of(self);
        let mut out: String =
            self.overview_deployments(&overview).into_iter().map(|(_, t)| t).collect();
        out.push_str(&self.overview_rest(command));
        let _ = writeln!(out, "{}", self.summary_of(&overview));
        out
    }

    /// What changes of each deployment: its first line, and all of its text.
    #[must_use]
    pub fn overview_deployments(&self, overview: &Overview) -> Vec<(String, String)> {
        let text = |changes| {
            let mut out = String::new();
            deployment(&mut out, self, changes);
            (out.lines().next().unwrap_or_default().to_owned(), out)
        };
        overview.deployments.iter().map(text).collect()
    }

    /// What is adopted, left alone and withheld.
    #[must_use]
    pub fn overview_rest(&self, command: &str) -> String {
        let mut out = String::new();
        for adopted in &self.adopted {
            line(&mut out, "", &format!("adopt {} into {}", adopted.thing, adopted.deployment));
        }
        for left in &self.left_alone {
            line(&mut out, "", &left.to_string());
        }
        for forgotten in &self.forgotten {
            line(&mut out, "", &forgotten.to_string());
        }
        withheld(&mut out, &self.blocked, command);
        out
    }

    /// One line that counts what would happen.
    #[must_use]
    pub fn summary(&self) -> String {
        self.summary_of(&Overview::of(self))
    }

    /// The same, of an overview that was made already.
    #[must_use]
    pub fn summary_of(&self, overview: &Overview) -> String {
        let withheld = self.blocked.iter().filter(|b| !b.waiting_on.is_notice()).count();
        let not_known = self.deployments.values().filter(|d| d.sync == Sync::Unknown);
        let (paused, unknown): (Vec<_>, Vec<_>) =
            not_known.partition(|state| state.health == Health::Suspended);
        let (paused, unknown) = (paused.len(), unknown.len());
        let mut parts: Vec<String> = Vec::new();
        let brought = |how| -> usize {
            let all = overview.deployments.iter().flat_map(|changes| &changes.images);
            all.filter(|brought| brought.how == how).map(|brought| brought.images.len()).sum()
        };
        for (number, what) in [(brought(How::Build), "build"), (brought(How::Pull), "pull")] {
            if number > 0 {
                parts.push(format!("{} to {what}", count(number, "image")));
            }
        }
        parts.extend(
            overview.counts.iter().map(|(kind, number)| format!("{number} to {}", kind.words().1)),
        );
        parts.extend(
            overview.conditional.iter().map(|(kind, number)| {
                format!("{number} to {} if an image changed", kind.words().1)
            }),
        );
        if withheld > 0 {
            parts.push(format!("{withheld} withheld"));
        }
        if unknown > 0 {
            parts.push(format!("{} not fully seen", count(unknown, "deployment")));
        }
        if paused > 0 {
            parts.push(format!("{} paused", count(paused, "deployment")));
        }
        match (self.steps.is_empty(), parts.is_empty()) {
            (true, true) => "No changes: everything is as the source says.".to_owned(),
            (true, false) => format!("No changes now: {}.", parts.join(", ")),
            (false, true) => format!("Plan: {}.", count(self.steps.len(), "step")),
            (false, false) => format!("Plan: {}.", parts.join(", ")),
        }
    }
}

/// How many objects of a deployment change, and how.
#[must_use]
pub fn counted(changes: &Changes) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for change in &changes.objects {
        *counts.entry(change.kind).or_default() += change.object.size();
    }
    let counts = counts.iter().map(|(kind, number)| format!("{number} to {}", kind.words().1));
    counts.collect::<Vec<_>>().join(", ")
}

fn deployment(out: &mut String, plan: &Plan, changes: &Changes) {
    let Changes { deployment, engine, images, objects, registered, deregistered, catalog_causes } =
        changes;
    let engine = one_line(engine.as_str()).into_owned();
    let revision = match plan.back_to.get(deployment) {
        Some(revision) => format!("back to revision {}", revision.short()),
        None => format!("revision {}", plan.revision.short()),
    };
    let took = plan.last_took.get(deployment).map(|took| match took.as_secs() {
        0 => format!(", last rollout took {}ms", took.as_millis()),
        secs => format!(", last rollout took {}", span(Duration::from_secs(secs))),
    });
    let took = took.unwrap_or_default();
    line(out, "", &format!("deployment {deployment}, {revision}, engine {engine}{took}"));
    for brought in images {
        image(out, brought);
    }
    for change in objects {
        object(out, change);
    }
    if let Some(taken) = plan.host.get(deployment) {
        line(out, "  ", &format!("! takes of the host: {}", taken.join(", ")));
    }
    for (word, services) in [("registers", registered), ("deregisters", deregistered)] {
        if !services.is_empty() {
            line(out, "  ", &format!("Consul {word} {}", instances(services)));
        }
    }
    for cause in catalog_causes.iter().take(LISTED) {
        line(out, INDENT, &why(cause));
    }
    if catalog_causes.len() > LISTED {
        line(out, INDENT, &format!("and {} more causes", catalog_causes.len() - LISTED));
    }
    if objects.is_empty() && images.is_empty() && registered.is_empty() && deregistered.is_empty() {
        line(out, "  ", "remembers what was applied");
    }
}

fn image(out: &mut String, brought: &Brought) {
    let how = match brought.how {
        How::Pull => "pull",
        How::Build => "build",
    };
    line(out, "  ", &format!("↓ {how} {} ({})", brought.images.join(", "), brought.why));
}

fn object(out: &mut String, change: &Change) {
    let (symbol, word) = change.kind.words();
    let what = match &change.object {
        Object::Service { service, slots, replicas, parallelism } => {
            let slots: Vec<_> = slots.iter().map(|slot| slot.0).collect();
            let (rest, order) = (replicas_text(&slots, *replicas), change.order.as_deref());
            let pace = parallelism.filter(|_| slots.len() > 1 && order.is_some()).map(|at_once| {
                match at_once {
                    1 => "one at a time".to_owned(),
                    many => format!("{many} at a time"),
                }
            });
            let only_if = change.only_if.as_ref().map(|depends| depends.text.clone());
            let order = order.map(str::to_owned).into_iter().chain(only_if);
            let extra: Vec<_> = rest.into_iter().chain(pace).chain(order).collect();
            if extra.is_empty() {
                service.to_string()
            } else {
                format!("{service}: {}", extra.join(", "))
            }
        }
        other => other.to_string(),
    };
    let is_new = change.kind == Kind::Create;
    let place = change.causes.first().filter(|cause| is_new && cause.reason == Reason::Missing);
    let place = place.and_then(|cause| cause.at.as_ref()).map(|at| format!(" ({at})"));
    line(out, "  ", &format!("{symbol} {word} {what}{}", place.unwrap_or_default()));
    let differs = change.causes.iter().any(|cause| matches!(cause.reason, Reason::Changed(_)));
    let says = |cause: &&Cause| match &cause.reason {
        Reason::Missing => false,
        // That is what it depends on.
        Reason::Changed(Difference { field, .. }) if field == "image" => change.only_if.is_none(),
        Reason::NetworkChanged => !differs,
        _ => change.order.as_ref().is_none_or(|order| !order.ends_with(&cause.reason.to_string())),
    };
    for cause in change.causes.iter().filter(says) {
        line(out, INDENT, &why(cause));
        if let Some(risk) = risk(cause) {
            line(out, INDENT, &risk);
        }
    }
}

/// Which replicas it is, if that is not all of one.
fn replicas_text(slots: &[u32], all: Option<u32>) -> Option<String> {
    let names: Vec<_> = slots.iter().map(ToString::to_string).collect();
    let number = u32::try_from(slots.len()).unwrap_or(u32::MAX);
    match (all, slots) {
        (Some(1) | None, [1]) => None,
        (Some(all), _) if all == number => Some(format!("{all} replicas")),
        (Some(all), _) if slots.iter().all(|slot| *slot <= all) => {
            Some(format!("replica {} ({number} of {all})", names.join(" ")))
        }
        (None, _) => Some(count(slots.len(), "replica")),
        _ => Some(format!("replica {}", names.join(" "))),
    }
}

/// A cause; long values of a difference are shortened to where they differ.
#[must_use]
pub fn why(cause: &Cause) -> String {
    let Reason::Changed(difference) = &cause.reason else { return cause.to_string() };
    let difference = difference.as_typed();
    let part = |value: &Option<String>| value.as_ref().map(|value| shortened(value, VALUE));
    let (have, want) = match (&difference.have, &difference.want) {
        (Some(have), Some(want)) => {
            let (have, want) = contrasted(have, want, VALUE);
            (Some(have), Some(want))
        }
        (have, want) => (part(have), part(want)),
    };
    let difference = Difference { have, want, ..difference.clone() };
    Cause { reason: Reason::Changed(difference), at: cause.at.clone() }.to_string()
}

/// What becomes of the data behind a mount that changes.
fn risk(cause: &Cause) -> Option<String> {
    let Reason::Changed(Difference { field, have: Some(have), by, .. }) = &cause.reason else {
        return None;
    };
    let target = field.strip_prefix("volumes.")?;
    let is_volume = have.starts_with("volume ") || have.starts_with("anonymous volume");
    (is_volume && *by != ChangedBy::Hand)
        .then(|| format!("data at {target} stays in the {have}: the new container does not see it"))
}

fn instances(services: &BTreeMap<String, usize>) -> String {
    let one = |(service, number): (&String, &usize)| match number {
        1 => service.clone(),
        number => format!("{service} ×{number}"),
    };
    services.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What is withheld, and the command that lets it go on.
fn withheld(out: &mut String, all: &[Blocked], command: &str) {
    let (notices, withheld): (Vec<&Blocked>, Vec<&Blocked>) =
        all.iter().partition(|blocked| blocked.waiting_on.is_notice());
    if !withheld.is_empty() {
        line(out, "", "withheld");
    }
    together(out, '?', &withheld);
    if let Some(comparing) = comparing(command, &withheld) {
        line(out, "  ", "to see what would change:");
        let _ = writeln!(out, "{INDENT}{}", one_line(&comparing));
    }
    let remedies: BTreeSet<Remedy> = withheld.iter().filter_map(|b| b.remedy()).collect();
    let mut flags = Vec::new();
    if !remedies.is_empty() {
        line(out, "  ", "to let it go on:");
    }
    for remedy in &remedies {
        match remedy {
            Remedy::Flag(flag) => flags.push(flag.as_str()),
            Remedy::Command(command) => drop(writeln!(out, "{INDENT}{}", one_line(command))),
        }
    }
    if !flags.is_empty() {
        let _ = writeln!(out, "{INDENT}{}", one_line(&format!("{command} {}", flags.join(" "))));
    }
    if !notices.is_empty() {
        line(out, "", "to know");
    }
    together(out, '!', &notices);
}

/// The command that shows in what differs what is withheld, if it can be compared.
fn comparing(command: &str, withheld: &[&Blocked]) -> Option<String> {
    let is_compared = |blocked: &&&Blocked| {
        matches!(
            blocked.waiting_on,
            WaitingOn::Approval { .. }
                | WaitingOn::Consent { .. }
                | WaitingOn::Grant { .. }
                | WaitingOn::Healthy { .. }
                | WaitingOn::OwnContainer { .. }
                | WaitingOn::SyncMode { .. }
        )
    };
    let of = withheld.iter().filter(is_compared).filter_map(|blocked| blocked.deployment.as_ref());
    let ids: BTreeSet<String> = of.map(ToString::to_string).collect();
    let mut words = command.split(' ').skip(1);
    let carries_out = words.next().is_some_and(|word| matches!(word, "--once" | "apply"));
    let rest: Vec<&str> = words.filter(|word| !matches!(*word, "--yes" | "-y")).collect();
    let only = ids.into_iter().collect::<Vec<_>>().join(",");
    let words = ["reconciler", "diff"].into_iter().chain(rest).chain(["--only", &only]);
    (carries_out && !only.is_empty()).then(|| words.collect::<Vec<_>>().join(" "))
}

/// What waits for the same in one deployment stands together, without its tail if it is much.
fn together(out: &mut String, symbol: char, all: &[&Blocked]) {
    let is_same =
        |a: &Blocked, b: &Blocked| a.deployment == b.deployment && a.waiting_on == b.waiting_on;
    for (place, first) in all.iter().enumerate() {
        if all[..place].iter().any(|other| is_same(first, other)) {
            continue;
        }
        let same: Vec<&&Blocked> = all[place..].iter().filter(|b| is_same(first, b)).collect();
        for blocked in same.iter().take(LISTED) {
            let of = blocked.deployment.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
            let at = blocked.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
            line(out, "  ", &format!("{symbol} {of}{}{at}", blocked.subject));
        }
        if same.len() > LISTED {
            line(out, "  ", &format!("{symbol} and {} more", same.len() - LISTED));
        }
        line(out, INDENT, &first.waiting_on.to_string());
    }
}

/// A line, and those after it where it is too long, at the same indentation.
fn line(out: &mut String, indent: &str, text: &str) {
    let mut rest = WIDTH;
    let mut first = true;
    let continued = if indent.is_empty() { indent } else { INDENT };
    let mut written = 0_usize;
    for word in one_line(text).split(' ') {
        let long = word.chars().count();
        if written > 0 && long + 1 > rest {
            out.push('\n');
            written = 0;
        }
        if written == 0 {
            let before = if first { indent } else { continued };
            out.push_str(before);
            rest = WIDTH - before.len();
            first = false;
        } else {
            out.push(' ');
            rest -= 1;
        }
        out.push_str(word);
        rest = rest.saturating_sub(long);
        written += 1;
    }
    out.push('\n');
}
