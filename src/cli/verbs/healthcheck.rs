//! `healthcheck`: what the image's HEALTHCHECK calls, because it has no shell and no curl.

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::probe;
use super::super::values::Listen;

/// Asks the controller whether it lives.
pub(in crate::cli) fn healthcheck(console: Console, listen: Listen) -> Exit {
    let Listen::At(address) = listen else {
        console.error(
            "the controller answers nowhere: `listen` is `off`",
            Some("a container whose controller does not listen needs `HEALTHCHECK NONE`"),
        );
        return Exit::Failed;
    };
    match probe::get(address, "/livez") {
        Ok((200, _)) => {
            console.progress("alive");
            Exit::Done
        }
        Ok((code, _)) => {
            console.error(&format!("{address} answers with status {code}"), None);
            Exit::Failed
        }
        Err(error) => {
            console.error(&format!("no controller answers at {address}: {error}"), None);
            Exit::Failed
        }
    }
}
