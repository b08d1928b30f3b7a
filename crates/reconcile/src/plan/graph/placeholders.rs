//! The steps whose outcomes an action needs.

use model::action::{Action, Endpoint};
use model::compose_labels::PlannedImage;
use model::id::StepId;
use model::target::ContainerRef;

/// Those steps.
pub(super) fn placeholders(action: &Action) -> Vec<StepId> {
    let mut used = Vec::new();
    if let Some(target) = action.target()
        && let ContainerRef::Made(step) = target.container
    {
        used.push(step);
    }
    if let Action::CreateContainer(create) = action {
        used.extend(create.images().filter_map(|image| match image {
            PlannedImage::After(step) => Some(*step),
            PlannedImage::Known(_) | PlannedImage::Unknown => None,
        }));
        used.extend(create.joins.iter().filter_map(|join| match join.container.container {
            ContainerRef::Made(step) => Some(step),
            ContainerRef::Known(_) => None,
        }));
    }
    if let Action::Register { entries, .. } = action {
        used.extend(entries.iter().filter_map(|entry| match entry.endpoint {
            Endpoint::Known { .. } => None,
            Endpoint::OnNetwork { after, .. } | Endpoint::Published { after, .. } => Some(after),
        }));
    }
    used
}
