//! Stacks that ask for too much are refused where they do, before anything is done for each
//! part of them. `cargo test --test stack bounds -- --nocapture` tells how long it took.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use model::bounds::Bounds;
use model::desired::Entry;
use model::diagnostic::Diagnostic;
use reconcile::stack::{Options, load};
use world::Snapshot;

use crate::tree::MemoryTree;

fn loaded(files: &[(&str, &str)], bounds: Bounds) -> Vec<Diagnostic> {
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.file(path, text, false);
    }
    let options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: "local".into(),
        bounds,
        masker: model::secret::Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    let snapshot = Snapshot {
        source: "test".into(),
        revision: "r1".into(),
        start: String::new(),
        tree: Arc::new(tree),
    };
    let desired = load(&snapshot, &options);
    let entries = desired.deployments.into_values().map(|entry| match entry {
        Entry::Valid(_, found) | Entry::Invalid(found) => found,
    });
    let found = entries.flatten().chain(desired.incomplete);
    found.filter(Diagnostic::is_error).collect()
}

fn refused(files: &[(&str, &str)], bounds: Bounds) -> Vec<(String, String)> {
    let place = |d: &Diagnostic| d.at.as_ref().map(ToString::to_string).unwrap_or_default();
    let found = loaded(files, bounds);
    let all_limits = found.iter().all(|d| d.code.is_some_and(|code| code.0 == "E0108"));
    assert!(
        all_limits || found.iter().any(|d| d.code.is_some_and(|c| c.0 == "E0510")),
        "{found:?}"
    );
    let limits = found.into_iter().filter(|d| d.code.is_some_and(|code| code.0 == "E0108"));
    limits.map(|d| (place(&d), d.message)).collect()
}

fn services(count: u32) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  s{number}: {{ image: x }}");
    }
    text
}

#[test]
fn services_are_counted_before_they_are_looked_at() {
    let many = services(20_000);
    let want = "`services`: 20000 services are too many for one stack: at most 5000";
    let found = refused(&[("shop/compose.yaml", &many)], Bounds::default());
    assert_eq!(found, [("shop/compose.yaml:1:1".to_owned(), want.to_owned())]);
    let legacy = services(6).replace("services:\n", "").replace("  s", "s");
    let few = Bounds { services: 5, ..Bounds::default() };
    let found = refused(&[("shop/fig.yml", &legacy)], few);
    assert_eq!(found.len(), 1, "{found:?}");
    let more = Bounds { services: 6, ..Bounds::default() };
    assert_eq!(refused(&[("shop/compose.yaml", &services(6))], more), []);
    let second = services(4).replace("  s", "  t");
    let both = [("shop/compose.yaml", &*services(3)), ("shop/compose.override.yaml", &*second)];
    assert_eq!(refused(&both, more).len(), 1, "files that are merged count together");
}

#[test]
fn replicas_are_counted_where_they_are_written() {
    let one = "services:\n  web:\n    image: x\n    scale: 1000000\n";
    let want = "`services.web`: 1000000 replicas are too many for one service: at most 1000";
    let found = refused(&[("shop/compose.yaml", one)], Bounds::default());
    assert_eq!(found, [("shop/compose.yaml:4:5".to_owned(), want.to_owned())]);
    let list = "deployments:\n  a: { stack: shop, scale: { web: 4000000000 } }\n";
    let stack = "services: { web: { image: x } }\n";
    let files = [("deployments.yaml", list), ("shop/compose.yaml", stack)];
    let found = refused(&files, Bounds::default());
    assert_eq!(found[0].0, "deployments.yaml:2:30");
    let three = "services:\n  a: { image: x, scale: 3 }\n  b: { image: x, scale: 3 }\n";
    let few = Bounds { containers: 5, ..Bounds::default() };
    let found = refused(&[("shop/compose.yaml", three)], few);
    let want = "`services.b`: 3 replicas are too many with those before: at most 5";
    assert_eq!(found, [("shop/compose.yaml:3:18".to_owned(), want.to_owned())]);
    let raised = Bounds { replicas: 2_000, ..Bounds::default() };
    let stack = "services: { web: { image: x, scale: 1500 } }\n";
    assert_eq!(refused(&[("shop/compose.yaml", stack)], raised), []);
}

#[test]
fn nesting_and_values_are_counted_before_anything_is_kept() {
    let deep = |text: String| refused(&[("shop/compose.yaml", &text)], Bounds::default());
    let at = |found: &[(String, String)]| found.first().cloned().unwrap_or_default();
    let levels = "nested more than 100 levels deep";
    // The place is where the reader, which looks ahead on the line, has had enough.
    let first = at(&deep("[".repeat(1 << 20)));
    assert!(first.0.starts_with("shop/compose.yaml:1:") && first.1 == levels, "{first:?}");
    let first = at(&deep("- ".repeat(1 << 19)));
    assert!(first.0.starts_with("shop/compose.yaml:1:") && first.1 == levels, "{first:?}");
    assert_eq!(at(&deep("[\n".repeat(1 << 19))).1, levels);
    let wide = format!("x-a: [{}]\n", "[],".repeat(300_000));
    assert_eq!(at(&deep(wide)).1, "more than 200000 values in one file");
}
