//! `stack ls` and `service ls`.

use serde_json::{Value, json};

use model::tree::{DeploymentNode, SCHEMA_VERSION, ServiceNode, Tree};

use super::{Asked, once};
use crate::cli::console::{Console, Format};
use crate::cli::exit::Exit;
use crate::cli::render::answers::tables;
use crate::cli::setup::Refusal;

/// Lists deployments.
pub(in crate::cli) fn stacks(asked: Asked<'_>, words: &[String]) -> Result<Exit, Refusal> {
    once(asked, words, |seen| {
        let tree = seen.tree();
        seen.note_source(asked.console);
        if asked.console.format == Format::Json {
            let all = tree.deployments.iter().map(stack).collect();
            asked.console.json(&list(tree, "stacks", all));
        } else {
            asked.console.prose(&tables::stacks(tree, Console::columns()));
        }
        Exit::Done
    })
}

/// Lists services.
pub(in crate::cli) fn services(asked: Asked<'_>, words: &[String]) -> Result<Exit, Refusal> {
    once(asked, words, |seen| {
        let tree = seen.tree();
        seen.note_source(asked.console);
        if asked.console.format == Format::Json {
            let of = |node: &DeploymentNode| -> Vec<Value> {
                node.services.iter().flatten().map(|one| service(node, one)).collect()
            };
            let all = tree.deployments.iter().flat_map(of).collect();
            asked.console.json(&list(tree, "services", all));
        } else {
            asked.console.prose(&tables::services(tree, Console::columns()));
        }
        Exit::Done
    })
}

fn list(tree: &Tree, name: &str, all: Vec<Value>) -> Value {
    let mut value =
        json!({ "schema_version": SCHEMA_VERSION, "at": tree.at, "unseen": tree.unseen });
    value[name] = Value::Array(all);
    value
}

/// A deployment without what is in it.
fn stack(node: &DeploymentNode) -> Value {
    let count = |of: fn(&ServiceNode) -> Option<u32>| tables::sum(node, of);
    json!({
        "id": node.id,
        "engine": node.engine,
        "source": node.source,
        "wanted": node.wanted,
        "revision": node.revision,
        "sync": node.sync,
        "health": node.health,
        "unseen": node.unseen,
        "services": node.services.as_ref().map(Vec::len),
        "replicas": {
            "wanted": count(|service| service.wanted),
            "running": count(|service| service.running),
            "healthy": count(|service| service.healthy),
        },
    })
}

/// A service without its replicas.
fn service(of: &DeploymentNode, node: &ServiceNode) -> Value {
    json!({
        "deployment": of.id,
        "engine": of.engine,
        "name": node.name,
        "wanted": node.wanted,
        "running": node.running,
        "healthy": node.healthy,
        "health": node.health,
        "image": node.image,
        "at": node.at,
        "ports": tables::ports(node).iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
