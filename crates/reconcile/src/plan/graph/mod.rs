//! Sixth stage: what must come before what. Needs are linked to whatever gives them, and
//! takers of a resource to the step that frees it, across all services, deployments and engines of
//! the pass; then steps get their numbers. Knows nothing of why.

mod ancestry;
mod check;
mod circles;
mod conditional;
mod links;
mod number;
mod placeholders;
mod used;
mod withheld;

pub use self::check::{Fault, check};
pub(super) use self::circles::exchanges;
pub(super) use self::links::Links;
pub(super) use self::number::{numbered_after, steps};
pub(super) use self::used::without_used;
