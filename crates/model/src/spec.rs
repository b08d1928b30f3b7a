//! What a container, a network and a volume are, in the engine's own units.
//!
//! One type serves both sides of the comparison: the stack loader fills a
//! [`ContainerSpec`] from git, the engine adapter fills one from `inspect`, and the
//! planner compares them field by field.

pub use super::container::ContainerSpec;
pub use super::mount::{Mount, MountSource, Propagation, Recursion, Relabel};
pub use super::network::{Attachment, IpamPool, NetworkSpec, VolumeSpec};
pub use super::parts::{
    FileSpec, Healthcheck, Logging, Port, Protocol, PublishedPort, RestartPolicy,
};
pub use super::platform::Platform;
