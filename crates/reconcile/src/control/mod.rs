//! One pass, and the loop around it, generic over a world.
//!
//! Reading order: [`prepare`] and [`apply`] (one pass), `observe` (looking), `execute` with
//! `job` and `lane` (carrying a plan out), then [`run`] (the controller).
//!
//! No decision about the world is made here, that is `plan`'s; only *when* something is
//! done: in which order, how much at once, how soon again, and (`presence`) whether what a
//! folder lacks is certain. Everything runs in the
//! caller's task, nothing is spawned, and dropping a future is a crash: the next pass finds
//! out what became of it.

mod admit;
mod answer;
mod back;
mod backoff;
mod circuit_breaker;
mod event;
mod execute;
mod exit;
mod history;
mod job;
mod lane;
mod lease;
mod limits;
mod load;
mod next_look;
mod observe;
mod pass;
mod polls;
mod presence;
mod report;
mod run;
mod setup;
mod status;
mod stop;
mod triggers;
mod wait;

pub use answer::{Looked, look, look_at_ledger};
pub use backoff::{Held, Kind, Subject};
pub use event::{Event, Progress, Silent};
pub use execute::execute;
pub use exit::{Exit, Left};
pub use lease::run_leased;
pub use limits::{Limits, Pace};
pub use load::Load;
pub use observe::{Part, observe};
pub use pass::{Prepared, apply, once, prepare};
pub use report::{Ending, Execution, Failure, GoneBack, PassError, Report, StepError};
pub use run::run;
pub use setup::Setup;
pub use status::Status;
pub use stop::Stop;
pub use wait::{Pending, WaitError};
