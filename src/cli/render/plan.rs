//! A plan for people and for programs. The words are the plan's own, so that the command
//! line, the logs and the tests say the same; here they only get colours.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::builder::styling::Style;
use serde::Serialize;
use serde_json::{Value, json};

use model::diagnostic::Diagnostic;
use model::id::DeploymentId;
use model::plan::{Blocked, Plan, Step};
use model::printable::one_line;
use reconcile::control::{Part, Report};

use super::super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};

/// The version of the JSON form; a field that is only added does not change it.
pub(in crate::cli) const SCHEMA_VERSION: u32 = 1;

/// The plan's text, coloured.
pub(in crate::cli) fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for line in plan.to_string().lines() {
        let _ = writeln!(out, "{}", coloured(&one_line(line)));
    }
    out
}

fn coloured(line: &str) -> String {
    let Some(step) = line.strip_prefix("  ") else {
        let style = if line.starts_with("blocked") { WARN } else { STRONG };
        return paint(style, line);
    };
    match step.strip_prefix('#').and_then(|step| step.split_once(' ')) {
        None => paint(FAINT, line),
        Some((number, action)) => {
            let (verb, rest) = action.split_once(' ').unwrap_or((action, ""));
            format!("  {} {} {rest}", paint(FAINT, &format!("#{number}")), paint(style(verb), verb))
        }
    }
}

/// The colour of a step, by its effect.
fn style(verb: &str) -> Style {
    match verb {
        "create" | "start" | "pull" | "build" | "register" | "connect" | "unpause" => GOOD,
        "remove" | "stop" | "deregister" | "disconnect" | "forget" => BAD,
        "await" | "record" | "adopt" => FAINT,
        _ => WARN,
    }
}

/// The plan for programs. What a container is made of is left out on purpose: it holds
/// values that must not print; the causes hold them masked.
pub(in crate::cli) fn json(plan: &Plan, report: &Report) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "source": plan.source,
        "revision": plan.revision,
        "summary": plan.summary(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "blocked": plan.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "adopted": plan.adopted,
        "left_alone": plan.left_alone,
        "forgotten": plan.forgotten,
        "deployments": plan.deployments,
        "unseen": unseen(report),
        "diagnostics": diagnostics_json(&report.diagnostics),
    })
}

/// Something withheld, with what it waits for in words.
pub(in crate::cli) fn blocked(blocked: &Blocked) -> Value {
    json!({
        "deployment": blocked.deployment,
        "subject": blocked.subject,
        "waits": blocked.waiting_on.to_string(),
        "waiting_on": blocked.waiting_on,
        "at": blocked.at,
    })
}

/// A step without the bodies of its calls.
pub(in crate::cli) fn step(step: &Step) -> Value {
    #[derive(Serialize)]
    struct Cause<'a> {
        text: String,
        #[serde(flatten)]
        cause: &'a model::plan::Cause,
    }
    let text = step.action.to_string();
    json!({
        "id": step.id,
        "deployment": step.deployment,
        "engine": step.engine,
        "verb": text.split(' ').next(),
        "action": text,
        "causes": step.causes.iter().map(|cause| Cause { text: cause.to_string(), cause }).collect::<Vec<_>>(),
        "after": step.after,
    })
}

/// What could not be read.
pub(in crate::cli) fn unseen(report: &Report) -> Vec<Value> {
    let part =
        |(part, error): (&Part, &String)| json!({ "part": part.to_string(), "error": error });
    report.unseen.iter().map(part).collect()
}

/// Messages about the user's text, with the deployment that each belongs to.
pub(in crate::cli) fn diagnostics_json(
    diagnostics: &BTreeMap<Option<DeploymentId>, Vec<Diagnostic>>,
) -> Vec<Value> {
    let all = diagnostics.iter().flat_map(|(id, list)| list.iter().map(move |one| (id, one)));
    all.map(|(id, diagnostic)| json!({ "deployment": id, "diagnostic": diagnostic })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_word() {
        for line in [
            "deployment abc on engine local",
            "  #3 remove abc-web-1 after #1 #2 (for #1)",
            "       it does not exist (compose.yaml:4:3)",
            "blocked in abc: create container abc-web-1",
            "Nothing to do: the world is as git says.",
        ] {
            let plain = anstream::adapter::strip_str(&coloured(line)).to_string();
            assert_eq!(plain, line);
            assert_ne!(coloured(line), line);
        }
    }
}
