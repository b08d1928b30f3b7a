//! The real world, one file per outside thing.

pub mod consul;
pub mod http;
pub mod lease;
