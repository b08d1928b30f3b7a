//! What happens by itself in a simulated world: inside its engines, and from outside.

use std::time::Duration;

use super::rng::Rng;
use model::id::{ContainerId, ContainerName, EngineName, NetworkName};
use model::observed::Health;

/// Something that will happen by itself.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Inside an engine.
    Engine(EngineName, EngineEvent),
    /// From outside.
    ExternalChange(Scheduled),
}

/// Something that an engine does by itself when its time has come.
#[derive(Clone, Debug)]
pub(super) enum EngineEvent {
    /// The main process of a container's so-manieth run ends.
    Exit { container: ContainerId, run: u32, code: i64 },
    /// Its health check says something else.
    Health { container: ContainerId, run: u32, health: Health },
    /// The restart policy starts it again.
    Restart { container: ContainerId, run: u32 },
    /// The daemon itself comes back from a restart.
    Back,
}

/// Something that happens to an engine from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalChange {
    /// The main process of a container of ours dies.
    Die,
    /// `docker kill` of a container of ours.
    Kill,
    /// `docker stop` of a container of ours.
    Stop,
    /// `docker rm -f` of a container of ours; its volumes stay.
    Remove,
    /// `docker update --memory` of a container of ours.
    Update,
    /// `docker pause` of a container of ours.
    Pause,
    /// A foreign container takes a name, if it is free.
    TakeName(ContainerName),
    /// A foreign network takes this name, if it is free.
    TakeNetwork(NetworkName),
    /// `docker commit` and `docker run` of a container of ours: a stranger with our labels.
    CopyLabels,
    /// No call reaches the engine for a while; what runs there runs on.
    CutOff(Duration),
    /// The daemon is killed and comes back after a while.
    RestartDaemon(Duration),
    /// No call reaches the catalog for a while.
    CatalogDown(Duration),
    /// No call reaches the ledger in Consul for a while.
    LedgerDown(Duration),
    /// All that is remembered of the engine is lost.
    LoseLedger,
    /// `docker system prune -af`, with `--volumes` or without: what has ended, what nobody
    /// uses, and the records on the engine, which are containers that never ran.
    Prune {
        /// Whether volumes go, too.
        volumes: bool,
    },
    /// The daemon is killed and comes back after a while; then its kernel cannot limit memory
    /// any more, or can again.
    RestartWithOtherFacts(Duration),
    /// The calendar of the controller's machine is set by so many seconds, forward or back.
    SetClock(i64),
}

/// A hand's act at a time to come.
#[derive(Clone, Debug)]
pub(super) struct Scheduled {
    pub(super) engine: EngineName,
    pub(super) hand: ExternalChange,
    pub(super) rng: Rng,
}
