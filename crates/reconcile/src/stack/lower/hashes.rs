//! Hashes of desired state: whether a service, or anything of a deployment, has changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use model::desired::{Dependency, ImageSource, Network, Registration, Rollout, Service, Volume};
use model::digest::Digest;
use model::hook::Hooks;
use model::id::{ContainerName, ServiceName};
use model::spec::ContainerSpec;

/// What makes a container differ.
#[derive(Serialize)]
struct Hashed<'a> {
    spec: Cow<'a, ContainerSpec>,
    image: &'a ImageSource,
    files: Option<&'a Digest>,
}

pub(super) fn service(spec: &ContainerSpec, image: &ImageSource, files: Option<&Digest>) -> Digest {
    let mut spec = Cow::Borrowed(spec);
    // Whether a missing bind source may be made does not make it differ.
    if spec.mounts.values().any(|mount| mount.create_host_path) {
        let mounts = spec.to_mut().mounts.values_mut();
        mounts.for_each(|mount| mount.create_host_path = false);
    }
    Digest::of_json(&Hashed { spec, image, files })
}

/// The fields of a service by which a deployment differs. Defaults are omitted.
#[derive(Serialize)]
struct Part<'a> {
    hash: &'a Digest,
    replicas: u32,
    stop_grace: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_name: Option<&'a ContainerName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<&'a BTreeMap<ServiceName, Dependency>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_shot: Option<&'a bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stays_ended: Option<&'a bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hooks: Option<&'a Hooks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollout: Option<Rollout>,
    registration: Option<&'a Registration>,
}

impl<'a> Part<'a> {
    fn of(service: &'a Service) -> Self {
        Self {
            hash: &service.hash,
            replicas: service.replicas,
            stop_grace: service.stop_grace,
            container_name: service.container_name.as_ref(),
            depends_on: non_default(&service.depends_on),
            one_shot: non_default(&service.job),
            stays_ended: non_default(&service.stays_ended),
            hooks: non_default(&service.hooks),
            rollout: rollout(service),
            registration: service.registration.as_ref(),
        }
    }
}

/// What the stack says of it. A default that becomes another one is no news.
fn rollout(service: &Service) -> Option<Rollout> {
    let mut rollout = service.rollout.clone();
    if rollout.min_healthy == Rollout::min_healthy_of(&service.spec) {
        rollout.min_healthy = Rollout::default().min_healthy;
    }
    Some(rollout).filter(|rollout| *rollout != Rollout::default())
}

fn non_default<T: Default + PartialEq>(thing: &T) -> Option<&T> {
    Some(thing).filter(|thing| **thing != T::default())
}

pub(super) fn deployment(
    engine: &str,
    services: &BTreeMap<ServiceName, Service>,
    networks: &BTreeMap<String, Network>,
    volumes: &BTreeMap<String, Volume>,
) -> Digest {
    let services: BTreeMap<_, _> = services.iter().map(|(k, s)| (k, Part::of(s))).collect();
    let networks: BTreeMap<_, _> =
        networks.iter().map(|(k, n)| (k, (&n.spec, n.external))).collect();
    let volumes: BTreeMap<_, _> = volumes.iter().map(|(k, v)| (k, (&v.spec, v.external))).collect();
    Digest::of_json(&(engine, services, networks, volumes))
}
