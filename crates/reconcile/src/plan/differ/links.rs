//! Links as Compose writes them, in our words.

use std::borrow::Cow;

use crate::plan::seen::{Owned, Proof};
use model::desired::{Deployment, Service};
use model::spec::ContainerSpec;

/// A spec whose links say which service they lead to, as ours do. Compose writes one for
/// each container and each name that it answers to anyway.
pub(super) fn without_links_to_containers<'s>(
    mut spec: Cow<'s, ContainerSpec>,
    owned: &Owned<'_>,
    deployment: &Deployment,
) -> Cow<'s, ContainerSpec> {
    if owned.proof == Proof::Labels {
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
    let number = |service: &Service, separator: char| {
        let rest = target.strip_prefix(deployment.id.as_str())?.strip_prefix(separator)?;
        let number = rest.strip_prefix(service.name.as_str())?.strip_prefix(separator)?;
        number.chars().all(|c| c.is_ascii_digit()).then(|| number.to_owned())
    };
    for service in deployment.services.values() {
        let name = &service.name;
        if service.container_name.as_ref().is_some_and(|own| own.as_str() == target) {
            return (alias != name.as_str() && alias != target).then(|| format!("{name}:{alias}"));
        }
        for separator in ['-', '_'] {
            if let Some(number) = number(service, separator) {
                let own = [name.to_string(), format!("{name}{separator}{number}"), target.into()];
                return (!own.contains(&alias.to_owned())).then(|| format!("{name}:{alias}"));
            }
        }
    }
    Some(link.to_owned())
}
