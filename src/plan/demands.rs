//! What a deployment demands of the host, read from its desired state. The engine
//! adapter reads the same demands again from the final request bodies.

use crate::model::build::Build;
use crate::model::desired::{Deployment, ImageSource};
use crate::model::diagnostic::Loc;
use crate::model::policy::{Demand, normalise};
use crate::model::spec::MountSource;

/// Every demand with the place it is written at, in a fixed order.
pub(super) fn demands(deployment: &Deployment) -> Vec<(Demand, Option<Loc>)> {
    let mut found = Vec::new();
    for service in deployment.services.values() {
        let at = |path: String| service.origins.find(&path).cloned();
        for (target, mount) in &service.spec.mounts {
            if let MountSource::Bind(path) = &mount.source {
                found.push((Demand::Bind(normalise(path)), at(format!("volumes.{target}"))));
            }
        }
        if let ImageSource::Build(build) = &service.image {
            let needed = build.needed().into_iter().map(|(_, needed)| needed);
            for build in needed.chain([build.as_ref()]) {
                found.extend(of_build(build).map(|demand| (demand, at("build".to_owned()))));
            }
        }
        for capability in &service.spec.privileges.cap_add {
            found.push((Demand::Capability(capability.clone()), at("cap_add".to_owned())));
        }
    }
    for network in deployment.networks.values() {
        let name = network.spec.name.as_str();
        if is_foreign(deployment, name) {
            found.push((Demand::Network(name.to_owned()), Some(network.origin.clone())));
        }
        options(&network.spec.driver_opts, &network.origin, &mut found);
    }
    for volume in deployment.volumes.values() {
        let name = volume.spec.name.as_str();
        if is_foreign(deployment, name) {
            found.push((Demand::Volume(name.to_owned()), Some(volume.origin.clone())));
        }
        options(&volume.spec.driver_opts, &volume.origin, &mut found);
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// The host's network, an agent that signs with somebody's keys, a context that the engine
/// fetches.
fn of_build(build: &Build) -> impl Iterator<Item = Demand> {
    let network = build.network.as_deref().filter(|mode| !matches!(*mode, "default" | "none"));
    let network = network.map(|mode| Demand::Build(format!("networkmode={mode}")));
    let ssh = (!build.ssh.is_empty()).then(|| Demand::Build("ssh".to_owned()));
    let remote = build.remote.iter().map(|from| Demand::Build(format!("remote={from}")));
    network.into_iter().chain(ssh).chain(remote)
}

/// Names that do not begin with the deployment's id may belong to others.
fn is_foreign(deployment: &Deployment, name: &str) -> bool {
    !name.strip_prefix(deployment.id.as_str()).is_some_and(|rest| rest.starts_with('_'))
}

fn options(
    options: &std::collections::BTreeMap<String, String>,
    at: &Loc,
    found: &mut Vec<(Demand, Option<Loc>)>,
) {
    for (name, value) in options {
        found.push((Demand::DriverOption(format!("{name}={value}")), Some(at.clone())));
    }
}
