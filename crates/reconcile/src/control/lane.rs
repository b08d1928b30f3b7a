//! Who may call an outside system now: a queue with room for so many at once, per engine
//! and kind of call.

use std::collections::{BTreeMap, BTreeSet};

use model::action::{Action, Outside};
use model::id::EngineName;
use model::plan::Step;

use super::limits::Limits;

/// All queues. `T` is what waits in them, the least first.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    limits: Limits,
    lanes: BTreeMap<Lane, Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    inside: usize,
    waiting: BTreeSet<T>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    /// Waits change nothing: any number of them, which ask in turn (`polls`).
    Waits,
    /// Each write of a record must follow exactly the one before.
    Ledger(EngineName),
    Catalog,
    Engine(EngineName),
    Images(EngineName),
    Stops(EngineName),
}

impl Lane {
    fn of(step: &Step) -> Self {
        match (&step.action, step.action.outside()) {
            (Action::Await { .. }, _) => Self::Waits,
            (_, Outside::Ledger) => Self::Ledger(step.engine.clone()),
            (_, Outside::Catalog) => Self::Catalog,
            (Action::PullImage { .. } | Action::BuildImage { .. }, Outside::Engine) => {
                Self::Images(step.engine.clone())
            }
            (Action::StopContainer { .. } | Action::RestartContainer { .. }, Outside::Engine) => {
                Self::Stops(step.engine.clone())
            }
            (_, Outside::Engine) => Self::Engine(step.engine.clone()),
        }
    }

    /// At least 1, so that nothing waits forever.
    fn room(&self, limits: &Limits) -> usize {
        let room = match self {
            Self::Waits => usize::MAX,
            Self::Ledger(_) => 1,
            Self::Catalog => limits.catalog,
            Self::Engine(_) => limits.per_engine,
            Self::Images(_) => limits.images,
            Self::Stops(_) => limits.stops,
        };
        room.max(1)
    }
}

impl<T: Ord> Lanes<T> {
    /// Empty queues.
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, lanes: BTreeMap::new() }
    }

    /// Adds something to the queue of its step.
    pub(super) fn queue(&mut self, step: &Step, item: T) {
        self.lane(step).waiting.insert(item);
    }

    /// Takes the first that finds room.
    pub(super) fn next(&mut self) -> Option<T> {
        let limits = self.limits;
        let mut open = self
            .lanes
            .iter_mut()
            .filter(|(lane, queue)| !queue.waiting.is_empty() && queue.inside < lane.room(&limits));
        open.next().and_then(|(_, queue)| queue.waiting.pop_first())
    }

    /// A call begins.
    pub(super) fn enter(&mut self, step: &Step) {
        self.lane(step).inside += 1;
    }

    /// A call ended.
    pub(super) fn leave(&mut self, step: &Step) {
        let lane = self.lane(step);
        lane.inside = lane.inside.saturating_sub(1);
    }

    fn lane(&mut self, step: &Step) -> &mut Queue<T> {
        self.lanes
            .entry(Lane::of(step))
            .or_insert_with(|| Queue { inside: 0, waiting: BTreeSet::new() })
    }
}
