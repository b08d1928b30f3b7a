//! `status`: everything as a tree, with what only a running controller knows.

use std::net::SocketAddr;

use model::id::InstallationId;
use model::printable::one_line;
use model::remedy::quoted;
use serde_json::json;

use super::{Asked, once};
use crate::api::Status;
use crate::cli::console::{Format, WARN, paint};
use crate::cli::exit::Exit;
use crate::cli::probe;
use crate::cli::render::answers::{controller, tree};
use crate::cli::setup::Refusal;
use crate::cli::setup::real::installation;
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
    let ours = installation(&asked.layer.world)?;
    if let (Some(status), Listen::At(address)) = (&controller, listen)
        && let Some(note) = elsewhere(status, address, &ours)
    {
        console.progress(&paint(WARN, &one_line(&note)));
    }
    once(asked, words, |seen| {
        if console.format == Format::Json {
            let mut value = serde_json::to_value(seen.tree()).expect("BUG: a tree is plain data");
            value["controller"] = json!(controller);
            console.json(&value);
        } else {
            let withheld =
                controller.as_ref().filter(|status| status.installation == ours.as_str());
            let withheld = withheld
                .map(|status| controller::withheld(status, seen.tree()))
                .unwrap_or_default();
            let known = controller.as_ref().map(|status| (status, &*withheld));
            let text = tree::head(seen.tree(), seen.without_source.as_deref())
                + &controller::text(known, listen, seen.tree().at.0)
                + &tree::deployments(seen.tree());
            console.prose(&text);
        }
        Exit::Done
    })
}

/// That the controller is of another installation, so that the tree shows nothing of what it does.
fn elsewhere(status: &Status, address: SocketAddr, ours: &InstallationId) -> Option<String> {
    let theirs = status.installation.as_str();
    (theirs != ours.as_str()).then(|| {
        format!(
            "note: the controller at {address} is of installation `{theirs}`, and what follows of \
             `{ours}`: `reconciler status --installation {}` shows the other one, `--listen` names \
             another controller",
            quoted(theirs)
        )
    })
}

/// What the controller says.
pub(super) fn ask(address: SocketAddr) -> Result<Status, Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_of_another_installation_is_told_with_what_shows_it() {
        let address = ([127, 0, 0, 1], 8620).into();
        let of = |theirs: &str| {
            elsewhere(&Status::starting(theirs, "dir:/srv"), address, &"default".into())
        };
        assert_eq!(of("default"), None);
        let note = of("other").expect("a note");
        assert!(note.contains("127.0.0.1:8620 is of installation `other`"), "{note}");
        assert!(note.contains("`reconciler status --installation other`"), "{note}");
    }
}
