//! Mounts, in the three places where the engine's API takes them. Compose's is `Binds`
//! where it can say what is meant, so that containers of both compare equal.

use bollard::models::{
    Mount as ApiMount, MountBindOptions, MountBindOptionsPropagationEnum as ApiPropagation,
    MountImageOptions, MountType, MountVolumeOptions,
};

use super::texts;
use model::action::Create;
use model::id::{ImageId, ImageRef};
use model::spec::{Mount, MountSource, Propagation, Recursion};

/// The three places.
#[derive(Default)]
pub(super) struct Mounts {
    pub(super) binds: Vec<String>,
    pub(super) structured: Vec<ApiMount>,
    pub(super) anonymous: Vec<String>,
}

impl Mounts {
    pub(super) fn of(create: &Create) -> Self {
        let mut all = Self::default();
        for (target, mount) in &create.spec.mounts {
            match (&mount.source, create.volumes.get(target)) {
                (MountSource::Bind(path), _) => all.bind(path, target, mount),
                (MountSource::Volume(name), _) | (MountSource::Anonymous, Some(name)) => {
                    all.volume(name.as_str(), target, mount);
                }
                (MountSource::Anonymous, None) if *mount == Mount::default() => {
                    all.anonymous.push(target.clone());
                }
                (MountSource::Anonymous, None) => {
                    all.structured.push(volume(None, target, mount));
                }
                (MountSource::Image(image), _) => all.structured.push(ApiMount {
                    image_options: mount
                        .subpath
                        .clone()
                        .map(|subpath| MountImageOptions { subpath: Some(subpath) }),
                    ..structured(
                        MountType::IMAGE,
                        Some(source(create, target, image)),
                        target,
                        mount,
                    )
                }),
            }
        }
        // Volumes that only the image declares.
        for (target, name) in &create.volumes {
            if !create.spec.mounts.contains_key(target) {
                all.binds.push(format!("{name}:{target}"));
            }
        }
        all
    }

    fn bind(&mut self, path: &str, target: &str, mount: &Mount) {
        let plain = mount.create_host_path && mount.recursion.is_none();
        if plain && !path.contains(':') && !target.contains(':') {
            self.binds.push(short(path, target, mount));
            return;
        }
        let options = MountBindOptions {
            create_mountpoint: mount.create_host_path.then_some(true),
            propagation: mount.propagation.map(propagation),
            non_recursive: (mount.recursion == Some(Recursion::Disabled)).then_some(true),
            read_only_non_recursive: (mount.recursion == Some(Recursion::Writable)).then_some(true),
            read_only_force_recursive: (mount.recursion == Some(Recursion::ReadOnly))
                .then_some(true),
        };
        self.structured.push(ApiMount {
            bind_options: (options != MountBindOptions::default()).then_some(options),
            ..structured(MountType::BIND, Some(path), target, mount)
        });
    }

    fn volume(&mut self, name: &str, target: &str, mount: &Mount) {
        if target.contains(':') || mount.subpath.is_some() || !mount.labels.is_empty() {
            self.structured.push(volume(Some(name), target, mount));
        } else {
            self.binds.push(short(name, target, mount));
        }
    }
}

/// The image that is mounted there: by its id, which an inspection tells again, so that it is seen
/// when the name has moved on.
fn source<'c>(create: &'c Create, target: &str, image: &'c ImageRef) -> &'c str {
    create.mounted_id(target).map_or(image.as_str(), ImageId::as_str)
}

/// `source:target[:options]`.
fn short(source: &str, target: &str, mount: &Mount) -> String {
    let options = [
        mount.read_only.then_some("ro"),
        mount.relabel.map(model::spec::Relabel::as_str),
        mount.propagation.map(Propagation::as_str),
        mount.no_copy.then_some("nocopy"),
        mount.consistency.as_deref(),
    ];
    let options: Vec<&str> = options.into_iter().flatten().collect();
    let colon = if options.is_empty() { "" } else { ":" };
    format!("{source}:{target}{colon}{}", options.join(","))
}

fn volume(name: Option<&str>, target: &str, mount: &Mount) -> ApiMount {
    let options = MountVolumeOptions {
        no_copy: mount.no_copy.then_some(true),
        subpath: mount.subpath.clone(),
        labels: texts(&mount.labels),
        driver_config: None,
    };
    ApiMount {
        volume_options: (options != MountVolumeOptions::default()).then_some(options),
        ..structured(MountType::VOLUME, name, target, mount)
    }
}

fn structured(typ: MountType, source: Option<&str>, target: &str, mount: &Mount) -> ApiMount {
    ApiMount {
        typ: Some(typ),
        source: source.map(str::to_owned),
        target: Some(target.to_owned()),
        read_only: Some(mount.read_only),
        consistency: mount.consistency.clone(),
        ..ApiMount::default()
    }
}

fn propagation(way: Propagation) -> ApiPropagation {
    match way {
        Propagation::Private => ApiPropagation::PRIVATE,
        Propagation::RPrivate => ApiPropagation::RPRIVATE,
        Propagation::Shared => ApiPropagation::SHARED,
        Propagation::RShared => ApiPropagation::RSHARED,
        Propagation::Slave => ApiPropagation::SLAVE,
        Propagation::RSlave => ApiPropagation::RSLAVE,
    }
}
