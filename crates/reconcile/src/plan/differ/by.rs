//! The author of a difference: git, a change by hand, or unknown.

use super::super::context::Context;
use super::super::seen::{Owned, Proof};
use super::is_limit;
use model::desired::Service;
use model::fields::head;
use model::plan::{ChangedBy, Difference};

/// Who changed what differs.
pub(super) fn changed_by(
    service: &Service,
    owned: &Owned<'_>,
    found: &[Difference],
    context: &Context<'_>,
) -> ChangedBy {
    if owned.proof == Proof::Compose {
        return ChangedBy::Unknown;
    }
    if owned.identity.spec_hash == service.hash {
        // A pass that was broken off made it, and went no further.
        let ran = owned.view.state.started_at.is_some();
        return if ran { ChangedBy::Hand } else { ChangedBy::Unknown };
    }
    // Git says what was applied. What was changed in place since it was made left the hash behind;
    // but if more differs, a pass that was broken off made it from what git no longer says.
    if !context.is_applied() {
        return ChangedBy::Source;
    }
    if owned.proof != Proof::Labels {
        return ChangedBy::Hand;
    }
    let author = |difference: &Difference| match head(&difference.field) {
        "network_config" | "mac_address" => ChangedBy::Unknown,
        _ if is_limit(&difference.field) => ChangedBy::Hand,
        _ => ChangedBy::Source,
    };
    let all: Vec<_> = found.iter().map(author).collect();
    let first = [ChangedBy::Source, ChangedBy::Unknown].into_iter().find(|by| all.contains(by));
    first.unwrap_or(ChangedBy::Hand)
}
