//! Differences that say nothing: what the operator or the engine chose by itself.

use super::facts::Facts;
use crate::plan::seen::{Owned, Proof};
use model::fields::{is_chosen_by_engine, is_chosen_by_operator, is_dropped};

/// Where the stack leaves DNS alone, the operator's resolvers may be set: switching
/// Consul on or off replaces nothing. What the stack asked for, and what Compose set, is not
/// the operator's.
pub(super) fn is_the_operators(path: &str, want: Option<&String>, owned: &Owned<'_>) -> bool {
    let asked = || owned.identity.asked.iter().any(|asked| asked == path);
    want.is_none() && is_chosen_by_operator(path) && owned.proof == Proof::Labels && !asked()
}

/// How a container is attached to a network only counts where it is attached.
pub(super) fn is_of_no_attachment(path: &str, all: &[Facts; 2]) -> bool {
    let of = |head| path.strip_prefix(head);
    of("network_config.").or_else(|| of("mac_address.")).is_some_and(|network| {
        let attached = format!("networks.{network}");
        !all.iter().all(|facts| facts.contains_key(&attached))
    })
}

/// An anonymous volume that nobody asks for came over from a predecessor; to leave it
/// there costs nothing.
pub(super) fn is_leftover(path: &str, want: Option<&String>, have: Option<&String>) -> bool {
    path.starts_with("volumes.")
        && want.is_none()
        && have.is_some_and(|have| have == "anonymous volume")
}

/// What an engine filled in because nobody said anything, and what it dropped although it
/// was said. A MAC address that it does not show, it has not given yet.
pub(super) fn is_the_engines(
    path: &str,
    want: Option<&String>,
    have: Option<&String>,
    owned: &Owned<'_>,
) -> bool {
    let asked = || owned.identity.asked.iter().any(|asked| asked == path);
    match (have, want) {
        (Some(_), None) => is_chosen_by_engine(path) && !asked(),
        (None, Some(_)) => is_dropped(path) && asked() || path.starts_with("mac_address."),
        _ => false,
    }
}
