//! What happens to the world of the golden tests beside our back: it changes what is observed.

use std::collections::BTreeMap;

use model::ability::ApiVersion;
use model::catalog::{CatalogView, NodeView};
use model::id::{EngineName, NodeName};
use model::ledger::{
    DeploymentRecord, LedgerChange, LedgerView, PastRollout, Record, RolloutResult,
};
use model::observed::{
    ContainerView, EngineView, Health, HostPort, ObservedState, StartFailure, Status,
};

use model::spec::{Protocol, RestartPolicy};
use model::time::Timestamp;

/// How a rollout ended: with an error, if there are words of one.
fn result(failed: &[&str]) -> RolloutResult {
    match failed {
        [] => RolloutResult::Done,
        error => {
            RolloutResult::Failed { step: "await shop-db-1".to_owned(), error: error.join(" ") }
        }
    }
}

/// A rollout of what was applied, which took so many seconds.
fn past(applied: DeploymentRecord, seconds: &str, result: RolloutResult) -> PastRollout {
    PastRollout {
        source: applied.source,
        revision: applied.revision,
        hash: applied.hash,
        author: None,
        subject: None,
        began: Timestamp(0),
        took_ms: seconds.parse::<u64>().expect("seconds") * 1000,
        attempts: 1,
        result,
        back_from: None,
        by: None,
        changes: Vec::new(),
    }
}

/// Something that happened to a whole part of the world, if it did.
fn befall_part(observed: &mut ObservedState, words: &[&str]) -> bool {
    let engine: EngineName = "local".into();
    match words {
        ["engine", "unseen"] => {
            let error = "connection refused".to_owned();
            observed.engines.insert(engine, EngineView::Unseen { error });
        }
        ["engine", "also", name] => {
            let same = observed.engines[&engine].clone();
            observed.engines.insert((*name).into(), same);
        }
        ["engine", name, "unseen"] => {
            let error = "connection refused".to_owned();
            observed.engines.insert((*name).into(), EngineView::Unseen { error });
        }
        ["ledger", "unseen"] => {
            observed.ledger = LedgerView::unseen("no answer");
        }
        // The last rollout took so many seconds.
        ["ledger", "rollout", id, seconds, failed @ ..] => {
            let (local, id) = ("local".into(), (*id).into());
            let ledger = &mut observed.ledger.ledger;
            let applied = ledger.applied(&local, &id).expect("it was applied").clone();
            let rollout = past(applied, seconds, result(failed));
            let change = LedgerChange::Enter { deployment: id, rollout: Box::new(rollout) };
            ledger.apply(&local, &change);
        }
        // Its first rollout failed, which is all that is remembered.
        ["ledger", "of", id, "unapplied"] => {
            let (local, id) = ("local".into(), (*id).into());
            let ledger = &mut observed.ledger.ledger;
            let record = ledger.record(&local, &id).expect("a record").clone();
            ledger.put(&local, &id, Record { applied: None, ..record });
        }
        ["ledger", "of", id, "unreadable"] => {
            let why = "it is no record".to_owned();
            observed.ledger.unreadable.insert((engine, (*id).into()), why);
        }
        ["catalog", "unseen"] => {
            observed.catalog = CatalogView::Unseen { error: "no leader".to_owned() };
        }
        ["catalog", "service", name, "taken"] => {
            let CatalogView::Seen(catalog) = &mut observed.catalog else { panic!("no catalog") };
            catalog.foreign.insert((*name).to_owned());
        }
        ["catalog", "node", "taken"] => {
            let CatalogView::Seen(catalog) = &mut observed.catalog else { panic!("no catalog") };
            let name = NodeName::of(&"main".into(), &engine);
            let node = NodeView { name, ours: false, entries: BTreeMap::new() };
            catalog.nodes.insert(engine, node);
        }
        _ => return false,
    }
    true
}

