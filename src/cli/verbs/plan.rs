//! `plan`: what would be done, printed whole or of some objects alone. Reads only.

use std::collections::BTreeSet;

use model::comparison::Comparison;
use model::id::ContainerName;
use model::plan::Plan;
use model::selector::{Named, Selector};
use reconcile::control::Prepared;
use reconcile::plan::{self, Settings};
use world::Snapshot;

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::invocation;
use super::super::plan_file::{Place, PlanFile, PlanTarget};
use super::super::render::{self, markdown};
use super::super::setup::Refusal;
use super::looked::looked;
use super::pass::{has_nothing, is_pointless};

/// What is asked for.
pub(in crate::cli) struct Asked {
    /// Where the whole plan is written to, too.
    pub(in crate::cli) out: Option<PlanTarget>,
    /// Whether something to do has an exit code of its own.
    pub(in crate::cli) detailed: bool,
    /// Of which deployments, services, replicas or containers it is printed; of all without any.
    pub(in crate::cli) only: Vec<String>,
}

/// Prints what would be done.
pub(in crate::cli) fn plan(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    asked: Asked,
) -> Result<Exit, Refusal> {
    let Asked { out, detailed, only } = asked;
    let outside =
        |snapshot: &Snapshot| out.map(|out| out.outside_of(snapshot.tree.host_path())).transpose();
    looked(console, layer, environment, outside, |prepared, settings, out| {
        print(console, prepared, (settings, &only))?;
        if is_pointless(prepared) {
            return Ok(Exit::Invalid);
        }
        if let Some(out) = &out {
            let file = PlanFile::of(prepared, settings, &invocation::again());
            file.made_from(Place::of(&layer.source)).write(out)?;
        }
        console.progress(&how_to_go_on(&prepared.plan, out.as_ref()));
        // Also if what is printed is less: the plan is whole.
        Ok(match Exit::from(prepared.report().exit()) {
            Exit::Done if detailed && !prepared.plan.is_empty() => Exit::Pending,
            exit => exit,
        })
    })
}

fn how_to_go_on(plan: &Plan, out: Option<&PlanTarget>) -> String {
    match out {
        _ if plan.is_empty() => "Nothing was changed.".to_owned(),
        Some(out) => {
            let command = invocation::applying(&out.name());
            format!("Nothing was changed; `{command}` applies this plan.")
        }
        None => format!("Nothing was changed; `{}` applies it.", invocation::again()),
    }
}

fn print(
    console: Console,
    prepared: &Prepared,
    (settings, words): (&Settings, &[String]),
) -> Result<(), Refusal> {
    let whole = &prepared.plan;
    let again = invocation::again();
    let narrowed = match words {
        // Without a stack the message that there is none says it all.
        [] => None,
        _ if has_nothing(prepared) => None,
        words => {
            let compared = plan::diff(&prepared.desired, &prepared.observed, settings);
            let named = named(prepared, &compared);
            Some(whole.narrowed(&selectors(words, (&named, &compared), whole)?, &named))
        }
    };
    let plan = narrowed.as_ref().unwrap_or(whole);
    let counted = narrowed.as_ref().map(|part| part.counted_of(&words.join(", "), whole));
    match console.format {
        Format::Json => {
            let mut value = render::plan::json(plan, &prepared.report());
            if narrowed.is_some() {
                value["only"] = words.into();
                value["summary_of_all"] = whole.summary().into();
            }
            console.json(&value);
        }
        Format::Markdown => console.result(&markdown::comment(plan, counted.as_deref(), &again)),
        Format::Text if has_nothing(prepared) => {}
        Format::Text => {
            console.prose(&render::plan::text(plan, counted.as_deref(), console.steps, &again));
        }
    }
    Ok(())
}

/// Everything that can be named: what runs or is wanted, and what the plan moves.
fn named(prepared: &Prepared, compared: &[Comparison]) -> BTreeSet<Named> {
    let moved = prepared.plan.steps.iter().filter_map(|step| {
        let replica = step.replica.as_ref()?;
        let container = step.action.target().map(|target| target.name.clone());
        Some(Named {
            deployment: replica.deployment.clone(),
            service: replica.service.clone(),
            slot: replica.slot,
            container: container.unwrap_or_else(|| ContainerName::new("")),
        })
    });
    compared.iter().flat_map(Comparison::named).chain(moved).collect()
}

/// What words stand for.
fn selectors(
    words: &[String],
    (named, compared): (&BTreeSet<Named>, &[Comparison]),
    plan: &Plan,
) -> Result<Vec<Selector>, Refusal> {
    let selector = |word: &String| {
        // Also one of which nothing is known, because its stack is not valid.
        if plan.deployments.keys().any(|id| id.as_str() == word) {
            return Ok(Selector::Deployment(word.as_str().into()));
        }
        super::chosen::only(word, &named.iter(), compared)
    };
    words.iter().map(selector).collect()
}
