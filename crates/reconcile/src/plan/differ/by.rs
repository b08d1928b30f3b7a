//! The author of a difference: git, a change by hand, or unknown.

use std::collections::BTreeSet;

use super::super::cause::Why;
use super::super::context::Context;
use super::super::seen::{Owned, Proof};
use super::{Drift, is_limit};
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

/// Takes back authors that are not known for certain. What a container got when it was made is as
/// the source had it then; what can be changed as it exists may have been changed by hand as well.
/// Of the old source there is but a hash: only if nothing else differs it says that this was
/// changed there.
pub(super) fn take_back_guesses(drift: &mut Drift) {
    let all: Vec<&str> =
        drift.recreate.iter().chain(&drift.in_place).filter_map(Why::field).collect();
    let parts: BTreeSet<String> = all.into_iter().map(of_network).map(str::to_owned).collect();
    if parts.len() < 2 {
        return;
    }
    let differences = drift.recreate.iter_mut().chain(&mut drift.in_place);
    for difference in differences.filter_map(Why::difference_mut) {
        let path = &difference.field;
        let may_be_by_hand =
            is_limit(path) || matches!(head(path), "network_config" | "mac_address");
        if may_be_by_hand && difference.by == ChangedBy::Source {
            difference.by = ChangedBy::Unknown;
        }
    }
}

/// The path, or the network that it is about: its addresses and aliases go with it.
fn of_network(path: &str) -> &str {
    match head(path) {
        "networks" | "network_config" | "mac_address" => {
            path.split_once('.').map_or(path, |(_, name)| name)
        }
        _ => path,
    }
}
