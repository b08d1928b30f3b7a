//! What only a running controller knows: whether it acts, what it puts off, what failed last.

use model::time::Timestamp;
use model::tree::Tree;

use super::lines::Lines;
use crate::api::{Status, Withheld};
use crate::cli::console::{BAD, WARN};
use crate::cli::values::Listen;

/// So many of what failed, or is put off, are listed.
const LISTED: usize = 5;

/// What a controller withholds and the tree does not say: of the deployments of the tree, and of
/// none.
pub(in crate::cli) fn withheld<'s>(status: &'s Status, tree: &Tree) -> Vec<&'s Withheld> {
    // What another source says of a deployment is not what the controller's does.
    let same = tree.source.as_ref().is_some_and(|source| source.as_str() == status.source);
    let is_new = |one: &&Withheld| match &one.deployment {
        None => !same || tree.withheld.is_empty(),
        Some(id) => {
            let mut nodes = tree.deployments.iter().filter(|node| node.id == *id);
            nodes.any(|node| !same || node.withheld.is_empty())
        }
    };
    status.withheld.iter().filter(is_new).collect()
}

/// Its lines below the head of a tree, with what it withholds; `None` if none answers.
pub(in crate::cli) fn text(
    status: Option<(&Status, &[&Withheld])>,
    listen: Listen,
    now: Timestamp,
) -> String {
    let mut lines = Lines::default();
    let Some((status, withheld)) = status else {
        let text = match listen {
            Listen::At(address) => format!("none answers at {address}"),
            Listen::Off => "not asked: `listen` is `off`".to_owned(),
        };
        lines.plain(("controller   ", REST), &text);
        return lines.text();
    };
    let seen = status.seen_at.as_deref().map_or_else(
        || "has not looked yet".to_owned(),
        |at| match humantime::parse_rfc3339(at).ok().and_then(since_epoch) {
            Some(at) => format!("looked {} ago", super::ago(now, at)),
            None => format!("looked at {at}"),
        },
    );
    let acts = if status.acts { "acts" } else { "waits for the lease: another one acts" };
    let head = format!("installation {}, {acts}, {seen}", status.installation);
    lines.plain(("controller   ", REST), &head);
    lines.plain((REST, REST), &format!("source {}", status.source));
    for one in withheld.iter().take(LISTED) {
        let word = if one.is_notice { "note:" } else { "withheld:" };
        let of = one.deployment.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
        let text = format!(" {of}{}, waits {}", one.what, one.waits);
        lines.put((REST, REST), (WARN, word), &text);
    }
    if let Some(error) = &status.source_error {
        lines.put((REST, REST), (BAD, "its source is stale:"), &format!(" {error}"));
    }
    for held in status.held.iter().take(LISTED) {
        lines.put((REST, REST), (WARN, "put off:"), &format!(" {held}"));
    }
    let failed: Vec<&String> = status.last_pass.iter().flat_map(|pass| &pass.failed).collect();
    for failure in failed.iter().take(LISTED) {
        lines.put((REST, REST), (BAD, "failed:"), &format!(" {failure}"));
    }
    for (all, what) in
        [(withheld.len(), "withheld"), (status.held.len(), "put off"), (failed.len(), "failed")]
    {
        if all > LISTED {
            lines.plain((REST, REST), &format!("and {} more {what}", all - LISTED));
        }
    }
    lines.text()
}

/// As wide as the words before a line.
const REST: &str = "             ";

fn since_epoch(at: std::time::SystemTime) -> Option<Timestamp> {
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::LastPass;

    #[test]
    fn a_controller_says_whether_it_acts_and_what_failed() {
        let mut status = Status::starting("default", "dir:/srv");
        status.seen_at = Some("1970-01-01T00:01:00Z".to_owned());
        status.held.push("start x of abc was tried 3 times".to_owned());
        let failed = vec!["pull web:2\nno such image".to_owned()];
        let pass = LastPass { at: String::new(), exit_code: 1, done: 0, failed };
        status.last_pass = Some(pass);
        let removal = Withheld {
            deployment: Some("abc".into()),
            what: "remove abc".to_owned(),
            waits: "for approval".to_owned(),
            is_notice: false,
        };
        let text = anstream::adapter::strip_str(&text(
            Some((&status, &[&removal])),
            Listen::Off,
            Timestamp::from_secs(180),
        ))
        .to_string();
        assert_eq!(
            text,
            "\
controller   installation default, waits for the lease: another one acts, looked 2m ago
             source dir:/srv
             withheld: abc: remove abc, waits for approval
             put off: start x of abc was tried 3 times
             failed: pull web:2\\nno such image
"
        );
    }
}
