//! The real world, one file per outside thing.

pub mod clock;
pub mod dir;
mod hint;
