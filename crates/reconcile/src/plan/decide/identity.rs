//! Who a new container is: its identity and its labels, and the spec that it gets.

use super::names::dns_label;
use crate::plan::context::Context;
use crate::plan::differ::asked;
use crate::plan::seen::wanted_name;
use model::compose_labels::{ContainerLabels, PlannedImage};
use model::desired::{Condition, Dependency, Service};
use model::id::{ServiceName, Slot};
use model::labels::{Identity, PUT};
use model::spec::ContainerSpec;

/// The identity that a container of this slot gets.
pub(in crate::plan) fn identity(
    context: &Context<'_>,
    service: &Service,
    slot: Slot,
    succeeds: bool,
) -> Identity {
    let replica = context.replica(service, slot);
    let name = wanted_name(service, &replica);
    let paths = service.sensitive.iter().map(|path| {
        let known = path.strip_prefix("environment.").or_else(|| path.strip_prefix("files."));
        known.map_or_else(|| format!("{PUT}{path}"), str::to_owned)
    });
    // The label has no word for what has a comma.
    let (unknown, mut masked): (Vec<_>, Vec<_>) = paths.partition(|name| name.contains(','));
    if unknown.is_empty() {
        masked.push(PUT.to_owned());
    }
    Identity {
        installation: context.settings.installation.clone(),
        source: context.desired.source.clone(),
        replica,
        engine: context.inventory.engine_id.clone(),
        name,
        revision: context.revision().clone(),
        spec_hash: service.hash.clone(),
        files_hash: service.files_hash.clone(),
        init_hash: service.hooks.init_hash(),
        succeeds,
        masked,
        from_env_file: service.from_env_file.iter().cloned().collect(),
        asked: asked(&service.spec),
        bound: service.bound.iter().map(|(to, mark)| (to.clone(), mark.inode.clone())).collect(),
    }
}

/// What Compose's labels of a container of this service say. `brought` stands for the step
/// that brings the image.
pub(in crate::plan) fn compose_labels(
    context: &Context<'_>,
    service: &Service,
    image: PlannedImage,
) -> ContainerLabels {
    let dependency = |(name, dependency): (&ServiceName, &Dependency)| {
        let condition = match dependency.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::Completed => "service_completed_successfully",
        };
        format!("{name}:{condition}:{}", dependency.restart)
    };
    let depends_on: Vec<String> = service.depends_on.iter().map(dependency).collect();
    ContainerLabels {
        config_hash: service.compose_hash.clone(),
        image,
        depends_on: depends_on.join(","),
        files: context.deployment.files.clone(),
    }
}

/// The spec, with the operator's resolvers where the stack leaves DNS alone.
pub(in crate::plan) fn with_resolvers(context: &Context<'_>, service: &Service) -> ContainerSpec {
    let mut spec = service.spec.clone();
    if let Some(catalog) = &context.settings.catalog
        && !catalog.resolvers.is_empty()
        && spec.network_mode.peer().is_none()
        && spec.dns.is_empty()
        && spec.dns_search.is_empty()
    {
        spec.dns.clone_from(&catalog.resolvers);
        let deployment = dns_label(context.deployment.id.as_str());
        spec.dns_search = vec![format!("{deployment}.service.consul")];
    }
    spec
}
