//! What the hand-written world shows of a container and of an image at first.

use std::collections::BTreeMap;

use model::id::ImageRef;
use model::observed::{ContainerState, ContainerView, ImageView, Status};
use model::spec::ContainerSpec;
use model::time::Timestamp;

pub(crate) fn view(name: &str, spec: ContainerSpec, now: Timestamp) -> ContainerView {
    ContainerView {
        id: name.into(),
        name: name.into(),
        image_id: spec.image.as_str().into(),
        spec,
        state: ContainerState {
            status: Status::Created,
            exit_code: 0,
            health: None,
            failures: 0,
            started_at: None,
            finished_at: None,
            restarts: 0,
            start_failure: None,
        },
        created_at: now,
        network_ids: BTreeMap::new(),
        addresses: BTreeMap::new(),
        host_ports: BTreeMap::new(),
        files: BTreeMap::new(),
        volumes: BTreeMap::new(),
    }
}

pub(crate) fn image_view(reference: &ImageRef) -> ImageView {
    ImageView {
        id: reference.as_str().into(),
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
        repo_digests: Vec::new(),
    }
}
