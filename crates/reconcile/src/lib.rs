//! The heart: stacks to desired state, desired and observed state to a plan, and the loop that
//! carries plans out. It knows the outside only by the ports of `world`.

pub mod answer;
pub mod control;
pub mod plan;
pub mod stack;
