//! `diff`: what is there beside what is wanted, as a unified diff of normal forms. Reads only, as
//! `plan` does and with its settings.

use std::collections::BTreeSet;

use model::comparison::{Compared, Comparison};
use model::desired::Entry;
use model::id::DeploymentId;
use model::plan::{Blocked, Plan, Step};
use model::printable::one_line;
use model::render::count;
use model::selector::{Named, Selector};
use reconcile::control::Prepared;
use reconcile::plan;

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::render::diff as render;
use super::super::render::objects::{Object, listed};
use super::super::setup::Refusal;
use super::looked::looked;
use super::pass::is_pointless;

/// What is asked for.
pub(in crate::cli) struct Asked {
    /// Of which deployments, services, replicas or containers; all without any.
    pub(in crate::cli) only: Vec<String>,
    /// How many equal lines stand around a difference.
    pub(in crate::cli) unified: usize,
    /// Whether a difference has an exit code of its own.
    pub(in crate::cli) detailed: bool,
}

/// Prints it.
pub(in crate::cli) fn diff(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    asked: &Asked,
) -> Result<Exit, Refusal> {
    looked(
        console,
        layer,
        environment,
        |_| Ok(()),
        |prepared, settings, ()| {
            let all = plan::diff(&prepared.desired, &prepared.observed, settings);
            show(console, prepared, all, asked)
        },
    )
}

fn show(
    console: Console,
    prepared: &Prepared,
    all: Vec<Comparison>,
    asked: &Asked,
) -> Result<Exit, Refusal> {
    for blocked in without_comparison(prepared, &all) {
        let what = blocked.deployment.as_ref().map_or(&*blocked.subject, |id| id.as_str());
        console
            .complain(&one_line(&format!("not compared: {what} (waits: {})", blocked.waiting_on)));
    }
    let of_interest = narrowed(all, &asked.only)?;
    let equal = of_interest.iter().filter(|comparison| !comparison.differs()).count();
    let formless = formless(&prepared.plan, &of_interest, asked.only.is_empty());
    let (all, report) = (Comparison::joined(of_interest), prepared.report());
    let differing: Vec<&Comparison> = all.iter().filter(|one| one.differs()).collect();
    match console.format {
        Format::Json => {
            console.json(&render::json(&prepared.plan, &differing, asked.unified, &report));
        }
        Format::Text | Format::Markdown if differing.is_empty() => {}
        Format::Text | Format::Markdown => {
            console.result(&render::text(&differing, asked.unified));
        }
    }
    if is_pointless(prepared) {
        return Ok(Exit::Invalid);
    }
    console.progress(&match differing.len() {
        0 if equal == 0 => "Nothing was compared.".to_owned(),
        0 => format!("No difference in {}.", count(equal, "object")),
        some => format!("{} as the stacks say, {} not.", count(equal, "object"), some),
    });
    if !formless.is_empty() {
        let names = listed(formless.iter().map(|(deployment, object)| (*deployment, object)));
        console
            .progress(&format!("`reconciler plan` has more to do, which no form shows: {names}"));
    }
    let is_pending = !differing.is_empty() || !formless.is_empty();
    Ok(match Exit::from(report.exit()) {
        Exit::Done if asked.detailed && is_pending => Exit::Pending,
        exit => exit,
    })
}

/// What the plan changes although its form is as it is to be, as what is down; of what no word
/// names nothing. What belongs to no replica goes with what differs of its deployment.
fn formless<'p>(
    plan: &'p Plan,
    compared: &[Comparison],
    is_all: bool,
) -> Vec<(&'p DeploymentId, Object)> {
    let (differing, equal): (Vec<_>, Vec<_>) = compared.iter().partition(|one| one.differs());
    let is_about = |step: &Step, one: &Comparison| match (&step.replica, &one.object) {
        (Some(replica), Compared::Service { service, slots }) => {
            (&replica.deployment, &replica.service) == (&one.deployment, service)
                && slots.contains(&replica.slot)
        }
        _ => false,
    };
    let mut all: Vec<(&DeploymentId, Object)> = Vec::new();
    for step in &plan.steps {
        let is_it = if step.replica.is_some() {
            equal.iter().any(|one| is_about(step, one))
                && !differing.iter().any(|one| is_about(step, one))
        } else {
            is_all && differing.iter().all(|one| one.deployment != step.deployment)
        };
        let object = (&step.deployment, Object::of(step));
        if is_it && !all.contains(&object) {
            all.push(object);
        }
    }
    if all.iter().any(|(_, object)| *object != Object::Record) {
        all.retain(|(_, object)| *object != Object::Record);
    }
    all
}

