//! Resources of an engine that only one deployment can have: names, published ports, fixed
//! addresses, subnets. Compose finds out when it starts the second; here it is an error of
//! all who want it, each with its place and the other's. Deployments that share something
//! would also take each other's containers, networks or volumes for their own.

mod addresses;
mod names;
mod ports;

use std::collections::BTreeMap;

use crate::stack::codes::{SHARED_ADDRESS, SHARED_NAME, SHARED_PORT};
use model::desired::{Deployment, Entry, Service};
use model::diagnostic::{Code, Diagnostic, Loc};
use model::id::DeploymentId;
use text::report::sort;
use world::Tree;

/// The codes of this module's messages.
const CODES: [Code; 3] = [SHARED_NAME, SHARED_PORT, SHARED_ADDRESS];

/// What is shown of a value that never prints.
const HIDDEN: &str = "***";

/// A resource that a part of a deployment needs for itself, and where that is written.
#[derive(Clone, Copy)]
struct Reservation<'a> {
    deployment: &'a Deployment,
    who: Who<'a>,
    at: &'a Loc,
}

/// The part of a deployment that has a reservation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who<'a> {
    /// Replicas of a service.
    Service(&'a str),
    /// A container that runs before a service.
    PreStart(&'a str),
    /// The second container of a replica while it is replaced.
    Second(&'a str),
    /// A network, by its key.
    Network(&'a str),
    /// A volume, by its key.
    Volume(&'a str),
}

impl<'a> Reservation<'a> {
    fn of(deployment: &'a Deployment, who: Who<'a>, at: Option<&'a Loc>) -> Self {
        Self { deployment, who, at: at.unwrap_or(&deployment.origin) }
    }

    /// Whether both are of the same part of the same deployment.
    fn is_same(&self, other: &Self) -> bool {
        self.deployment.id == other.deployment.id && self.who == other.who
    }

    /// Who it is, for a message about `of`, and where.
    fn help_for(&self, of: &Self) -> String {
        if self.deployment.id != of.deployment.id {
            return format!("the deployment `{}` wants it too, at {}", self.deployment.id, self.at);
        }
        let who = match self.who {
            Who::Service(name) => format!("the service `{name}`"),
            Who::PreStart(name) => format!("a `pre_start` of the service `{name}`"),
            Who::Second(name) => format!("an update of the service `{name}`"),
            Who::Network(key) => format!("the network `{key}`"),
            Who::Volume(key) => format!("the volume `{key}`"),
        };
        format!("{who} wants it too, at {}", self.at)
    }
}

/// What is wrong, by deployment.
#[derive(Default)]
struct Faults(BTreeMap<DeploymentId, Vec<Diagnostic>>);

impl Faults {
    fn add(&mut self, reservation: &Reservation<'_>, code: Code, message: String, help: String) {
        let diagnostic = Diagnostic {
            at: Some(reservation.at.clone()),
            ..Diagnostic::error(message).with_help(help).with_code(code)
        };
        self.0.entry(reservation.deployment.id.clone()).or_default().push(diagnostic);
    }

    /// The same thing wanted by both.
    fn both(&mut self, one: &Reservation<'_>, other: &Reservation<'_>, code: Code, message: &str) {
        self.add(one, code, message.to_owned(), other.help_for(one));
        self.add(other, code, message.to_owned(), one.help_for(other));
    }
}

/// Makes deployments invalid that want what another one, or another part of the same, wants.
pub(super) fn check(deployments: &mut BTreeMap<DeploymentId, Entry>, tree: &dyn Tree) {
    let mut faults = Faults::default();
    let valid = deployments.values().filter_map(|entry| match entry {
        Entry::Valid(deployment, _) => Some(&**deployment),
        Entry::Invalid(_) => None,
    });
    let valid: Vec<&Deployment> = valid.collect();
    names::check(&valid, &mut faults);
    ports::check(&valid, &mut faults);
    addresses::check(&valid, &mut faults);
    drop(valid);
    for (id, more) in faults.0 {
        if let Some(entry) = deployments.get_mut(&id)
            && let Entry::Valid(_, warnings) = entry
        {
            let mut all = std::mem::take(warnings);
            all.extend(more);
            sort(&mut all);
            super::underline(&mut all, &CODES, tree);
            *entry = Entry::Invalid(all);
        }
    }
}

/// Where the number of a service's replicas was written.
fn replicas_at<'a>(service: &'a Service, deployment: &'a Deployment) -> &'a Loc {
    service.origins.find("replicas").unwrap_or(&deployment.origin)
}
