//! Links in few words: which service they lead to, and under which other name.

use std::borrow::Cow;

use model::desired::{Deployment, Service};
use model::spec::ContainerSpec;

/// A spec whose links on networks say which service they lead to. Compose writes one for each
/// container and each name, also those that it answers to anyway; ours have one for each replica.
/// Replicas come and go: names with numbers are there from the next creation on, and their lack
/// is no difference.
pub(super) fn without_links_to_containers<'s>(
    mut spec: Cow<'s, ContainerSpec>,
    deployment: &Deployment,
) -> Cow<'s, ContainerSpec> {
    if spec.networks.values().all(|attachment| attachment.links.is_empty()) {
        return spec;
    }
    for attachment in spec.to_mut().networks.values_mut() {
        let links = std::mem::take(&mut attachment.links);
        attachment.links = links.iter().filter_map(|link| service_link(link, deployment)).collect();
    }
    spec
}

fn service_link(link: &str, deployment: &Deployment) -> Option<String> {
    let (target, alias) = link.split_once(':').unwrap_or((link, link));
    let service = deployment.services.values().find(|it| leads_to(target, it, deployment));
    let Some(service) = service else { return Some(link.to_owned()) };
    // Compose gives all of them the number of the container that links.
    let own =
        alias == target || leads_to(alias, service, deployment) || is_numbered(alias, service);
    (!own).then(|| format!("{}:{alias}", service.name))
}

/// Whether a name is that of a service, or of a container of it.
fn leads_to(name: &str, service: &Service, deployment: &Deployment) -> bool {
    let after_id = || name.strip_prefix(deployment.id.as_str())?.strip_prefix(['-', '_']);
    name == service.name.as_str()
        || service.container_name.as_ref().is_some_and(|own| own.as_str() == name)
        || after_id().is_some_and(|rest| is_numbered(rest, service))
}

/// Whether a name is a service's with a number.
fn is_numbered(name: &str, service: &Service) -> bool {
    let number = || name.strip_prefix(service.name.as_str())?.strip_prefix(['-', '_']);
    number().is_some_and(|number| {
        !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
    })
}
