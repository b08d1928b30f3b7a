//! Which deployments work as they were rolled out, so that the next rollout that fails can go back
//! to that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::desired::{Deployment, DesiredState, Entry, Service};
use model::digest::Digest;
use model::id::{DeploymentId, ImageRef};
use model::ledger::{Ledger, RolloutResult};
use model::observed::{EngineView, ImageView, ObservedState};
use model::plan::{DeploymentState, Health, Sync};

/// A deployment that works as it was rolled out.
#[derive(Clone, Debug)]
pub struct Works {
    /// What is wanted of it.
    pub deployment: Arc<Deployment>,
    /// The images that it works with, by the references that the stack has.
    pub images: BTreeMap<ImageRef, ImageRef>,
    /// The files of the states that were stable before.
    pub before: BTreeSet<Digest>,
}

/// The deployments that were rolled out as they are wanted and work, as far as another state is
/// remembered as their last stable one, or none.
#[must_use]
pub fn worth_keeping(
    desired: &DesiredState,
    (observed, ledger): (&ObservedState, &Ledger),
    states: &BTreeMap<DeploymentId, DeploymentState>,
) -> Vec<Works> {
    let works = |id: &DeploymentId| {
        states
            .get(id)
            .is_some_and(|state| (&state.sync, &state.health) == (&Sync::Synced, &Health::Healthy))
    };
    let valid = desired.deployments.iter().filter_map(|(id, entry)| match entry {
        Entry::Valid(deployment, _) if works(id) && !desired.instead.contains_key(id) => {
            Some(deployment)
        }
        _ => None,
    });
    valid.filter_map(|deployment| news(desired, (observed, ledger), deployment)).collect()
}

/// What is to be remembered of one, if that is news. Another image of the same name is another
/// rollout.
fn news(
    desired: &DesiredState,
    (observed, ledger): (&ObservedState, &Ledger),
    deployment: &Arc<Deployment>,
) -> Option<Works> {
    let record = ledger.record(&deployment.engine, &deployment.id)?;
    let last = record.history.first()?;
    let same = (&last.source, &last.hash) == (&desired.source, &deployment.hash);
    if !same || last.result != RolloutResult::Done {
        return None;
    }
    let images = images(observed, deployment)?;
    let is_known = record.stable.first().is_some_and(|stable| {
        (&stable.source, &stable.hash, &stable.images)
            == (&desired.source, &deployment.hash, &images)
    });
    let before = record.stable.iter().map(|stable| stable.state.clone()).collect();
    (!is_known).then(|| Works { deployment: Arc::clone(deployment), images, before })
}

fn images(
    observed: &ObservedState,
    deployment: &Deployment,
) -> Option<BTreeMap<ImageRef, ImageRef>> {
    let Some(EngineView::Seen(contents)) = observed.engines.get(&deployment.engine) else {
        return None;
    };
    let of = |service: &Service| {
        let name = &service.spec.image;
        let image = contents.images.get(name).filter(|_| !name.is_masked())?;
        Some((name.clone(), pinned(name, image)))
    };
    Some(deployment.services.values().filter_map(of).collect())
}

/// A reference that will always mean this image.
fn pinned(name: &ImageRef, image: &ImageView) -> ImageRef {
    let repository = |text: &str| {
        let text = text.split('@').next().unwrap_or(text);
        match text.rsplit_once(':') {
            Some((before, tag)) if !tag.contains('/') => ImageRef::familiar(before).to_owned(),
            _ => ImageRef::familiar(text).to_owned(),
        }
    };
    let own = repository(name.as_str());
    let mut digests = image.repo_digests.iter();
    let by_digest = digests.find(|text| repository(text) == own);
    by_digest.map_or_else(|| ImageRef::new(image.id.as_str()), ImageRef::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pinned_by_what_can_be_pulled_again() {
        let image = |digests: &[&str]| ImageView {
            id: "sha256:abc".into(),
            repo_digests: digests.iter().map(|text| (*text).to_owned()).collect(),
            env: BTreeMap::new(),
            command: None,
            entrypoint: None,
            user: None,
            working_dir: None,
            labels: BTreeMap::new(),
            healthcheck: None,
            exposed: Vec::new(),
            volumes: Vec::new(),
            stop_signal: None,
            platform: None,
            layers: Vec::new(),
        };
        for (name, digests, pin) in [
            ("web:1", &["web@sha256:d1"][..], "web@sha256:d1"),
            ("docker.io/library/web:1", &["web@sha256:d1"], "web@sha256:d1"),
            ("h:5000/web", &["web@sha256:d1", "h:5000/web@sha256:d2"], "h:5000/web@sha256:d2"),
            ("h:5000/web:2", &["h:5000/other@sha256:d1"], "sha256:abc"),
            ("shop-web", &[], "sha256:abc"),
        ] {
            assert_eq!(pinned(&name.into(), &image(digests)).as_str(), pin, "{name}");
        }
    }
}
