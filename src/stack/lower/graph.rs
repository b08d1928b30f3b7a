//! Cycles among dependencies, shown as a path.

use std::collections::{BTreeMap, BTreeSet};

use super::service::Draft;
use crate::text::report::Reporter;
use crate::text::yaml::Span;

/// How many cycles are shown.
const MOST: usize = 10;

/// What a service depends on, and where that is written.
type Edges<'a> = BTreeMap<&'a str, Vec<(&'a str, Span)>>;

/// Reports every cycle once, at the dependency that closes it.
pub(super) fn check_cycles(drafts: &[Draft<'_>], report: &Reporter) {
    let edges: Edges<'_> = drafts
        .iter()
        .map(|draft| {
            let targets = draft.depends_on.iter().map(|(name, (_, at))| (name.as_str(), *at));
            (draft.name, targets.collect())
        })
        .collect();
    let mut done = BTreeSet::new();
    let mut left = MOST;
    for start in edges.keys() {
        walk(start, &edges, &mut done, &mut left, report);
    }
}

/// Depth first, with a stack of its own: a file may hold a very long chain. The path
/// holds the services on the way, each with the number of its next dependency.
fn walk<'a>(
    start: &'a str,
    edges: &Edges<'a>,
    done: &mut BTreeSet<&'a str>,
    left: &mut usize,
    report: &Reporter,
) {
    let mut path: Vec<(&str, usize)> = vec![(start, 0)];
    let mut on_path = BTreeSet::from([start]);
    while let Some((name, next)) = path.last_mut() {
        let targets = edges.get(name).map_or(&[][..], Vec::as_slice);
        let target = if done.contains(name) { None } else { targets.get(*next) };
        let Some((target, _)) = target else {
            done.insert(name);
            on_path.remove(name);
            path.pop();
            continue;
        };
        *next += 1;
        if on_path.insert(target) {
            path.push((target, 0));
            continue;
        }
        if *left == 0 {
            return;
        }
        *left -= 1;
        let first = path.iter().position(|(name, _)| name == target).unwrap_or(0);
        let cycle: Vec<(&str, Span)> = path[first..]
            .iter()
            .filter_map(|(name, next)| Some((*name, edges.get(name)?.get(next - 1)?.1)))
            .collect();
        report_cycle(&cycle, report);
    }
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
