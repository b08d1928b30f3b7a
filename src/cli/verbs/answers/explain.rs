//! `explain OBJECT`: whose a container, a service, a network or a volume is, what asks for it, and
//! what a change of it costs.

use model::observed::{EngineContents, EngineView, ObservedState};
use model::printable::one_line;
use model::render::machine::SCHEMA_VERSION;
use model::selector::Selector;
use model::tree::{DeploymentNode, ServiceNode, Tree};
use serde_json::{Value, json};

use super::{Asked, Seen, lens};
use crate::cli::console::Format;
use crate::cli::exit::Exit;
use crate::cli::follow_up;
use crate::cli::render::answers::object::{self, Foreign, Object, fields_of};
use crate::cli::render::answers::tables::Row;
use crate::cli::setup::Refusal;
use crate::cli::verbs::real::block_on;

/// So much of an id names a container.
const ID: usize = 12;

/// Explains what a word means.
pub(in crate::cli) fn explain(asked: Asked<'_>, word: &str) -> Result<Exit, Refusal> {
    block_on(async {
        let lens = lens(asked).await?;
        let seen = lens.look().await;
        seen.note_source(asked.console);
        let objects = found(&seen, word)?;
        if asked.console.format == Format::Json {
            let all: Vec<Value> = objects.iter().map(value).collect();
            asked.console.json(&json!({ "schema_version": SCHEMA_VERSION, "objects": all }));
        } else {
            asked.console.prose(&object::text(
                &objects,
                seen.tree(),
                lens.settings.installation.as_str(),
            ));
        }
        Ok(seen.exit)
    })?
}

/// Everything that a word means.
fn found<'s>(seen: &'s Seen, word: &str) -> Result<Vec<Object<'s>>, Refusal> {
    let tree = seen.tree();
    let mut all = named(tree, word);
    for node in &tree.deployments {
        let is = |kind: &str, name: &str| name == word || format!("{kind}/{name}") == word;
        let networks = node.networks.iter().flatten();
        let networks = networks.filter(|one| is("network", one.name.as_str()));
        all.extend(networks.map(|one| Object::Network(node, one)));
        let volumes = node.volumes.iter().flatten();
        let volumes = volumes.filter(|one| is("volume", one.name.as_str()));
        all.extend(volumes.map(|one| Object::Volume(node, one)));
    }
    let observed = &seen.looked.observed;
    if all.is_empty() {
        all.extend(foreign(observed, word).map(Object::Foreign));
    } else {
        // What a person sees in `docker ps` may be what is meant.
        let others = containers_of_others(observed, word);
        all.extend(others.map(Object::Foreign));
    }
    if let Some(refusal) = not_seen(tree, word).filter(|_| all.is_empty()) {
        return Err(refusal);
    }
    if all.is_empty() {
        let mut refusal = seen.unknown(&model::selector::NothingNamed { word: word.to_owned() });
        if let Some(message) = refusal.messages.last_mut() {
            message.message = format!(
                "there is no container, service, network or volume `{word}`, and no such code"
            );
        }
        return Err(refusal);
    }
    Ok(all)
}

/// That nothing is known of a word because an engine did not answer.
fn not_seen(tree: &Tree, word: &str) -> Option<Refusal> {
    let engines = tree.unseen.iter().filter(|unseen| unseen.engine.is_some());
    let parts: Vec<&str> = engines.map(|unseen| unseen.part.as_str()).collect();
    let did = if parts.len() == 1 { "it" } else { "they" };
    let message = format!("{} did not answer: nothing is known of `{word}`", parts.join(" and "));
    let doctor = follow_up::command("doctor", &[]);
    let help = format!("`{doctor}` says why {did} did not, and what helps");
    let refusal = Refusal::usage(one_line(&message).into_owned(), help);
    (!parts.is_empty()).then_some(Refusal { exit: Exit::Unreachable, ..refusal })
}

/// What a word means of deployments.
fn named<'t>(tree: &'t Tree, word: &str) -> Vec<Object<'t>> {
    let selector = tree.resolve(&[word.to_owned()]).ok().and_then(|mut all| all.pop());
    let is_id = |id: &str| word.len() >= ID && id.starts_with(word);
    let mut all = Vec::new();
    for node in &tree.deployments {
        if selector == Some(Selector::Deployment(node.id.clone())) {
            all.push(Object::Deployment(node));
            continue;
        }
        for service in node.services.iter().flatten() {
            match &selector {
                Some(Selector::Service(name)) if service.name == *name => {
                    all.push(Object::Service(node, service));
                }
                Some(Selector::ServiceOf(id, name)) if node.id == *id && service.name == *name => {
                    all.push(Object::Service(node, service));
                }
                Some(Selector::Replica(..) | Selector::Container(_)) | None => {
                    all.extend(replicas(node, service, selector.as_ref(), is_id));
                }
                Some(_) => {}
            }
        }
    }
    all
}

