//! Trees of small worlds: what is reported of what leaves, is paused, or is waited for.

use model::plan::{Health, Sync};
use model::selector::Selector;
use model::tree::{Cost, DeploymentNode, Tree};
use reconcile::answer::{Goal, Lack, lacking};

use super::world::World;

/// A world with two services that has converged.
fn world() -> World {
    let mut world = World::new();
    let web = "{ image: 'web:1', environment: { TAG: a }, deploy: { replicas: 2 } }";
    world
        .file("shop/compose.yaml", &format!("services: {{ web: {web}, db: {{ image: db:1 }} }}\n"));
    world.happens("converge");
    world
}

fn the(tree: &Tree) -> &DeploymentNode {
    let [node] = &tree.deployments[..] else { panic!("{:?}", tree.deployments) };
    node
}

/// What a tree lacks, in short.
fn lacks(tree: &Tree, goal: Goal) -> Vec<String> {
    let of = |lack: &Lack<'_>| match lack {
        Lack::Nothing => "nothing".to_owned(),
        Lack::Unknown(node) => format!("unknown {}", node.id),
        Lack::NotSynced(node) => format!("not synced {}", node.id),
        Lack::Unwell(_, _, replica) => format!("unwell {}", replica.name),
        Lack::Young(_, _, replica, _) => format!("young {}", replica.name),
    };
    lacking(tree, goal).iter().map(of).collect()
}

#[test]
fn what_converged_lacks_nothing_with_and_without_a_source() {
    let world = world();
    for with_source in [true, false] {
        let tree = world.answer(with_source);
        let node = the(&tree);
        assert_eq!(node.wanted, with_source.then_some(true));
        assert_eq!(node.sync, if with_source { Sync::Synced } else { Sync::Unknown });
        let services = node.services.as_ref().unwrap();
        let counts: Vec<_> =
            services.iter().map(|s| (s.name.as_str(), s.wanted, s.running, s.healthy)).collect();
        let (one, two) = (Some(1), Some(2));
        assert_eq!(counts, [("db", one, one, one), ("web", two, two, two)]);
        assert_eq!(lacks(&tree, Goal::Healthy), [""; 0]);
        assert_eq!(lacks(&tree, Goal::Synced).is_empty(), with_source);
    }
}

#[test]
fn a_missing_replica_is_known_by_the_ledger_alone() {
    let mut world = world();
    world.happens("shop-web-2 gone");
    let tree = world.answer(false);
    assert_eq!(the(&tree).health, Health::Missing);
    assert_eq!(lacks(&tree, Goal::Healthy), ["unwell shop-web-2"]);
    world.happens("ledger unseen");
    // Nothing says that there were two.
    let tree = world.answer(false);
    assert_eq!(lacks(&tree, Goal::Healthy), [""; 0]);
    assert_eq!(the(&tree).services.as_ref().unwrap()[1].wanted, None);
    assert!(the(&tree).unseen.is_some(), "the ledger was not seen");
}

#[test]
fn a_container_whose_start_failed_does_not_work() {
    let mut world = world();
    world.happens("shop-web-1 created");
    assert_eq!(the(&world.answer(true)).health, Health::Progressing, "it may be started now");
    world.happens("shop-web-1 refused");
    assert_eq!(the(&world.answer(true)).health, Health::Degraded);
    assert_eq!(the(&world.answer(false)).health, Health::Degraded);
}

#[test]
fn a_paused_deployment_shows_in_what_it_differs() {
    let mut world = world();
    world.happens("shop-web-1 env TAG=b");
    world.file("deployments.yaml", "deployments: { shop: { stack: shop, sync: paused } }\n");
    let tree = world.answer(true);
    let node = the(&tree);
    assert_eq!((node.sync, node.health), (Sync::Unknown, Health::Suspended));
    let web = &node.services.as_ref().unwrap()[1];
    let [first, second] = &web.replicas.as_ref().unwrap()[..] else { panic!("{web:?}") };
    let [drift] = &first.drift.as_ref().unwrap()[..] else { panic!("{first:?}") };
    assert_eq!((drift.difference.field.as_str(), drift.cost), ("environment.TAG", Cost::Replace));
    assert_eq!(first.next, None, "nothing is done for it");
    assert_eq!(second.drift, Some(Vec::new()));
}

