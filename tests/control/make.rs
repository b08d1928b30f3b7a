//! Short ways to write down steps, deployments and settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::action::{Action, Until};
use model::compose_labels::ProjectFiles;
use model::desired::{
    Deployment, DesiredState, Entry, ImageSource, Layout, Origins, PullPolicy, Rollout, Service,
};
use model::diagnostic::Loc;
use model::digest::Digest;
use model::id::StepId;
use model::plan::{Cause, Reason, Step};
use model::policy::HostPolicy;
use model::rollback::OnFailure;
use model::secret::Masker;
use model::settling::Settling;
use model::spec::ContainerSpec;
use model::sync_mode::SyncMode;
use model::target::{ContainerRef, Target};
use reconcile::plan::{EngineSettings, Settings};
use world::{NoTree, Snapshot};

pub(crate) fn snapshot(revision: &str) -> Snapshot {
    Snapshot {
        source: "git".into(),
        revision: revision.into(),
        start: String::new(),
        tree: Arc::new(NoTree),
    }
}

pub(crate) fn step(id: u32, after: &[u32], action: Action) -> Step {
    Step {
        id: StepId(id),
        deployment: "abc".into(),
        engine: "local".into(),
        action,
        causes: vec![Cause { reason: Reason::Missing, at: None }],
        replica: None,
        after: after.iter().copied().map(StepId).collect(),
        only_if: None,
    }
}

pub(crate) fn of(deployment: &str, step: Step) -> Step {
    Step { deployment: deployment.into(), ..step }
}

fn target(name: &str) -> Target {
    Target { container: ContainerRef::Known(name.into()), name: name.into() }
}

pub(crate) fn start(name: &str) -> Action {
    Action::StartContainer { container: target(name) }
}

pub(crate) fn remove(name: &str) -> Action {
    Action::RemoveContainer { container: target(name) }
}

pub(crate) fn stop(name: &str) -> Action {
    Action::StopContainer { container: target(name), grace: Duration::from_secs(1) }
}

pub(crate) fn pull(image: &str) -> Action {
    Action::PullImage { image: image.into(), platform: None }
}

pub(crate) fn forget(deployment: &str) -> Action {
    let change = model::action::LedgerChange::Forget { deployment: deployment.into() };
    Action::WriteLedger { change }
}

pub(crate) fn wait(name: &str, until: Until, deadline: u64) -> Action {
    Action::Await { container: target(name), until, deadline: Duration::from_secs(deadline) }
}

/// `name=tag,name=tag`: services with the tag of their image.
pub(crate) fn deployment(id: &str, services: &str) -> (model::id::DeploymentId, Entry) {
    let services: BTreeMap<_, _> = services
        .split(',')
        .filter_map(|service| service.split_once('='))
        .map(|(name, tag)| (name.into(), service(name, tag)))
        .collect();
    let text: Vec<_> = services.values().map(|service| service.spec.image.to_string()).collect();
    let deployment = Deployment {
        id: id.into(),
        engine: "local".into(),
        sync: SyncMode::Auto,
        on_failure: OnFailure::default(),
        origin: Loc::new("compose.yaml", 1, 1),
        stack_file: "compose.yaml".to_owned(),
        project_dir: None,
        links: BTreeMap::new(),
        ways: BTreeMap::new(),
        writable: Arc::default(),
        secrets: Vec::new(),
        files: ProjectFiles::default(),
        hash: Digest::of(text.join(",")),
        services,
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
    };
    (id.into(), Entry::Valid(Arc::new(deployment), Vec::new()))
}

fn service(name: &str, tag: &str) -> Service {
    let image = format!("{name}:{tag}");
    Service {
        name: name.into(),
        replicas: 1,
        container_name: None,
        hash: Digest::of(&image),
        spec: ContainerSpec::of_image(image.as_str().into()),
        image: ImageSource::Pull(PullPolicy::Missing),
        files: Vec::new(),
        files_hash: None,
        depends_on: BTreeMap::new(),
        job: false,
        bound: BTreeMap::new(),
        stays_ended: false,
        on_rollback: false,
        rests: false,
        stop_grace: Duration::from_secs(1),
        hooks: model::hook::Hooks::default(),
        rollout: Rollout::default(),
        registration: None,
        compose_hash: None,
        origins: Origins::default(),
        sensitive: BTreeSet::new(),
        from_env_file: BTreeSet::new(),
    }
}

pub(crate) fn desired(
    revision: &str,
    deployments: impl IntoIterator<Item = (model::id::DeploymentId, Entry)>,
) -> DesiredState {
    DesiredState {
        source: "git".into(),
        revision: revision.into(),
        layout: Layout::Folders,
        deployments: deployments.into_iter().collect(),
        incomplete: Vec::new(),
        settling: Settling::default(),
        provisional: BTreeMap::new(),
        instead: BTreeMap::new(),
    }
}

pub(crate) fn settings(engines: &[&str]) -> Settings {
    let engines = engines.iter().map(|name| ((*name).into(), EngineSettings::default()));
    Settings {
        installation: "test".into(),
        masker: Masker::new("key"),
        policy: HostPolicy::permissive(),
        approved: BTreeSet::new(),
        prune_share: 100,
        engines: engines.collect(),
        catalog: None,
    }
}
