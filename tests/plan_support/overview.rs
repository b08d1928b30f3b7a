//! What holds of the overview of every golden plan.

use model::action::Action;
use model::overview::{Object, Overview};
use model::plan::Plan;
use model::render::machine;
use serde_json::Value;

use super::validator::refusal;

/// Nothing is left out, and nothing is too wide for a terminal but what is to be copied.
pub(crate) fn agrees(name: &str, plan: &Plan) {
    let text = plan.overview_text("reconciler --once shop");
    if let Some(folder) = std::env::var_os("RECONCILER_OVERVIEWS") {
        let path = std::path::Path::new(&folder).join(name);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, format!("{before}{plan}=====\n{text}\n")).expect("a writable folder");
    }
    let wide = text.lines().find(|line| {
        line.chars().count() > 100
            && !line.trim_start().starts_with("reconciler")
            && line.contains(' ')
    });
    assert_eq!(wide, None, "{name}: a line is too wide");
    let schema = include_str!("../../docs/plan.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let fault = refusal(&schema, &schema, &machine::plan(plan), "");
    assert_eq!(fault, None, "{name}: not as docs/plan.schema.json says");
    let overview = Overview::of(plan);
    for step in &plan.steps {
        let of = overview.deployments.iter();
        let of = of.filter(|of| of.deployment == step.deployment && of.engine == step.engine);
        let [all] = of.collect::<Vec<_>>()[..] else { panic!("{name}: {} is told twice", step.id) };
        let is_told = match &step.action {
            Action::CreateContainer(create) if step.replica.is_some() => {
                let replica = &create.identity.replica;
                replica.slot.0 == 0
                    || all.objects.iter().any(|change| match &change.object {
                        Object::Service { service, slots, .. } => {
                            *service == replica.service && slots.contains(&replica.slot)
                        }
                        _ => false,
                    })
            }
            Action::CreateContainer(_) => false,
            _ => true,
        };
        assert!(is_told, "{name}: nothing is said of {step}");
    }
}
