//! The published table of grants, row by row: the planner demands just what each example says.

use std::collections::BTreeSet;

use model::grants::table;
use model::plan::WaitingOn;

use super::world::World;

/// What a deployment waits for that consists of these lines.
fn demanded(service: &str, top: &str) -> BTreeSet<String> {
    let service = service.replace('\n', "\n    ");
    let image = if service.contains("build:") { "" } else { "    image: web:1\n" };
    let mut world = World::new();
    world.happens("deny host");
    world.happens("api 51");
    world.file("shop/compose.yaml", &format!("services:\n  web:\n{image}    {service}\n{top}\n"));
    let grants = world.plan().blocked.into_iter().filter_map(|blocked| match blocked.waiting_on {
        WaitingOn::Grant { demand, .. } => Some(demand),
        // Containers and networks of others are not there either.
        WaitingOn::MissingPeer { .. } | WaitingOn::External => None,
        other => panic!("{service}{top} waits for {other:?}"),
    });
    grants.collect()
}

#[test]
fn every_key_demands_what_the_table_says() {
    for row in table() {
        let mut some = false;
        for (service, top, demands) in row.examples {
            let expected = demands.iter().map(|demand| (*demand).to_owned()).collect();
            assert_eq!(demanded(service, top), expected, "{service}\n{top}");
            some |= !demands.is_empty();
        }
        assert!(!row.examples.is_empty() && some == row.grant.is_some(), "{:?}", row.keys());
    }
}

#[test]
fn what_is_invalid_would_be_seen() {
    assert!(std::panic::catch_unwind(|| demanded("nonsense: 1", "")).is_err());
}