#[test]
fn what_the_source_has_no_more_is_not_wanted() {
    let mut world = world();
    world.file("shop/compose.yaml", "");
    world.file("other/compose.yaml", "services: { x: { image: web:1 } }\n");
    let tree = world.answer(true);
    let [other, shop] = &tree.deployments[..] else { panic!("{tree:?}") };
    assert_eq!((shop.wanted, shop.sync), (Some(false), Sync::OutOfSync));
    assert_eq!(shop.health, Health::Healthy);
    assert_eq!((other.wanted, other.health), (Some(true), Health::Missing));
    assert!(shop.networks.as_ref().unwrap().iter().any(|n| n.name.as_str() == "shop_default"));
}

#[test]
fn a_service_scaled_away_is_not_missing() {
    let mut world = world();
    world.file(
        "shop/compose.yaml",
        "services: { web: { image: 'web:1', environment: { TAG: a } } }\n",
    );
    let tree = world.answer(true);
    let [db, web] = &the(&tree).services.as_ref().unwrap()[..] else { panic!("{tree:?}") };
    assert_eq!((db.wanted, db.running), (Some(0), Some(0)));
    let wanted: Vec<_> = web.replicas.iter().flatten().map(|replica| replica.wanted).collect();
    assert_eq!(wanted, [Some(true), Some(false)]);
    assert_eq!((web.wanted, web.running), (Some(1), Some(1)));
}

#[test]
fn an_engine_that_was_not_seen_is_not_empty() {
    let mut world = world();
    world.happens("engine unseen");
    let tree = world.answer(true);
    let node = the(&tree);
    assert_eq!((node.sync, node.health), (Sync::Unknown, Health::Unknown));
    let services = node.services.as_ref().unwrap();
    assert!(services.iter().all(|service| service.replicas.is_none() && service.running.is_none()));
    assert_eq!(lacks(&tree, Goal::Healthy), ["unknown shop"]);
    assert_eq!(tree.unseen.len(), 1);
}

