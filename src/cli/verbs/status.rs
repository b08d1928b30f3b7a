//! `status`: what a running controller says of its deployments.

use std::fmt::Write as _;

use crate::api::Status;
use model::printable::one_line;

use super::super::console::{BAD, Console, Format, WARN, paint};
use super::super::exit::Exit;
use super::super::probe;
use super::super::render::deployments;
use super::super::values::Listen;

/// Asks the controller and prints its answer.
pub(in crate::cli) fn status(console: Console, listen: Listen) -> Exit {
    let Listen::At(address) = listen else {
        console.error(
            "`listen` is `off`",
            Some("give the controller's address: `--listen 127.0.0.1:8620`"),
        );
        return Exit::Usage;
    };
    let body = match probe::get(address, "/status") {
        Ok((200, body)) => body,
        Ok((code, _)) => {
            console.error(&format!("{address} answers with status {code}"), None);
            return Exit::Unreachable;
        }
        Err(error) => {
            console.error(
                &format!("no controller answers at {address}: {error}"),
                Some("start one with `reconciler run`, or name its address with `--listen`"),
            );
            return Exit::Unreachable;
        }
    };
    match serde_json::from_str::<Status>(&body) {
        Ok(status) if console.format == Format::Text => console.result(&text(&status)),
        Ok(status) => console.json(&status),
        Err(error) => {
            console.error(&format!("what answers at {address} is no reconciler: {error}"), None);
            return Exit::Unreachable;
        }
    }
    Exit::Done
}

fn text(status: &Status) -> String {
    let unknown = || "unknown".to_owned();
    let mut out = format!(
        "installation {}\nsource       {}\nrevision     {}\nlooked at    {}\n",
        status.installation,
        status.source,
        status.revision.clone().unwrap_or_else(unknown),
        status.seen_at.clone().unwrap_or_else(|| "nothing yet".to_owned()),
    );
    if !status.acts {
        out += "it waits for the lease: another controller acts\n";
    }
    for error in status.source_error.iter().chain(status.unseen.values()) {
        let _ = writeln!(out, "{} {}", paint(BAD, "unknown:"), one_line(error));
    }
    for blocked in &status.blocked {
        let lines: Vec<_> = blocked.lines().map(one_line).collect();
        let _ = writeln!(out, "{}", paint(WARN, &lines.join("\n")));
    }
    for held in &status.held {
        let _ = writeln!(out, "{}", paint(WARN, &one_line(held)));
    }
    for failure in status.last_pass.iter().flat_map(|pass| &pass.failed) {
        let _ = writeln!(out, "{} {}", paint(BAD, "failed:"), one_line(failure));
    }
    out + "\n" + &deployments(&status.deployments)
}

#[cfg(test)]
mod tests {
    use model::plan::{DeploymentState, Health, Sync};

    use super::*;

    #[test]
    fn deployments_stand_in_columns() {
        let mut status = Status { acts: true, ..Status::starting("default", "dir:/srv") };
        let state = DeploymentState { sync: Sync::OutOfSync, health: Health::Healthy };
        status.deployments.insert("abc".into(), state);
        let text = anstream::adapter::strip_str(&text(&status)).to_string();
        assert_eq!(
            text,
            "\
installation default
source       dir:/srv
revision     unknown
looked at    nothing yet

DEPLOYMENT  SYNC       HEALTH
abc         OutOfSync  Healthy
"
        );
    }
}
