//! What is mounted into a container, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::host_path::normalise;
use super::id::{ImageRef, VolumeName};

/// Something mounted into a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Whether writing is refused.
    pub read_only: bool,
    /// For volumes: do not copy the image's content into a new one.
    pub no_copy: bool,
    /// For binds: whether a missing source may be made by the engine (Compose's
    /// short form). Observed mounts say `false`; it is no part of the comparison.
    pub create_host_path: bool,
    /// For binds: which mounts made later are seen on the other side; `None` is
    /// `rprivate`.
    pub propagation: Option<Propagation>,
    /// For binds: what becomes of mounts below the source; `None` takes them along.
    pub recursion: Option<Recursion>,
    /// For binds and volumes: how `SELinux` relabels the source.
    pub relabel: Option<Relabel>,
    /// For volumes and images: the folder in it that is mounted.
    pub subpath: Option<String>,
    /// For volumes that the engine makes for this mount: their labels.
    pub labels: BTreeMap<String, String>,
    /// How far host and container may differ for a while; only Docker Desktop reads it.
    pub consistency: Option<String>,
}

impl Mount {
    /// The path of the engine's host that it shows, normalised.
    #[must_use]
    pub fn bound(&self) -> Option<String> {
        match &self.source {
            MountSource::Bind(path) => Some(normalise(path)),
            MountSource::Volume(_) | MountSource::Anonymous | MountSource::Image(_) => None,
        }
    }
}

/// What a mount shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountSource {
    /// An absolute path of the engine's host.
    Bind(String),
    /// A volume by its name on the engine.
    Volume(VolumeName),
    /// A volume that the engine names itself.
    #[default]
    Anonymous,
    /// The files of an image.
    Image(ImageRef),
}

/// Which mounts made later on one side of a bind are seen on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Propagation {
    /// None.
    Private,
    /// None, nor below.
    RPrivate,
    /// Those of both sides, on both.
    Shared,
    /// Likewise, also below.
    RShared,
    /// Those of the host, in the container.
    Slave,
    /// Likewise, also below.
    RSlave,
}

impl Propagation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Private, Self::RPrivate, Self::Shared, Self::RShared, Self::Slave, Self::RSlave];

    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::RPrivate => "rprivate",
            Self::Shared => "shared",
            Self::RShared => "rshared",
            Self::Slave => "slave",
            Self::RSlave => "rslave",
        }
    }

    /// What a word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// What becomes of mounts below the source of a bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recursion {
    /// They are not mounted.
    Disabled,
    /// They stay writable although the bind is read-only.
    Writable,
    /// They must be read-only too, or the container does not start.
    ReadOnly,
}

impl Recursion {
    /// Compose's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Writable => "writable",
            Self::ReadOnly => "readonly",
        }
    }
}

/// How `SELinux` relabels what is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relabel {
    /// For all containers: `z`.
    Shared,
    /// For this one only: `Z`.
    Private,
}

impl Relabel {
    /// The engine's letter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "z",
            Self::Private => "Z",
        }
    }
}
