//! A plan for people and for programs. The words are the plan's own, so that the command
//! line, the logs and the tests say the same; here they only get colours.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::builder::styling::Style;
use serde_json::{Value, json};

use model::diagnostic::Diagnostic;
use model::id::DeploymentId;
use model::plan::Plan;
use model::printable::one_line;
use model::render::machine;
use reconcile::control::{Part, Report};

use super::super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};

/// The plan's text, coloured: the graph of its steps, or the objects that change; `command` is what
/// carries it out. `counted` takes the place of its last line, which counts everything in it.
pub(in crate::cli) fn text(
    plan: &Plan,
    counted: Option<&str>,
    steps: bool,
    command: &str,
) -> String {
    let mut text = if steps { plan.to_string() } else { plan.overview_text(command) };
    if let Some(counted) = counted {
        let all = text.trim_end_matches('\n');
        text.truncate(all.rfind('\n').map_or(0, |at| at + 1));
        text.push_str(counted);
    }
    if steps { lines(&text, coloured) } else { overview(&text) }
}

/// The text of an overview, coloured.
pub(in crate::cli) fn overview(text: &str) -> String {
    lines(text, painted)
}

fn lines(text: &str, coloured: fn(&str) -> String) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = writeln!(out, "{}", coloured(&one_line(line)));
    }
    out
}

/// A line of the overview, coloured by what becomes of the object.
fn painted(line: &str) -> String {
    let Some(object) = line.strip_prefix("  ") else {
        let style = if line == "withheld" { WARN } else { STRONG };
        return paint(style, line);
    };
    let style = match object.chars().next() {
        Some('+' | '↓') => GOOD,
        Some('-') => BAD,
        Some('~' | '≈' | '↻' | '?' | '!') => WARN,
        _ => return paint(FAINT, line),
    };
    let (symbol, rest) = object.split_once(' ').unwrap_or((object, ""));
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    format!("  {} {rest}", paint(style, &format!("{symbol} {word}")))
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

/// The plan for programs, with what could not be read and what is wrong in files.
pub(in crate::cli) fn json(plan: &Plan, report: &Report) -> Value {
    let mut value = machine::plan(plan);
    value["unseen"] = unseen(report).into();
    value["diagnostics"] = diagnostics_json(&report.diagnostics).into();
    value
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
            "No changes: everything is as the source says.",
        ] {
            let plain = anstream::adapter::strip_str(&coloured(line)).to_string();
            assert_eq!(plain, line);
            assert_ne!(coloured(line), line);
        }
    }
}
