//! A plan for programs, in the words of its text. `docs/plan.schema.json` describes it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::id::StepId;
use crate::image_content::ImageContent;
use crate::only_if::OnlyIf;
use crate::overview::{Change, Changes, Depends, Overview};
use crate::plan::{Blocked, Cause, Plan, Step};
use crate::remedy::Remedy;

/// The version of the JSON form; a field that is only added does not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// A plan for programs. What a container is made of is left out on purpose: it holds
/// values that must not print; the causes hold them masked.
#[must_use]
pub fn plan(plan: &Plan) -> Value {
    let overview = Overview::of(plan);
    json!({
        "schema_version": SCHEMA_VERSION,
        "source": plan.source,
        "revision": plan.revision,
        "summary": plan.summary_of(&overview),
        "changes": overview.deployments.iter().map(|of| changes(plan, of)).collect::<Vec<_>>(),
        "counts": overview.counts,
        "conditional_counts": overview.conditional,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "blocked": plan.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "host": plan.host,
        "adopted": plan.adopted,
        "left_alone": plan.left_alone,
        "forgotten": plan.forgotten,
        "deployments": plan.deployments,
    })
}

/// What becomes of the objects of a deployment.
fn changes(plan: &Plan, changes: &Changes) -> Value {
    let object = |change: &Change| {
        let mut value = json!({
            "change": change.kind,
            "object": change.object,
            "causes": change.causes.iter().map(cause).collect::<Vec<_>>(),
            "order": change.order,
        });
        if let Some(Depends { on, text }) = &change.only_if {
            value["only_if"] = only_if(on, text);
        }
        value
    };
    let took = plan.last_took.get(&changes.deployment);
    let took = took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    json!({
        "last_rollout_ms": took,
        "back_to": plan.back_to.get(&changes.deployment),
        "deployment": changes.deployment,
        "engine": changes.engine,
        "images": changes.images,
        "objects": changes.objects.iter().map(object).collect::<Vec<_>>(),
        "registered": changes.registered,
        "deregistered": changes.deregistered,
        "catalog_causes": changes.catalog_causes.iter().map(cause).collect::<Vec<_>>(),
    })
}

/// A cause, and its words.
fn cause(cause: &Cause) -> Value {
    let mut value = serde_json::to_value(cause).expect("BUG: causes are plain data");
    value["text"] = Value::String(cause.to_string());
    value
}

/// Something withheld, with what it waits for in words, and what lets it go on.
#[must_use]
pub fn blocked(blocked: &Blocked) -> Value {
    json!({
        "remedy": blocked.remedy().map(|remedy| match remedy {
            Remedy::Flag(flag) => json!({ "flag": flag }),
            Remedy::Command(command) => json!({ "command": command }),
        }),
        "deployment": blocked.deployment,
        "subject": blocked.subject,
        "waits": blocked.waiting_on.to_string(),
        "waiting_on": blocked.waiting_on,
        "at": blocked.at,
    })
}

/// When a step is needed: the steps that bring the images.
fn only_if(only_if: &OnlyIf, text: &str) -> Value {
    let steps = |all: &BTreeMap<StepId, ImageContent>| all.keys().copied().collect::<Vec<_>>();
    json!({
        "another_image": steps(&only_if.another),
        "unless_another_image": steps(&only_if.unless),
        "text": text,
    })
}

/// A step without the bodies of its calls.
#[must_use]
pub fn step(step: &Step) -> Value {
    let text = step.action.to_string();
    let mut value = json!({
        "id": step.id,
        "deployment": step.deployment,
        "engine": step.engine,
        "verb": text.split(' ').next(),
        "action": text,
        "causes": step.causes.iter().map(cause).collect::<Vec<_>>(),
        "after": step.after,
    });
    if let Some(when) = &step.only_if {
        value["only_if"] = only_if(when, &when.to_string());
    }
    value
}
