//! What holds of the comparison behind every golden plan: its sides differ in exactly the fields
//! that the plan names.

use std::collections::{BTreeMap, BTreeSet};

use model::action::Action;
use model::comparison::{Compared, Comparison};
use model::id::{DeploymentId, ReplicaId};
use model::normal_form::NormalForm;
use model::plan::{Plan, Reason, Step};

use crate::world::World;

/// Keys of the top level by what they are of: a replica, or a network by its name.
type Keys = BTreeMap<(DeploymentId, String), BTreeSet<String>>;

/// Panics if they differ in more or in less.
pub(crate) fn agrees(name: &str, world: &World, plan: &Plan) {
    let all = world.diff();
    assert_eq!(all, world.diff(), "{name}: not deterministic");
    let (by_plan, by_diff) = (of_plan(plan), of_diff(name, &Comparison::joined(all)));
    let overview = plan.overview_text("reconciler --once shop");
    let shows = overview.lines().find_map(|line| line.split_once("reconciler diff shop --only "));
    let shows = shows.into_iter().flat_map(|(_, ids)| ids.split(','));
    for id in shows.collect::<Vec<_>>() {
        let known = world.diff().iter().any(|one| one.deployment.as_str() == id);
        assert!(known, "{name}: `diff` knows nothing of {id}:\n{overview}");
    }
    let rendered = |keys: &Keys| format!("{keys:#?}\n{plan}");
    for (object, keys) in &by_plan {
        let differing = by_diff.get(object);
        assert_eq!(differing, Some(keys), "{name}: {object:?}: {}", rendered(&by_diff));
    }
    let is_withheld = |deployment: &DeploymentId| {
        plan.blocked.iter().any(|blocked| {
            blocked.deployment.as_ref().is_none_or(|id| id == deployment)
                && !blocked.waiting_on.is_notice()
        }) || plan
            .deployments
            .get(deployment)
            .is_none_or(|state| state.health == model::plan::Health::Suspended)
    };
    for ((deployment, object), keys) in &by_diff {
        let known = by_plan.contains_key(&(deployment.clone(), object.clone()));
        assert!(
            known || is_withheld(deployment),
            "{name}: {object} differs in {keys:?}, of which the plan says nothing: {}",
            rendered(&by_plan)
        );
    }
}

/// The keys that the plan says are not what git wants.
fn of_plan(plan: &Plan) -> Keys {
    let mut all = Keys::new();
    // What an image would change differs only once it came.
    let depends = |step: &&Step| step.only_if.as_ref().is_some_and(|on| !on.another.is_empty());
    for step in plan.steps.iter().filter(|step| !depends(step)) {
        let Some(object) = object(step) else { continue };
        for cause in &step.causes {
            let Reason::Changed(difference) = &cause.reason else { continue };
            let head = difference.field.split('.').next().unwrap_or_default();
            all.entry((step.deployment.clone(), object.clone())).or_default().insert(head.into());
        }
    }
    all
}

/// What a step changes, if its differences are those of an object.
fn object(step: &Step) -> Option<String> {
    match &step.action {
        Action::CreateNetwork { network, .. } => Some(network.name.to_string()),
        Action::RemoveNetwork { name, .. } => Some(name.to_string()),
        Action::Register { .. } => None,
        _ => step.replica.as_ref().map(ReplicaId::to_string),
    }
}

/// The keys in which the sides differ, as a reader of both sees it.
fn of_diff(name: &str, all: &[Comparison]) -> Keys {
    let mut keys = Keys::new();
    for one in all {
        let (Some(live), Some(desired)) = (&one.live, &one.desired) else { continue };
        let differing = differing(&live.form, &desired.form);
        let heads: BTreeSet<String> = one.fields().iter().map(|path| head(path)).collect();
        assert_eq!(differing, heads, "{name}: what is printed differs otherwise");
        assert_eq!(one.differs(), !heads.is_empty());
        if heads.is_empty() {
            continue;
        }
        let objects = match &one.object {
            Compared::Network { name } => vec![name.to_string()],
            Compared::Volume { name } => vec![name.to_string()],
            Compared::Service { service, slots } => slots
                .iter()
                .map(|slot| {
                    let (deployment, service) = (one.deployment.clone(), service.clone());
                    ReplicaId { deployment, service, slot: *slot }.to_string()
                })
                .collect(),
        };
        for object in objects {
            keys.entry((one.deployment.clone(), object)).or_default().extend(heads.clone());
        }
    }
    keys
}