/// Something that happened, seen from outside: it only changes what is observed.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn befall(observed: &mut ObservedState, event: &str) {
    let words: Vec<&str> = event.split_whitespace().collect();
    if befall_part(observed, &words) {
        return;
    }
    let engine: EngineName = "local".into();
    let Some(EngineView::Seen(contents)) = observed.engines.get_mut(&engine) else {
        panic!("the engine is unseen: {event}")
    };
    match words.as_slice() {
        ["stranger", name] => {
            contents.others.insert((*name).into(), "5".repeat(64).as_str().into());
        }
        // A foreign container with published ports: `stranger web has 127.0.0.1 8080/tcp …`.
        ["stranger", name, "has", address, ports @ ..] => {
            contents.others.insert((*name).into(), "6".repeat(64).as_str().into());
            let port = |text: &&str| {
                let (number, protocol) = text.split_once('/').expect("a port");
                let protocol = match protocol {
                    "udp" => Protocol::Udp,
                    _ => Protocol::Tcp,
                };
                let address = address.parse().expect("an address");
                HostPort { address, protocol, number: number.parse().expect("a port") }
            };
            let held = contents.foreign_ports.entry((*name).into()).or_default();
            held.extend(ports.iter().map(port));
        }
        ["copy", name, to] => {
            let mut copy = contents.containers[index(contents, name)].clone();
            copy.name = (*to).into();
            copy.id = "c".repeat(64).as_str().into();
            contents.containers.push(copy);
        }
        ["network", name, "gone"] => {
            contents.networks.retain(|view| view.spec.name.as_str() != *name);
        }
        // It was made before what the stack asked for was written down.
        ["network", name, "unrecorded"] => {
            let mut views = contents.networks.iter_mut();
            let found = views.find(|view| view.spec.name.as_str() == *name);
            found.expect("a network").spec.labels.remove("reconciler.asked");
        }
        // Docker-compose 1 made every network so.
        ["network", name, "attachable"] => {
            let mut views = contents.networks.iter_mut();
            let found = views.find(|view| view.spec.name.as_str() == *name);
            found.expect("a network").spec.attachable = true;
        }
        ["network", name, "again"] => {
            let mut views = contents.networks.iter_mut();
            let found = views.find(|view| view.spec.name.as_str() == *name);
            found.expect("a network").id = "e".repeat(64).as_str().into();
        }
        ["twin", network] => {
            let mut views = contents.networks.iter();
            let found = views.find(|view| view.spec.name.as_str() == *network);
            let mut twin = found.expect("a network").clone();
            twin.id = "d".repeat(64).as_str().into();
            contents.networks.push(twin);
        }
        ["image", reference, id] => {
            let image = contents.images.get_mut(&(*reference).into()).expect("an image");
            image.id = (*id).into();
        }
        ["image", reference, "labelled", name, value] => {
            let image = contents.images.get_mut(&(*reference).into()).expect("an image");
            image.labels.insert((*name).to_owned(), (*value).to_owned());
        }
        ["volume", name, "written"] => {
            let mut views = contents.volumes.iter_mut();
            let found = views.find(|view| view.spec.name.as_str() == *name);
            found.expect("a volume").created_at = Some("later".to_owned());
        }
        ["volume", name, "gone"] => {
            contents.volumes.retain(|view| view.spec.name.as_str() != *name);
        }
        ["volume", name, "unlabelled"] => {
            let mut views = contents.volumes.iter_mut();
            let found = views.find(|view| view.spec.name.as_str() == *name);
            found.expect("a volume").spec.labels.clear();
        }
        // It was built to the same files again.
        ["image", reference, "like", container] => {
            let id = contents.containers[index(contents, container)].image_id.to_string();
            let layers = contents.images[&id.as_str().into()].layers.clone();
            contents.images.get_mut(&(*reference).into()).expect("an image").layers = layers;
        }
        ["api", minor] => {
            contents.abilities.api = ApiVersion::one(minor.parse().expect("a number"));
        }
        ["buildkit", "gone"] => contents.abilities.buildkit = false,
        ["own", name] => {
            contents.own = Some(contents.containers[index(contents, name)].id.clone());
        }
        [name, "gone"] => {
            let at = index(contents, name);
            contents.containers.remove(at);
        }
        [name, rest @ ..] => {
            let at = index(contents, name);
            change(&mut contents.containers[at], rest, event);
        }
        [] => {}
    }
}

fn index(contents: &model::observed::EngineContents, name: &str) -> usize {
    let found = contents.containers.iter().position(|view| view.name.as_str() == name);
    let names: Vec<_> = contents.containers.iter().map(|view| view.name.as_str()).collect();
    found.unwrap_or_else(|| panic!("no container {name}, only {names:?}"))
}

fn change(view: &mut ContainerView, words: &[&str], event: &str) {
    match words {
        ["exited", code] => {
            view.state.status = Status::Exited;
            view.state.exit_code = code.parse().expect("a code");
            view.addresses.clear();
        }
        ["attempts", count] => view.state.restarts = count.parse().expect("a number"),
        ["created"] => {
            view.state.status = Status::Created;
            view.state.started_at = None;
        }
        // Its start failed because of leftovers of a killed engine.
        ["refused"] => view.state.start_failure = Some(StartFailure::Other),
        ["stuck"] => view.state.start_failure = Some(StartFailure::Stuck),
        ["paused"] => view.state.status = Status::Paused,
        ["unhealthy"] => view.state.health = Some(Health::Unhealthy),
        ["label", name, value] => {
            view.spec.labels.insert((*name).to_owned(), (*value).to_owned());
        }
        ["named", name] => view.name = (*name).into(),
        ["image", id] => view.image_id = (*id).into(),
        ["env", pair] => {
            let (name, value) = pair.split_once('=').expect("NAME=VALUE");
            view.spec.env.insert(name.to_owned(), value.to_owned());
        }
        ["restarts", "always"] => view.spec.restart = RestartPolicy::Always,
        ["memory", bytes] => view.spec.limits.memory = bytes.parse().expect("bytes"),
        ["disconnected", network] => {
            view.spec.networks.remove(&(*network).into());
        }
        ["restarted"] => {
            let later =
                view.state.started_at.expect("started").plus(std::time::Duration::from_mins(5));
            view.state.started_at = Some(later);
        }
        ["address", address] => {
            let address = address.parse().expect("an address");
            view.addresses.values_mut().for_each(|known| *known = address);
        }
        _ => panic!("unknown event: {event}"),
    }
}
