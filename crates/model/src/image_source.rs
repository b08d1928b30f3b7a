//! Where the image of a service comes from: a registry, or a build of the deployment.

use std::time::Duration;

use serde::Serialize;

use super::build::Build;
use super::digest::Digest;
use super::id::ServiceName;

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ImageSource {
    /// Pulled when it is absent, or as the policy says.
    Pull(PullPolicy),
    /// Built from a context of the tree, when no image with that hash exists.
    Build(Box<Build>),
    /// Built for another service of the deployment, whose build names it.
    BuiltBy {
        /// That service.
        service: ServiceName,
        /// The hash of its build.
        hash: Digest,
    },
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PullPolicy {
    /// When it is not on the engine.
    #[default]
    Missing,
    /// Never: absent is an error.
    Never,
    /// Once for each revision of the source.
    Always,
    /// When it was not pulled for so long.
    Every(Duration),
}
