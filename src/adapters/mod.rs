//! The real world, one file per outside thing.

pub mod http;
