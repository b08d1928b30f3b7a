//! What holds of the overview of every golden plan.

use std::collections::BTreeSet;

use model::action::Action;
use model::id::{ServiceName, Slot};
use model::overview::{Object, Overview};
use model::plan::{Plan, Step};
use model::render::machine;
use model::selector::{Named, Selector};
use model::share::Peer;
use model::spec::NetworkSpec;
use serde_json::Value;

use super::validator::refusal;

/// Nothing is left out, and nothing is too wide for a terminal but what is to be copied.
pub(crate) fn agrees(name: &str, plan: &Plan) {
    let text = plan.overview_text("reconciler --once shop");
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
    narrowed(name, plan, &schema);
    let overview = Overview::of(plan);
    for step in &plan.steps {
        let of = overview.deployments.iter();
        let of = of.filter(|of| of.deployment == step.deployment && of.engine == step.engine);
        let [all] = of.collect::<Vec<_>>()[..] else { panic!("{name}: {} is told twice", step.id) };
        let of_replica = |service: &ServiceName, slots: &BTreeSet<Slot>| {
            let replica = step.replica.as_ref();
            replica.is_some_and(|own| own.service == *service && slots.contains(&own.slot))
        };
        let objects = || all.objects.iter().map(|change| &change.object);
        let is_told = match &step.action {
            Action::RemoveContainer { container } if step.replica.is_none() => {
                objects().any(|o| matches!(o, Object::Container { name } if *name == container.name))
            }
            Action::CreateContainer(_)
            | Action::RemoveContainer { .. }
            | Action::RestartContainer { .. }
            | Action::UpdateContainer { .. } => objects().any(|o| {
                matches!(o, Object::Service { service, slots, .. } if of_replica(service, slots))
            }),
            Action::CreateNetwork { network: NetworkSpec { name: own, .. }, .. }
            | Action::RemoveNetwork { name: own, .. } => {
                objects().any(|o| matches!(o, Object::Network { name } if name == own))
            }
            _ => true,
        };
        assert!(is_told, "{name}: nothing is said of {step}");
    }
}

/// The services in whose namespaces a step makes a container.
fn hosts(step: &Step) -> Vec<ServiceName> {
    let Action::CreateContainer(create) = &step.action else { return Vec::new() };
    let peers = create.spec.peers().filter_map(|peer| match peer {
        Peer::Service(name) => Some(name.clone()),
        Peer::Container(_) => None,
    });
    peers.collect()
}

/// Of one replica all its steps are printed, none of others, and all that is withheld of its
/// deployment; of all deployments the whole plan.
fn narrowed(name: &str, plan: &Plan, schema: &Value) {
    let replicas: BTreeSet<_> = plan.steps.iter().filter_map(|step| step.replica.clone()).collect();
    let named: Vec<Named> = replicas
        .iter()
        .map(|replica| Named {
            deployment: replica.deployment.clone(),
            service: replica.service.clone(),
            slot: replica.slot,
            container: "".into(),
        })
        .collect();
    for replica in &replicas {
        let (deployment, service, slot) = (&replica.deployment, &replica.service, replica.slot);
        let selector = Selector::Replica(deployment.clone(), service.clone(), slot);
        let part = plan.narrowed(&[selector], &named);
        let own = |step: &&Step| step.replica.as_ref() == Some(replica);
        let kept = part.steps.iter().filter(own).count();
        assert_eq!(kept, plan.steps.iter().filter(own).count(), "{name}: {replica}");
        // But for those in whose namespaces it is made.
        let hosts: BTreeSet<ServiceName> = plan.steps.iter().flat_map(hosts).collect();
        let is_other = |step: &Step| {
            let other = step.replica.as_ref().filter(|other| *other != replica);
            other.is_some_and(|other| !hosts.contains(&other.service))
        };
        assert!(!part.steps.iter().any(is_other), "{name}: {replica} has steps of others");
        let withheld = |plan: &Plan| {
            plan.blocked.iter().filter(|it| it.deployment.as_ref() == Some(deployment)).count()
        };
        assert_eq!(withheld(&part), withheld(plan), "{name}: {replica}");
        assert_eq!(refusal(schema, schema, &machine::plan(&part), ""), None, "{name}: {replica}");
        let counted = part.counted_of("x", plan);
        assert!(counted.ends_with(&format!("{}\n", plan.summary())), "{name}: {counted}");
    }
    let all = plan.steps.iter().map(|step| &step.deployment).chain(plan.deployments.keys());
    let all: BTreeSet<_> = all.cloned().map(Selector::Deployment).collect();
    let whole = plan.narrowed(&all.into_iter().collect::<Vec<_>>(), &named);
    assert_eq!(whole.steps, plan.steps, "{name}");
}

/// Words of `--only` mean networks and volumes, too, and a host is printed beside its member.
#[test]
fn of_a_member_its_host_is_printed_and_a_network_can_be_named() {
    let mut world = super::world::World::new();
    let stack = |image: &str| {
        format!(
            "services:\n  host: {{ image: '{image}' }}\n  member: {{ image: 'm:1', network_mode: \
             'service:host' }}\n  other: {{ image: 'o:1' }}\nnetworks: {{ default: {{}} }}\n"
        )
    };
    world.file("shop/compose.yaml", &stack("web:1"));
    let network = Selector::resource("network/shop_default", [&"shop_default".into()], []);
    let part = world.plan().narrowed(&[network.expect("it is known")], &[]);
    let text = part.overview_text("reconciler --once shop");
    assert!(text.contains("+ create network shop_default"), "{text}");
    assert!(text.ends_with(", 1 to create.\n"), "{text}");
    world.happens("converge");
    world.file("shop/compose.yaml", &stack("web:2"));
    let named = |service: &str| Named {
        deployment: "shop".into(),
        service: service.into(),
        slot: Slot(1),
        container: "".into(),
    };
    let member = Selector::ServiceOf("shop".into(), "member".into());
    let part = world.plan().narrowed(&[member], &[named("member"), named("host")]);
    let text = part.overview_text("reconciler --once shop");
    assert!(text.contains("~ replace host") && text.contains("~ replace member"), "{text}");
    assert!(!text.contains("other"), "{text}");
}