#[test]
fn only_what_is_meant_stays() {
    let tree = world().answer(true);
    let left = |word: &str| {
        let selectors: Vec<Selector> = tree.resolve(&[word.to_owned()]).unwrap();
        let tree = tree.clone().only(&selectors);
        let services = tree.deployments.iter().flat_map(|node| node.services.iter().flatten());
        let names = services.flat_map(|s| s.replicas.iter().flatten()).map(|r| r.name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(left("shop"), ["shop-db-1", "shop-web-1", "shop-web-2"]);
    assert_eq!(left("web"), ["shop-web-1", "shop-web-2"]);
    assert_eq!(left("shop/web/2"), ["shop-web-2"]);
    assert_eq!(left("shop-db-1"), ["shop-db-1"]);
    assert!(tree.resolve(&["shop/nope".to_owned()]).is_err());
}

#[test]
fn a_copy_of_our_labels_is_no_replica() {
    let mut world = world();
    world.happens("copy shop-web-1 intruder");
    let tree = world.answer(false);
    let node = the(&tree);
    let containers = node.services.iter().flatten().flat_map(|s| s.replicas.iter().flatten());
    assert!(containers.into_iter().all(|replica| replica.name.as_str() != "intruder"));
}

#[test]
fn what_another_source_applied_is_not_of_the_source() {
    let mut world = world();
    world.file("shop/compose.yaml", "");
    world.file("other/compose.yaml", "services: { x: { image: web:1 } }\n");
    // It left the source, which is still to remove it.
    let left = world.answer(true).of_source();
    assert_eq!(lacks(&left, Goal::Synced), ["not synced other", "not synced shop"]);
    world.happens("source git:other");
    let all = world.answer(true);
    assert_eq!(lacks(&all, Goal::Synced), ["not synced other", "not synced shop"]);
    let its = all.of_source();
    assert_eq!(the(&its).id.as_str(), "other");
    assert_eq!(lacks(&its, Goal::Synced), ["not synced other"]);
    assert_eq!(world.answer(false).of_source().deployments.len(), 1, "no source was read");
}

#[test]
fn an_entry_is_of_the_container_that_has_its_address() {
    let mut world = world();
    world.happens("consul");
    world.happens("converge");
    // An update that got no further than the successor of the first replica.
    world.file(
        "shop/compose.yaml",
        "services: { web: { image: 'web:1', environment: { TAG: b } }, db: { image: db:1 } }\n",
    );
    world.happens("apply first 2");
    let tree = world.answer(true);
    let web = &the(&tree).services.as_ref().unwrap()[1];
    let first = web.replicas.iter().flatten().filter(|replica| replica.slot.0 == 1);
    let entries = first.map(|replica| {
        let entries = replica.container.as_ref().unwrap().entries.as_ref().unwrap();
        (replica.name.as_str(), entries.len())
    });
    let [(old, its), (new, none)] = entries.collect::<Vec<_>>()[..] else { panic!("{web:?}") };
    assert_eq!((old, none), ("shop-web-1", 0), "{new}");
    assert!(its > 0, "{web:?}");
}

/// What runs works, and what was to take its place does not: both is said.
#[test]
fn a_rollout_that_failed_is_said_beside_the_health_of_what_serves() {
    let mut world = world();
    assert_eq!(the(&world.answer(true)).last_rollout, None);
    world.happens("ledger rollout shop 7 ended with 3");
    for with_source in [true, false] {
        let tree = world.answer(with_source);
        let node = the(&tree);
        assert_eq!(node.health, Health::Healthy);
        let last = node.last_rollout.as_ref().expect("it is remembered");
        let json = serde_json::to_value(last).expect("plain data");
        assert_eq!(json["result"]["kind"], "failed", "{json}");
        assert_eq!(json["result"]["error"], "ended with 3", "{json}");
        assert_eq!(json["ended"], "1970-01-01T00:00:07Z", "{json}");
    }
}

#[test]
fn a_deployment_of_which_nothing_is_wanted_is_empty_and_not_healthy() {
    let mut world = World::new();
    world.file("shop/compose.yaml", "services: { web: { image: 'web:1', scale: 0 } }\n");
    world.happens("converge");
    for with_source in [true, false] {
        let tree = world.answer(with_source);
        assert_eq!(the(&tree).health, Health::Empty, "{tree:#?}");
        assert_eq!(lacks(&tree, Goal::Healthy), [""; 0]);
    }
    assert_eq!(world.plan().deployments.values().next().map(|s| s.health), Some(Health::Empty));
    let more = "services: { web: { image: 'web:1', scale: 0 }, db: { image: 'db:1' } }\n";
    world.file("shop/compose.yaml", more);
    assert_eq!(the(&world.answer(true)).health, Health::Missing);
    world.happens("converge");
    assert_eq!(the(&world.answer(true)).health, Health::Healthy);
}

#[test]
fn a_stack_that_is_not_valid_is_one_row_where_its_network_is() {
    let mut world = world();
    for name in ["shop-web-1", "shop-web-2", "shop-db-1"] {
        world.happens(&format!("{name} gone"));
    }
    world.happens("ledger lost");
    world.happens("source other");
    world.file("shop/compose.yaml", "services: { web: { imag: web:1 } }\n");
    let tree = world.answer(true);
    let node = the(&tree);
    assert_eq!(node.engine.as_ref().map(ToString::to_string).as_deref(), Some("local"));
    // None in sight is not that none is wanted.
    assert_eq!((node.health, node.services.is_none()), (Health::Unknown, true));
    assert_ne!(node.source, tree.source, "it belongs to the source of its network");
    assert!(node.invalid.is_some());
}
