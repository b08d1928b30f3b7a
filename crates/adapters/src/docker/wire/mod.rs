//! The way to an engine: where it is, how requests get there and answers are read.
//!
//! - `endpoint`: where it is. `transport`, `amend`: how requests get there, with the negotiated
//!   API version and past the guard, for which `evaluate` reads.
//! - `answer`: the engine's answers, as far as they are read. `error`: what went wrong, by what to
//!   do next; `unreachable`: why nothing answers, and what helps.
//! - `archive`: files on their way. `logins`: what is sent to registries.

mod amend;
pub(super) mod answer;
pub(super) mod archive;
pub(super) mod endpoint;
pub(super) mod error;
mod evaluate;
pub(super) mod logins;
pub(super) mod transport;
mod unreachable;

pub(super) use amend::OF_ENDPOINTS;
