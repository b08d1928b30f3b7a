//! The heart: desired state and observed state to a plan. No I/O, no clock, no
//! randomness, no logging, no async.
//!
//! A pipeline of pure stages, in this order; none knows a later one:
//! [`seen`] what is there and whose it is → [`differ`] in which fields it is not what git
//! wants → [`decide`] one decision for each replica, network, image and entry → [`rollout`]
//! what each service waits for, and in which order replicas move → [`transition`] steps that
//! say what they need and give → [`graph`] what comes before what, across everything →
//! [`guards`] what the `sync` mode lets through. Its words are `model::render`.
//!
//! [`fact`], [`cause`], [`when`], [`resources`], [`order`] and [`context`] are the words they share.
//! [`check`] lints every plan.

mod about;
mod back;
mod cause;
mod context;
mod decide;
mod diff;
mod differ;
mod fact;
mod graph;
mod guards;
mod order;
mod parts;
mod pass;
mod resources;
mod rollout;
mod seen;
mod settings;
mod stable;
mod survey;
#[cfg(test)]
mod tests;
mod transition;
mod when;

pub use back::{FailedRollout, Otherwise, otherwise, touched, verdict};
pub use decide::{asked_of_host, catalog_names, dns_label, rendered as rendered_demand};
pub use differ::{Alone, unlike};
pub use graph::{Fault, check};
pub use parts::Parts;
pub use settings::{CatalogSettings, EngineSettings, Routable, Settings};
pub use stable::{Works, worth_keeping};
pub use survey::{Survey, Surveyed, SurveyedNetwork, SurveyedVolume, survey};

use self::decide::{Leaving, Shared};
use self::pass::Pass;
use model::comparison::Comparison;
use model::desired::DesiredState;
use model::observed::ObservedState;
use model::plan::Plan;

/// What has to be done so that the observed state becomes the desired one.
///
/// # Guarantees
/// - The same input gives the same plan, text and digest.
/// - What was not seen is neither changed nor removed.
/// - Planning again on the world that the plan leads to gives an empty plan.
/// - What cannot be done for one deployment, or a fault in it, withholds that one only.
pub fn plan(desired: &DesiredState, observed: &ObservedState, settings: &Settings) -> Plan {
    with_pass(desired, observed, settings, |_, _, plan| plan)
}

/// Every object of the desired state beside what is there, equal or not: replicas, networks and
/// volumes, and what is there and not wanted. Also of deployments about which nothing may be done
/// now; not of what was not seen, and of nothing that is not ours.
///
/// # Guarantees
/// - The same input gives the same list.
/// - The sides of a container differ in exactly the fields that the plan names.
#[must_use]
pub fn diff(
    desired: &DesiredState,
    observed: &ObservedState,
    settings: &Settings,
) -> Vec<Comparison> {
    with_pass(desired, observed, settings, |shared, (pass, leaving), _| {
        diff::comparisons(shared, &pass.decided_of_all(), leaving)
    })
}

/// Plans, and makes something of the pass behind the plan.
fn with_pass<T>(
    desired: &DesiredState,
    observed: &ObservedState,
    settings: &Settings,
    make: impl FnOnce(Shared<'_>, (&Pass<'_>, &Leaving<'_>), Plan) -> T,
) -> T {
    let engines = seen::sort(desired, observed, &settings.installation);
    let labels = decide::labels(desired);
    let shared = Shared { desired, observed, engines: &engines, labels: &labels, settings };
    let leaving = Leaving::of(shared);
    let mut pass = Pass::begin(shared, &leaving);
    loop {
        let decisions = pass.decide();
        let mut drafts = pass.guard(&decisions);
        drop(decisions);
        let mut departures = pass.depart(&drafts);
        let links = pass.link(&mut drafts, &mut departures);
        if pass.refuses(&links) || pass.yields(&links) {
            continue;
        }
        let plan = pass.plan(links, drafts, departures);
        if !pass.is_faulty(&plan) {
            return make(shared, (&pass, &leaving), plan);
        }
    }
}
