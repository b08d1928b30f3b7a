//! `reconciler` makes Docker engines and the Consul catalog agree with stack files in git.
//!
//! ```text
//! source ─► stack::load ─► DesiredState ──┐
//! engines ─► control::observe ─► ObservedState ─► plan::plan ─► Plan ─► control::execute
//! Consul ─►                               ┘            └─► blocked, drift ─► report
//! ```
//!
//! Read in this order: [`plan`] (the heart: a pure function), one file in `tests/plan/`,
//! [`control`] (the loop), then whatever a name leads to. In dependency order:
//!
//! - [`model`]: the nouns.
//! - [`world`]: the ports, as traits.
//! - [`context`]: which files of the tree a build sees.
//! - `text`: YAML with positions, messages about it.
//! - `compose`: the files of a stack to Compose's normal form.
//! - [`stack`]: text to desired state, with positions.
//! - [`plan`]: desired + observed to steps with causes. No I/O, no clock, no randomness.
//! - [`control`]: one pass, and the loop around it, generic over a world.
//! - [`sim`]: a simulated world.

#[cfg(feature = "runtime")]
pub mod api;
#[cfg(feature = "runtime")]
pub mod cli;
