//! What a deployment needs an engine to be able to do. An engine silently ignores what its
//! API does not know, so it is never asked.

use std::fmt;

use crate::plan::context::Context;
use model::ability::{Abilities, ApiVersion, NO_BUILDKIT};
use model::desired::{Deployment, ImageSource, Service};
use model::diagnostic::Loc;
use model::fields::{self, Fields};
use model::spec::{Mount, MountSource, Recursion};

/// Something that an engine must be able to do.
pub(super) struct Need {
    /// What the stack says: ``` `gw_priority` of service web```.
    pub(super) attribute: String,
    pub(super) what: What,
    pub(super) at: Option<Loc>,
}

/// What an engine must have.
pub(super) enum What {
    /// This API version, or a newer one.
    Api(ApiVersion),
    /// This operating system.
    Os(String),
    /// What images are built with.
    BuildKit,
    /// Nothing that any engine has.
    Nothing(&'static str),
}

impl Need {
    fn is_met(&self, abilities: &Abilities) -> bool {
        match &self.what {
            What::Api(version) => abilities.api >= *version,
            What::Os(os) => abilities.os == *os,
            What::BuildKit => abilities.buildkit,
            What::Nothing(_) => false,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(version) => write!(f, "an engine with API {version}"),
            Self::Os(os) => write!(f, "an engine on {os}"),
            Self::BuildKit => write!(f, "an engine with BuildKit [{NO_BUILDKIT}]"),
            Self::Nothing(why) => f.write_str(why),
        }
    }
}

/// What the deployment's engine lacks, in a fixed order.
pub(super) fn lacking(context: &Context<'_>) -> Vec<Need> {
    let abilities = &context.inventory.contents.abilities;
    let mut needs = needs(context.deployment);
    needs.retain(|need| !need.is_met(abilities));
    needs
}

fn needs(deployment: &Deployment) -> Vec<Need> {
    let mut all = Vec::new();
    for service in deployment.services.values() {
        of_service(service, &mut all);
    }
    for (key, network) in &deployment.networks {
        for (field, version) in versions(&network.spec).filter(|_| !network.external) {
            all.push(Need {
                attribute: format!("`{field}` of network {key}"),
                what: What::Api(version),
                at: Some(network.origin.clone()),
            });
        }
    }
    all
}

/// The plain fields that are set and that not every engine knows, each with the first version of
/// the API that does.
fn versions<S: Fields>(spec: &S) -> impl Iterator<Item = (&'static str, ApiVersion)> {
    let used = fields::plain::<S>().filter(|field| !(field.value)(spec).is_unset());
    used.filter_map(|field| Some((field.key, field.since?)))
}

fn of_service(service: &Service, all: &mut Vec<Need>) {
    let spec = &service.spec;
    let mut add = |field: &str, word: &str, what: What| {
        let attribute = format!("`{word}` of service {}", service.name);
        all.push(Need { attribute, what, at: service.origins.find(field).cloned() });
    };
    let api = |minor| What::Api(ApiVersion::one(minor));
    if let ImageSource::Build(build) = &service.image {
        add("build", "build", What::BuildKit);
        // The BuildKit of older engines ignores them.
        let needs =
            [("shm_size", build.shm_size.is_some()), ("ulimits", !build.ulimits.is_empty())];
        for (key, _) in needs.into_iter().filter(|(_, is_used)| *is_used) {
            add("build", &format!("build.{key}"), api(42));
        }
    }
    for (field, version) in versions(spec) {
        add(field, field, What::Api(version));
    }
    if spec.healthcheck.as_ref().is_some_and(|check| check.start_interval.is_some()) {
        add("healthcheck.start_interval", "start_interval", api(44));
    }
    if spec.devices.requests.iter().any(|request| request.driver == "cdi") {
        add("devices", "devices", api(44));
    }
    if let Some(isolation) = spec.isolation.as_deref().filter(|word| *word != "default") {
        add("isolation", &format!("isolation: {isolation}"), What::Os("windows".to_owned()));
    }
    if let Some(platform) = &spec.platform {
        add("platform", &format!("platform: {platform}"), What::Os(platform.os.clone()));
    }
    for (place, (network, attachment)) in spec.networks_in_order().into_iter().enumerate() {
        let needs = [
            (place > 0 && attachment.mac.is_some(), "mac_address", 44),
            (attachment.gateway_priority != 0, "gw_priority", 48),
            (attachment.interface.is_some(), "interface_name", 49),
        ];
        for (_, word, minor) in needs.into_iter().filter(|(is_used, ..)| *is_used) {
            add(&format!("networks.{network}"), word, api(minor));
        }
    }
    for (target, mount) in &spec.mounts {
        for (word, what) in of_mount(mount) {
            add(&format!("volumes.{target}"), word, what);
        }
    }
}

fn of_mount(mount: &Mount) -> Vec<(&'static str, What)> {
    let api = |minor| What::Api(ApiVersion::one(minor));
    let mut all = Vec::new();
    let is_bind = matches!(mount.source, MountSource::Bind(_));
    let is_image = matches!(mount.source, MountSource::Image(_));
    if is_image {
        all.push(("type: image", api(48)));
    } else if mount.subpath.is_some() {
        all.push(("subpath", api(45)));
    }
    if matches!(mount.recursion, Some(Recursion::Writable | Recursion::ReadOnly)) {
        all.push(("recursive", api(44)));
    }
    // The engine relabels only what is mounted in its short form.
    let short = if is_bind {
        mount.create_host_path && mount.recursion.is_none()
    } else {
        mount.subpath.is_none() && mount.labels.is_empty()
    };
    if mount.relabel.is_some() && !short {
        let why =
            "a bind with `create_host_path` and without `recursive`: engines relabel no other";
        all.push(("selinux", What::Nothing(why)));
    }
    all
}