/// The keys of the top level whose values are not the same.
fn differing(one: &NormalForm, other: &NormalForm) -> BTreeSet<String> {
    let [one, other] = [one, other].map(|form| {
        let yaml = form.to_yaml();
        let parsed: BTreeMap<String, serde_yaml::Value> =
            serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error} in\n{yaml}"));
        parsed
    });
    let keys = one.keys().chain(other.keys()).collect::<BTreeSet<_>>();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

fn head(path: &str) -> String {
    path.split('.').next().unwrap_or_default().to_owned()
}

/// The comparison of the replicas of a service.
fn of_service(world: &World, name: &str) -> Vec<Comparison> {
    let all = Comparison::joined(world.diff());
    let of = |one: &Comparison| matches!(&one.object, Compared::Service { service, .. } if service.as_str() == name);
    all.into_iter().filter(of).collect()
}

const STACK: &str = "
name: shop
services:
  web:
    image: web:1
    command: [serve, --quick]
    deploy: { replicas: 3 }
    environment: { TAG: '1.7', DB_PASSWORD: hunter2 }
  db:
    image: db:1
    command: [serve, --slow]
    environment: { MODE: plain, DB_PASSWORD: hunter2 }
    volumes: ['/srv/visible:/data']
";

fn converged() -> World {
    let mut world = World::new();
    world.file("shop/compose.yaml", STACK);
    world.happens("converge");
    world
}

#[test]
fn what_is_as_git_says_does_not_differ() {
    let world = converged();
    let all = world.diff();
    assert!(all.iter().all(|one| !one.differs()), "{all:#?}");
    assert!(all.len() >= 5, "three of web, one of db, a network");
}

#[test]
fn replicas_that_are_equal_among_each_other_are_one_comparison() {
    let mut world = converged();
    world.file("shop/compose.yaml", &STACK.replace("1.7", "1.8"));
    let all = of_service(&world, "web");
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(one.fields(), ["environment.TAG"]);
    assert_eq!(one.live.as_ref().map(|live| live.containers.len()), Some(3));
    assert!(of_service(&world, "db").iter().all(|one| !one.differs()));
}

#[test]
fn what_is_missing_is_there_as_a_whole_and_shows_no_secret() {
    let mut world = World::new();
    world.file("shop/compose.yaml", STACK);
    let all = of_service(&world, "web");
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert!(one.live.is_none() && one.differs());
    let yaml = one.desired.as_ref().map(|wanted| wanted.form.to_yaml()).expect("wanted");
    assert!(yaml.contains("TAG: 1.7") && yaml.contains("- serve"), "{yaml}");
    assert!(yaml.contains("DB_PASSWORD: (masked ") && !yaml.contains("hunter2"), "{yaml}");
}

/// What of a service is there that the stack has no more.
fn left(world: &mut World) -> String {
    let (without_db, _) = STACK.split_once("  db:").expect("db is last");
    world.file("shop/compose.yaml", without_db);
    let all = of_service(world, "db");
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert!(one.desired.is_none() && one.differs());
    one.live.as_ref().map(|live| live.form.to_yaml()).expect("live")
}

/// The container says which of its values are sensitive.
#[test]
fn of_a_service_that_is_gone_only_secrets_are_masked() {
    let yaml = left(&mut converged());
    for value in
        ["image: db:1", "- shop_default", "MODE: plain", "--slow", "/data: ", "/srv/visible"]
    {
        assert!(yaml.contains(value), "{value} is not rendered:\n{yaml}");
    }
    assert!(yaml.contains("DB_PASSWORD: (masked ") && !yaml.contains("hunter2"), "{yaml}");
}

/// Nothing says where a value came from that an earlier version put there.
#[test]
fn of_a_service_that_an_earlier_version_made_no_value_is_shown() {
    let mut world = converged();
    world.happens("shop-db-1 label reconciler.masked DB_PASSWORD");
    let yaml = left(&mut world);
    assert!(yaml.contains("image: db:1") && yaml.contains("- shop_default"), "{yaml}");
    assert!(yaml.contains("MODE: (masked "), "{yaml}");
    for value in ["plain", "hunter2", "--slow", "/srv/visible", "/data"] {
        assert!(!yaml.contains(value), "{value} is rendered:\n{yaml}");
    }
}

