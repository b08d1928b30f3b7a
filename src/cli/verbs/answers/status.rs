//! `status`: everything as a tree, with what only a running controller knows.

use std::net::SocketAddr;

use serde_json::json;

use super::{Asked, once};
use crate::api::Status;
use crate::cli::console::Format;
use crate::cli::exit::Exit;
use crate::cli::probe;
use crate::cli::render::answers::{controller, tree};
use crate::cli::setup::Refusal;
use crate::cli::values::Listen;

/// Prints the tree. A controller that was named has to answer.
pub(in crate::cli) fn status(
    asked: Asked<'_>,
    words: &[String],
    is_named: bool,
) -> Result<Exit, Refusal> {
    let console = asked.console;
    let listen = asked.layer.listen.listen.unwrap_or_default();
    let controller = match listen {
        Listen::Off => None,
        Listen::At(address) => match ask(address) {
            Ok(status) => Some(status),
            Err(refusal) if is_named => return Err(refusal),
            Err(_) => None,
        },
    };
    once(asked, words, |seen| {
        if console.format == Format::Json {
            let mut value = serde_json::to_value(seen.tree()).expect("BUG: a tree is plain data");
            value["controller"] = json!(controller);
            console.json(&value);
        } else {
            let text = tree::head(seen.tree(), seen.without_source.as_deref())
                + &controller::text(controller.as_ref(), listen, seen.tree().at.0)
                + &tree::deployments(seen.tree());
            console.prose(&text);
        }
        Exit::Done
    })
}

/// What the controller says.
fn ask(address: SocketAddr) -> Result<Status, Refusal> {
    let unreachable =
        |message: String| Refusal { exit: Exit::Unreachable, ..Refusal::invalid(message) };
    let body = match probe::get(address, "/status") {
        Ok((200, body)) => body,
        Ok((code, _)) => return Err(unreachable(format!("{address} answers with status {code}"))),
        Err(error) => {
            return Err(unreachable(format!("no controller answers at {address}: {error}"))
                .with_help(
                    "start one with `reconciler run`, or name its address with `--listen`",
                ));
        }
    };
    serde_json::from_str(&body).map_err(|error| {
        unreachable(format!("what answers at {address} is no reconciler: {error}"))
    })
}
