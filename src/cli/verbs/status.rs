//! `status`: what a running controller says of its deployments.

use crate::api::Status;

use super::super::console::{BAD, Console, FAINT, Format, GOOD, STRONG, WARN, paint};
use super::super::exit::Exit;
use super::super::probe;
use super::super::render::columns;
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
        "installation {}\nsource       {}\nrevision     {}\n",
        status.installation,
        status.source.clone().unwrap_or_else(unknown),
        status.revision.clone().unwrap_or_else(unknown),
    );
    out += &match &status.last_pass {
        None => "last pass    none yet\n".to_owned(),
        Some(pass) => format!("last pass    {} {}\n", pass.at, pass.outcome),
    };
    if let Some(error) = status.last_pass.as_ref().and_then(|pass| pass.error.as_ref()) {
        out += &format!("             {}\n", paint(BAD, error));
    }
    if status.deployments.is_empty() {
        return out + &paint(FAINT, "no deployments\n");
    }
    let mut rows = vec![["DEPLOYMENT", "SYNC", "HEALTH"].map(|title| (STRONG, title.to_owned()))];
    rows.extend(status.deployments.iter().map(|(id, state)| {
        let sync = if state.sync == "Synced" { GOOD } else { WARN };
        let health = match state.health.as_str() {
            "Healthy" => GOOD,
            "Degraded" | "Missing" => BAD,
            _ => WARN,
        };
        [(STRONG, id.clone()), (sync, state.sync.clone()), (health, state.health.clone())]
    }));
    out + "\n" + &columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::StateOfDeployment;

    #[test]
    fn deployments_stand_in_columns() {
        let mut status = Status::starting("default");
        let state =
            StateOfDeployment { sync: "OutOfSync".to_owned(), health: "Healthy".to_owned() };
        status.deployments.insert("abc".to_owned(), state);
        let text = anstream::adapter::strip_str(&text(&status)).to_string();
        assert_eq!(
            text,
            "\
installation default
source       unknown
revision     unknown
last pass    none yet

DEPLOYMENT  SYNC       HEALTH
abc         OutOfSync  Healthy
"
        );
    }
}