fn replicas<'t>(
    node: &'t DeploymentNode,
    service: &'t ServiceNode,
    selector: Option<&Selector>,
    is_id: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Object<'t>> {
    let is_meant = move |replica: &model::tree::ReplicaNode| match selector {
        Some(selector) => selector.matches(&replica.named(&node.id, &service.name)),
        None => replica.container.as_ref().is_some_and(|view| is_id(view.id.as_str())),
    };
    let all = service.replicas.iter().flatten().filter(move |replica| is_meant(replica));
    let row = move |replica| Object::Replica(Row { deployment: node, service, replica });
    all.map(row).collect::<Vec<_>>().into_iter()
}

/// What is there by that name and is not ours.
fn foreign(observed: &ObservedState, word: &str) -> impl Iterator<Item = Foreign> {
    let mut all = Vec::new();
    for (engine, view) in &observed.engines {
        let EngineView::Seen(contents) = view else { continue };
        for (kind, name) in foreign_on(contents, word) {
            all.push(Foreign { kind, name, engine: engine.clone() });
        }
    }
    all.into_iter()
}

/// Containers of others with exactly that name.
fn containers_of_others(observed: &ObservedState, word: &str) -> impl Iterator<Item = Foreign> {
    let seen = observed.engines.iter().filter_map(|(engine, view)| match view {
        EngineView::Seen(contents) => Some((engine, contents)),
        EngineView::Unseen { .. } => None,
    });
    let named =
        seen.filter(move |(_, contents)| contents.others.keys().any(|name| name.as_str() == word));
    named.map(move |(engine, _)| Foreign {
        kind: "container",
        name: word.to_owned(),
        engine: engine.clone(),
    })
}

fn foreign_on(contents: &EngineContents, word: &str) -> Vec<(&'static str, String)> {
    let is_id = |id: &str| word.len() >= ID && id.starts_with(word);
    let others = contents.others.iter();
    let ours = contents.containers.iter().map(|view| (&view.name, &view.id));
    let containers =
        others.chain(ours).filter(|(name, id)| name.as_str() == word || is_id(id.as_str()));
    let mut all: Vec<_> = containers.map(|(name, _)| ("container", name.to_string())).collect();
    let mut networks = contents.networks.iter().map(|view| &view.spec.name);
    all.extend(
        networks.find(|name| name.as_str() == word).map(|name| ("network", name.to_string())),
    );
    let mut volumes = contents.volumes.iter().map(|view| &view.spec.name);
    all.extend(volumes.find(|name| name.as_str() == word).map(|name| ("volume", name.to_string())));
    all
}

/// An object for programs.
fn value(object: &Object<'_>) -> Value {
    let plain = |value: serde_json::Result<Value>| value.expect("BUG: a node is plain data");
    let mut value = match object {
        Object::Deployment(node) => plain(serde_json::to_value(node)),
        Object::Service(_, node) => plain(serde_json::to_value(node)),
        Object::Replica(row) => plain(serde_json::to_value(row.replica)),
        Object::Network(_, node) => plain(serde_json::to_value(node)),
        Object::Volume(_, node) => plain(serde_json::to_value(node)),
        Object::Foreign(other) => json!({ "name": other.name }),
    };
    let (kind, owner) = match object {
        Object::Deployment(node) => ("deployment", Some(*node)),
        Object::Service(node, _) => ("service", Some(*node)),
        Object::Replica(row) => {
            value["service"] = json!(row.service.name);
            value["at"] = json!(row.service.at);
            ("container", Some(row.deployment))
        }
        Object::Network(node, _) => ("network", Some(*node)),
        Object::Volume(node, _) => ("volume", Some(*node)),
        Object::Foreign(other) => (other.kind, None),
    };
    value["kind"] = json!(kind);
    value["deployment"] = json!(owner.map(|node| &node.id));
    value["engine"] = match object {
        Object::Foreign(other) => json!(other.engine),
        _ => json!(owner.and_then(|node| node.engine.as_ref())),
    };
    value["source"] = json!(owner.and_then(|node| node.source.as_ref()));
    if let Some(fields) = fields_of(object) {
        value["fields"] = json!(fields);
    }
    value
}
