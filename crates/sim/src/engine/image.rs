//! Images: what a pull or a build yields, and how image defaults show in a container.

use std::collections::BTreeMap;

use super::Engine;
use super::behaviour::short_name;
use model::build::Build;
use model::create::Create;
use model::digest::Digest;
use model::id::{ImageId, ImageRef};
use model::image_content::ImageContent;
use model::labels::BUILD_HASH;
use model::observed::ImageView;
use model::share::{Namespace, Peer};
use model::spec::{ContainerSpec, Healthcheck, Mount, MountSource, Propagation};
use model::target::ContainerRef;
use world::OutsideError;

impl Engine {
    /// Pulls an image. Every image can be pulled, except those called `absent`.
    pub(crate) fn pull(&mut self, image: &ImageRef) -> Result<ImageContent, OutsideError> {
        if short_name(image) == "absent" {
            return Err(OutsideError::Failed(format!("manifest for {image} not found")));
        }
        let by_digest = || self.known.values().find(|view| is_named(view, image)).cloned();
        let view = self.registry.get(image).cloned().or_else(by_digest);
        let view = view.unwrap_or_else(|| ordinary(image));
        let content = view.content();
        self.known.insert(view.id.clone(), view.clone());
        self.images.insert(image.clone(), view);
        Ok(content)
    }

    /// The image that a reference leads to: by name, or by a digest of one that is there.
    pub(crate) fn image(&self, reference: &ImageRef) -> Option<&ImageView> {
        let by_digest = || self.known.values().find(|view| is_named(view, reference));
        self.images.get(reference).or_else(by_digest)
    }

    /// From now on an image of these files has a name in the registry.
    pub(crate) fn publish(&mut self, image: &ImageRef, files: &str) {
        let files = Digest::of(files).to_string();
        let view = ImageView {
            id: ImageId::new(format!("sha256:{files}")),
            layers: vec![files.clone()],
            repo_digests: vec![format!("{}@sha256:{files}", repository(image))],
            ..ordinary(image)
        };
        self.registry.insert(image.clone(), view);
    }

    /// Builds an image.
    pub(crate) fn build(&mut self, tag: &ImageRef, build: &Build) -> ImageContent {
        let mut view = self.registry.get(tag).cloned().unwrap_or_else(|| ordinary(tag));
        view.id = ImageId::new(format!("sha256:{}", Digest::of(build.hash.as_str())));
        // No registry has it; the name only tells how its containers behave.
        view.repo_digests = vec![format!("{}@{}", repository(tag), view.id)];
        if !self.registry.contains_key(tag) {
            view.layers = vec![view.id.to_string()];
        }
        view.labels.extend(build.labels.clone());
        view.labels.insert(BUILD_HASH.to_owned(), build.hash.to_string());
        let content = view.content();
        self.known.insert(view.id.clone(), view.clone());
        self.images.insert(tag.clone(), view);
        content
    }
}

/// A reference without its tag.
fn repository(image: &ImageRef) -> &str {
    image.as_str().split(':').next().unwrap_or_default()
}

fn is_named(view: &ImageView, reference: &ImageRef) -> bool {
    view.id.as_str() == reference.as_str()
        || view.repo_digests.iter().any(|digest| digest == reference.as_str())
}

/// An image that nobody said anything about.
fn ordinary(image: &ImageRef) -> ImageView {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    ImageView {
        id: ImageId::new(format!("sha256:{}", Digest::of(image.as_str()))),
        env: BTreeMap::from([("PATH".to_owned(), path.to_owned())]),
        command: Some(vec!["/run".to_owned()]),
        entrypoint: None,
        user: None,
        working_dir: None,
        labels: BTreeMap::new(),
        healthcheck: None,
        exposed: Vec::new(),
        volumes: Vec::new(),
        stop_signal: None,
        platform: None,
        layers: vec![Digest::of(image.as_str()).to_string()],
        repo_digests: vec![format!("{}@sha256:{}", repository(image), Digest::of(image.as_str()))],
    }
}

/// A mount that the engine makes a volume of its own for.
pub(super) fn anonymous_mount() -> Mount {
    Mount::default()
}

