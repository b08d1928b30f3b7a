//! `history`: the last rollouts of deployments, as the ledger remembers them.

use serde_json::{Value, json};

use model::tree::{DeploymentNode, SCHEMA_VERSION};

use super::{Asked, once};
use crate::cli::console::Format;
use crate::cli::exit::Exit;
use crate::cli::render::answers::history::text;
use crate::cli::setup::Refusal;

/// Lists rollouts.
pub(in crate::cli) fn history(asked: Asked<'_>, words: &[String]) -> Result<Exit, Refusal> {
    once(asked, words, |seen| {
        let tree = seen.tree();
        if asked.console.format == Format::Json {
            let all: Vec<Value> = tree.deployments.iter().map(deployment).collect();
            asked.console.json(&json!({
                "schema_version": SCHEMA_VERSION,
                "at": tree.at,
                "unseen": tree.unseen,
                "deployments": all,
            }));
        } else {
            asked.console.prose(&text(tree));
        }
        Exit::Done
    })
}

fn deployment(node: &DeploymentNode) -> Value {
    let rollouts = node.history.iter().map(|rollout| {
        let mut value = serde_json::to_value(rollout).expect("BUG: a rollout is plain data");
        value["began"] = json!(model::tree::Time(rollout.began));
        value
    });
    json!({
        "id": node.id,
        "engine": node.engine,
        "unseen": node.unseen,
        "rollouts": rollouts.collect::<Vec<_>>(),
    })
}
