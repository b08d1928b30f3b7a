//! The real world, one file per outside thing.

pub mod clock;
pub mod consul;
pub mod dir;
pub mod docker;
pub mod git;
mod hint;
pub mod host;
pub mod http;
pub mod lease;
pub mod local;
