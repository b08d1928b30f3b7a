//! What an engine gives to containers of which nobody says anything: what a stack need not repeat.

use super::share::Namespace;

/// The defaults that `GET /info` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineDefaults {
    /// The log driver.
    pub logging: Option<String>,
    /// The OCI runtime.
    pub runtime: Option<String>,
    /// Whose control groups a container sees.
    pub cgroup: Namespace,
}

impl EngineDefaults {
    /// Bytes of `/dev/shm`.
    pub const SHM: i64 = 64 << 20;
}