/// Why nothing of a deployment is compared that has a valid stack.
fn without_comparison<'a>(prepared: &'a Prepared, all: &[Comparison]) -> Vec<&'a Blocked> {
    let compared: BTreeSet<_> = all.iter().map(|comparison| &comparison.deployment).collect();
    let of = |blocked: &&Blocked| {
        blocked.deployment.as_ref().is_none_or(|id| {
            let is_valid = matches!(prepared.desired.deployments.get(id), Some(Entry::Valid(..)));
            is_valid && !compared.contains(id)
        })
    };
    prepared.plan.blocked.iter().filter(of).collect()
}

/// What these words name; everything without any.
fn narrowed(all: Vec<Comparison>, words: &[String]) -> Result<Vec<Comparison>, Refusal> {
    let named: Vec<Named> = all.iter().flat_map(Comparison::named).collect();
    let selectors = words.iter().map(|word| super::chosen::only(word, &named.iter(), &all));
    let selectors = selectors.collect::<Result<Vec<_>, _>>()?;
    let is_whole = |one: &Comparison| {
        let whole = Selector::Deployment(one.deployment.clone());
        selectors.is_empty() || selectors.contains(&whole)
    };
    let is_meant = |one: &Comparison| match &one.object {
        Compared::Service { .. } => {
            one.named().iter().any(|named| Selector::any(&selectors, named))
        }
        Compared::Network { name } => {
            is_whole(one) || selectors.contains(&Selector::Network(name.clone()))
        }
        Compared::Volume { name } => {
            is_whole(one) || selectors.contains(&Selector::Volume(name.clone()))
        }
    };
    Ok(all.into_iter().filter(is_meant).collect())
}

#[cfg(test)]
mod tests {
    use model::comparison::{Live, LiveContainer};
    use model::normal_form::NormalForm;

    use super::*;

    fn replica(service: &str, slot: u32) -> Comparison {
        let slot = model::id::Slot(slot);
        let name = format!("abc-{service}-{slot}").as_str().into();
        Comparison {
            deployment: "abc".into(),
            engine: "local".into(),
            object: Compared::Service { service: service.into(), slots: BTreeSet::from([slot]) },
            live: Some(Live {
                containers: vec![LiveContainer { slot, id: "1".into(), name }],
                form: NormalForm::default(),
            }),
            desired: None,
        }
    }

    fn network() -> Comparison {
        let object = Compared::Network { name: "abc_default".into() };
        Comparison { object, ..replica("web", 1) }
    }

    #[test]
    fn words_narrow_it_to_what_they_name() {
        let all = || vec![network(), replica("web", 1), replica("web", 2), replica("db", 1)];
        let count = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            narrowed(all(), &words).map(|left| left.len())
        };
        assert_eq!(count(&[]).expect("all"), 4);
        assert_eq!(count(&["abc"]).expect("a deployment"), 4);
        assert_eq!(count(&["web"]).expect("a service"), 2);
        assert_eq!(count(&["network/abc_default"]).expect("a network"), 1);
        assert_eq!(count(&["abc_default", "db"]).expect("a network and a service"), 2);
        assert_eq!(count(&["abc/web/2", "abc-db-1"]).expect("two"), 2);
        assert_eq!(count(&["shop"]).expect_err("nothing").exit, Exit::Usage);
    }
}
