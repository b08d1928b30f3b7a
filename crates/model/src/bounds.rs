//! How much one stack may ask for: who can push one must not be able to stop the controller
//! for all others. The operator may raise it.

/// The most that one deployment may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Services.
    pub services: u32,
    /// Replicas of one service.
    pub replicas: u32,
    /// Replicas of all services.
    pub containers: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { services: 5_000, replicas: 1_000, containers: 10_000 }
    }
}
