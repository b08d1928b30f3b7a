//! The real world, one file per outside thing.

pub mod clock;
pub mod dir;
pub mod http;