#[test]
fn of_a_deployment_that_is_gone_no_secret_is_shown() {
    let mut world = converged();
    world.file("shop/compose.yaml", "");
    let all = Comparison::joined(world.diff());
    assert_eq!(all.len(), 3, "{all:#?}");
    for one in &all {
        let yaml = one.live.as_ref().map(|live| live.form.to_yaml()).expect("live");
        assert!(one.desired.is_none());
        assert!(!yaml.contains("hunter2"), "{yaml}");
    }
}

/// All that is printed of a world.
fn printed(world: &World) -> String {
    let plan = world.plan();
    let overview = plan.overview_text("reconciler --once shop");
    let json = model::render::machine::plan(&plan);
    format!("{:#?}\n{plan}\n{overview}\n{json}", world.diff())
}

#[test]
fn what_the_operator_passes_is_masked_also_where_its_field_left_the_stack() {
    let mut world = World::new();
    let secret = "
services:
  web:
    image: web:1
    command: [serve, '${OPERATOR_SECRET}']
    labels: { note: 'is ${OPERATOR_SECRET}' }
    logging: { driver: json-file, options: { tag: '${OPERATOR_SECRET}' } }
    volumes: ['/srv/${OPERATOR_SECRET}:/data']
";
    world.file("shop/compose.yaml", secret);
    let text = printed(&world);
    assert!(
        text.contains("takes of the host: bind=(masked ") && !text.contains("hunter2"),
        "{text}"
    );
    world.happens("converge");
    world.file("shop/compose.yaml", "services: { web: { image: 'web:1' } }\n");
    let text = printed(&world);
    assert!(text.contains("labels.note: \"(masked ") && !text.contains("hunter2"), "{text}");
    world.file("shop/compose.yaml", secret);
    world.happens("deny host");
    let text = printed(&world);
    assert!(text.contains("grants `bind=(masked ") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_password_of_a_command_or_a_connection_is_masked_as_in_what_adopt_writes() {
    let stack = |password: &str| {
        format!(
            "services:\n  web:\n    image: web:1\n    command: [serve, '--password={password}', \
             --quick]\n    environment: {{ URL: 'jdbc:x://db/y?user=u&password={password}', CONF: \
             '{{\"password\": \"{password}\"}}', DB: 'Server=db;Pwd={password}' }}\n"
        )
    };
    let mut world = World::new();
    world.file("shop/compose.yaml", &stack("c4nary-1"));
    world.happens("converge");
    world.file("shop/compose.yaml", &stack("c4nary-2"));
    let text = printed(&world);
    assert!(!text.contains("c4nary"), "{text}");
    let plan = world.plan().overview_text("reconciler --once shop");
    assert!(plan.contains("command: serve '--password=(masked "), "{plan}");
    for field in ["environment.URL", "environment.CONF", "environment.DB"] {
        assert!(plan.contains(&format!("{field}: ")), "{field}: {plan}");
    }
}

#[test]
fn names_in_sets_come_and_go_and_commands_are_lines_of_a_shell() {
    let mut world = World::new();
    let stack = |more: &str| format!("services: {{ web: {{ image: 'web:1', {more} }} }}\n");
    world.file("shop/compose.yaml", &stack("cap_add: [SYS_TIME], command: [serve, 'a b']"));
    world.happens("converge");
    world.file("shop/compose.yaml", &stack("cap_add: [NET_ADMIN], command: [serve, 'a c']"));
    let plan = world.plan().overview_text("reconciler --once shop");
    for line in [
        "cap_add: + NET_ADMIN, changed in the source",
        "cap_add: - SYS_TIME, changed in the source",
        "command: serve 'a b' -> serve 'a c', changed in the source",
    ] {
        assert!(plan.contains(line), "{line} is not in\n{plan}");
    }
}

/// What may not be changed now is compared all the same.
#[test]
fn a_paused_deployment_is_compared() {
    let mut world = converged();
    world.file("shop/compose.yaml", &STACK.replace("1.7", "1.8"));
    let list = "deployments:\n  shop: { stack: shop/compose.yaml, sync: paused }\n";
    world.file("deployments.yaml", list);
    assert!(world.plan().is_empty());
    let all = of_service(&world, "web");
    assert_eq!(all[0].fields(), ["environment.TAG"], "{all:#?}");
}