/// What inspect shows of a container that was asked for like this: the engine's `merge`
/// of the request and the image.
pub(super) fn merged(mut spec: ContainerSpec, image: &ImageView) -> ContainerSpec {
    let has_entrypoint = spec.entrypoint.as_ref().is_some_and(|words| !words.is_empty());
    if !has_entrypoint {
        if spec.command.as_ref().is_none_or(Vec::is_empty) {
            spec.command.clone_from(&image.command);
        }
        if spec.entrypoint.is_none() {
            spec.entrypoint.clone_from(&image.entrypoint);
        }
    }
    fill_in(&mut spec);
    let unset = spec.unset_env.clone();
    inherit(&mut spec.env, &image.env, |name| !unset.contains(name));
    inherit(&mut spec.labels, &image.labels, |_| true);
    spec.user = spec.user.filter(|text| !text.is_empty()).or_else(|| image.user.clone());
    spec.working_dir =
        spec.working_dir.filter(|text| !text.is_empty()).or_else(|| image.working_dir.clone());
    spec.stop_signal = spec.stop_signal.or_else(|| image.stop_signal.clone());
    spec.healthcheck = merged_check(spec.healthcheck, image.healthcheck.as_ref());
    spec.exposed.extend(image.exposed.iter().copied());
    let published: Vec<_> = spec.published.iter().map(|port| port.container).collect();
    spec.exposed.extend(published);
    spec
}

/// What the engine itself chooses where nobody says anything.
fn fill_in(spec: &mut ContainerSpec) {
    spec.limits.memory_swap = spec.limits.memory_and_swap();
    if spec.limits.shm_size == 0 {
        spec.limits.shm_size = 64 << 20;
    }
    if spec.cgroup == Namespace::Default {
        spec.cgroup = Namespace::Private;
    }
    spec.runtime.get_or_insert_with(|| "runc".to_owned());
    spec.logging.driver.get_or_insert_with(|| {
        spec.logging.options.entry("max-size".to_owned()).or_insert_with(|| "10m".to_owned());
        "json-file".to_owned()
    });
    if spec.privileges.privileged {
        spec.privileges.security_opt.insert("label=disable".to_owned());
    }
    for mount in spec.mounts.values_mut() {
        if let MountSource::Bind(_) = mount.source {
            mount.propagation.get_or_insert(Propagation::RPrivate);
        }
    }
}

fn inherit(
    own: &mut BTreeMap<String, String>,
    image: &BTreeMap<String, String>,
    takes: impl Fn(&str) -> bool,
) {
    for (name, value) in image.iter().filter(|(name, _)| takes(name)) {
        own.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

/// A check takes every part that it does not set from the image's.
fn merged_check(own: Option<Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let (Some(mut own), Some(image)) = (own.clone(), image) else {
        return own.or_else(|| image.cloned());
    };
    if own.test.is_empty() {
        own.test.clone_from(&image.test);
    }
    own.interval = own.interval.or(image.interval);
    own.timeout = own.timeout.or(image.timeout);
    own.retries = own.retries.or(image.retries);
    own.start_period = own.start_period.or(image.start_period);
    own.start_interval = own.start_interval.or(image.start_interval);
    Some(own)
}

/// The spec with ids instead of the stack's names of other containers, and of mounted images.
pub(super) fn with_ids(create: &Create) -> ContainerSpec {
    let mut spec = create.spec.clone();
    for (target, mount) in &mut spec.mounts {
        if let Some(id) = create.mounted_id(target) {
            mount.source = MountSource::Image(id.as_str().into());
        }
    }
    let fill = |peer: &mut Peer| {
        let join = create.joins.iter().find(|join| join.peer == *peer);
        if let Some(ContainerRef::Known(id)) = join.map(|join| &join.container.container) {
            *peer = Peer::Container(id.as_str().into());
        }
    };
    for namespace in [&mut spec.network_mode, &mut spec.ipc, &mut spec.pid] {
        if let Namespace::Of(peer) = namespace {
            fill(peer);
        }
    }
    spec.volumes_from.iter_mut().for_each(|from| fill(&mut from.peer));
    spec
}
