//! `ps`: the containers of deployments.

use serde_json::{Value, json};

use model::tree::{SCHEMA_VERSION, Tree};

use super::{Asked, once};
use crate::cli::console::{Console, Format};
use crate::cli::exit::Exit;
use crate::cli::render::answers::tables::{self, each};
use crate::cli::setup::Refusal;

/// Lists containers; `ids` says that only their ids are wanted.
pub(in crate::cli) fn ps(
    asked: Asked<'_>,
    words: &[String],
    (all, ids): (bool, bool),
) -> Result<Exit, Refusal> {
    once(asked, words, |seen| {
        let tree = seen.tree();
        seen.note_source(asked.console);
        match (asked.console.format, ids) {
            (Format::Json, _) => asked.console.json(&containers(tree, all)),
            (_, true) => {
                let rows = each(tree, all);
                let found = rows.iter().filter_map(|row| row.replica.container.as_ref());
                for container in found {
                    asked.console.result(container.id.as_str());
                }
            }
            _ => asked.console.prose(&tables::ps(tree, all, Console::columns())),
        }
        Exit::Done
    })
}

/// The containers as a list.
fn containers(tree: &Tree, all: bool) -> Value {
    let rows = each(tree, all);
    let one = |row: &tables::Row<'_>| {
        let mut value = serde_json::to_value(row.replica).expect("BUG: a node is plain data");
        value["deployment"] = json!(row.deployment.id);
        value["engine"] = json!(row.deployment.engine);
        value["service"] = json!(row.service.name);
        value
    };
    json!({
        "schema_version": SCHEMA_VERSION,
        "at": tree.at,
        "unseen": tree.unseen,
        "containers": rows.iter().map(one).collect::<Vec<_>>(),
    })
}
