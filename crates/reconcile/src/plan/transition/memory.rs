//! The steps that write into the ledger: what was adopted, and what was applied.

use std::collections::BTreeMap;

use super::{Group, Rank, Section, Transition};
use crate::plan::cause::because;
use crate::plan::context::Context;
use crate::plan::decide::{Adoption, Decisions};
use crate::plan::fact::Fact;
use model::action::{Action, LedgerChange};
use model::ledger::DeploymentRecord;
use model::plan::{Adopted, Reason};

/// What has to be remembered of a deployment.
pub(in crate::plan) struct Remembered {
    /// Everything that has to be done, remembering included.
    pub(in crate::plan) steps: Vec<Transition>,
    /// What is written although nothing that runs changes: no step.
    pub(in crate::plan) aside: Option<Transition>,
    /// What becomes ours.
    pub(in crate::plan) adopted: Vec<Adopted>,
}

/// Adds what is remembered to the steps of a deployment, of which nothing is withheld if
/// `complete`.
pub(in crate::plan) fn remembered(
    decisions: &Decisions<'_>,
    mut steps: Vec<Transition>,
    complete: bool,
) -> Remembered {
    let context = &decisions.context;
    let news = record(context);
    let record = is_news(context, &news).then_some(news).filter(|_| complete);
    let Some(adoption) = &decisions.adoption else {
        steps.extend(record.map(|record| applied(context, record)));
        return Remembered { steps, aside: None, adopted: Vec::new() };
    };
    let (deployment, engine) = (&context.deployment.id, &context.deployment.engine);
    let thing = |thing| Adopted { deployment: deployment.clone(), engine: engine.clone(), thing };
    let adopted = adoption.things.iter().cloned().map(thing).collect();
    if steps.is_empty() {
        // Nothing that runs changes: remembered, but no step.
        return Remembered { steps, aside: Some(adopt(context, adoption, record)), adopted };
    }
    for step in &mut steps {
        step.needs.push(Fact::Adopted(deployment.clone()));
    }
    steps.extend(record.map(|record| applied(context, record)));
    steps.push(adopt(context, adoption, None));
    Remembered { steps, aside: None, adopted }
}

fn adopt(
    context: &Context<'_>,
    adoption: &Adoption,
    record: Option<DeploymentRecord>,
) -> Transition {
    let (deployment, engine) = (&context.deployment.id, &context.deployment.engine);
    let change = LedgerChange::Adopt {
        deployment: deployment.clone(),
        engine: engine.clone(),
        adopted: adoption.adopted.clone(),
        record,
    };
    let why = because(Reason::MadeByCompose, Some(&context.deployment.origin));
    let step = Transition::new(Action::WriteLedger { change }, vec![why]);
    remembering(context, Section::Adopt, step.gives([Fact::Adopted(deployment.clone())]))
}

fn applied(context: &Context<'_>, record: DeploymentRecord) -> Transition {
    let deployment = context.deployment.id.clone();
    let lifts = !context.desired.instead.contains_key(&deployment);
    let change = LedgerChange::Record { deployment: deployment.clone(), record, lifts };
    let why = because(Reason::Applied, Some(&context.deployment.origin));
    let step = Transition::new(Action::WriteLedger { change }, vec![why])
        .needs([Fact::Ended(context.place()), Fact::Adopted(deployment)])
        .gives([Fact::Recorded(context.deployment.id.clone())]);
    remembering(context, Section::Memory, step)
}

fn remembering(context: &Context<'_>, section: Section, step: Transition) -> Transition {
    let group = Group::Wanted(context.deployment.id.clone());
    let rank = Rank { group, section, at: [0, 0, 0] };
    Transition { rank, place: context.place(), ..step }
}

/// Whether a record says something new. A new commit that leaves the deployment as it is, is
/// no news, unless another one failed meanwhile.
fn is_news(context: &Context<'_>, record: &DeploymentRecord) -> bool {
    let lifts =
        context.in_quarantine && !context.desired.instead.contains_key(&context.deployment.id);
    lifts
        || !context.record.is_some_and(|known| {
            DeploymentRecord { revision: known.revision.clone(), ..record.clone() } == *known
        })
}

/// What is remembered of a deployment that was applied.
fn record(context: &Context<'_>) -> DeploymentRecord {
    let deployment = context.deployment;
    let scale: BTreeMap<_, _> =
        deployment.services.values().map(|s| (s.name.clone(), s.replicas)).collect();
    DeploymentRecord {
        source: context.desired.source.clone(),
        engine: deployment.engine.clone(),
        revision: context.revision().clone(),
        hash: deployment.hash.clone(),
        layout: context.desired.layout,
        scale,
        pulled: context.pulled(),
    }
}
