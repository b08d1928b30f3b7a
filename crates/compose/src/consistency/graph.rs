//! Services that depend on each other in a circle, each circle shown as a path.

use std::collections::BTreeMap;

use crate::codes::CYCLE;
use crate::nodes::entries;
use crate::path::Path;
use crate::schema::refuse;
use text::report::Reporter;
use text::yaml::{Entry, Span};

/// A service on the way, and its dependencies that are still to be followed.
struct Stop<'p> {
    name: &'p str,
    left: Vec<(&'p str, Span)>,
}

/// Reports them.
pub(super) fn cycles(services: &[Entry], report: &Reporter) {
    let known: BTreeMap<&str, &Entry> =
        services.iter().map(|entry| (entry.key.as_str(), entry)).collect();
    let stop = |name: &str| -> Option<Stop<'_>> {
        let entry = *known.get(name)?;
        let mut left: Vec<_> = entry
            .value
            .get("depends_on")
            .map(|found| entries(&found.value))
            .unwrap_or_default()
            .iter()
            .map(|dependency| (dependency.key.as_str(), dependency.at))
            .collect();
        left.sort_by(|a, b| b.0.cmp(a.0));
        Some(Stop { name: &entry.key, left })
    };
    // Where a service stands on the way; `None` when everything behind it was followed.
    let mut seen: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for name in known.keys() {
        if seen.contains_key(name) {
            continue;
        }
        let mut way: Vec<Stop<'_>> = stop(name).into_iter().collect();
        seen.insert(name, Some(0));
        while let Some(last) = way.last_mut() {
            let Some((next, at)) = last.left.pop() else {
                seen.insert(last.name, None);
                way.pop();
                continue;
            };
            match seen.get(next) {
                Some(Some(from)) => {
                    let names = way[*from..].iter().map(|stop| stop.name).chain([next]);
                    let names: Vec<_> = names.collect();
                    let what = format!("services depend in a circle: {}", names.join(" -> "));
                    let path = Path::Root.key("services");
                    let path = path.key(way.last().map_or(next, |stop| stop.name));
                    let path = path.key("depends_on");
                    let help = Some("take one of these dependencies out".to_owned());
                    refuse(report, CYCLE, path.key(next), at, &what, help);
                }
                Some(None) => {}
                None => {
                    if let Some(stop) = stop(next) {
                        seen.insert(stop.name, Some(way.len()));
                        way.push(stop);
                    }
                }
            }
        }
    }
}
