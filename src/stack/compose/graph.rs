//! Cycles among dependencies, shown as a path.

use std::collections::BTreeMap;

use super::service::Draft;
use crate::stack::report::Reporter;
use crate::stack::yaml::Span;

/// Reports every cycle once, at the dependency that closes it.
pub(super) fn check_cycles(drafts: &[Draft<'_>], report: &Reporter) {
    let edges: BTreeMap<&str, Vec<(&str, Span)>> = drafts
        .iter()
        .map(|draft| {
            let targets = draft.depends_on.iter().map(|(name, (_, at))| (name.as_str(), *at));
            (draft.name, targets.collect())
        })
        .collect();
    let mut done: Vec<&str> = Vec::new();
    for start in edges.keys() {
        walk(start, &edges, &mut Vec::new(), &mut done, report);
    }
}

/// Depth first; `path` holds the services on the way here with the place of the
/// dependency that leads on. The depth is bounded by the file's size.
fn walk<'a>(
    name: &'a str,
    edges: &BTreeMap<&'a str, Vec<(&'a str, Span)>>,
    path: &mut Vec<(&'a str, Span)>,
    done: &mut Vec<&'a str>,
    report: &Reporter,
) {
    if done.contains(&name) {
        return;
    }
    for (next, at) in edges.get(name).into_iter().flatten() {
        path.push((name, *at));
        match path.iter().position(|(before, _)| before == next) {
            Some(first) => report_cycle(&path[first..], report),
            None => walk(next, edges, path, done, report),
        }
        path.pop();
    }
    done.push(name);
}

fn report_cycle(path: &[(&str, Span)], report: &Reporter) {
    let Some((first, _)) = path.first() else { return };
    let Some((_, closing)) = path.last() else { return };
    let names: Vec<&str> = path.iter().map(|(name, _)| *name).chain([*first]).collect();
    let places: Vec<String> =
        path.iter().map(|(name, at)| format!("`{name}` at {}", report.loc(*at))).collect();
    report.error_help(
        *closing,
        format!("services depend on each other in a circle: {}", names.join(" -> ")),
        format!("one of these dependencies has to go: {}", places.join(", ")),
    );
}
