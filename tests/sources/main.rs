//! Sources on real folders and real git repositories.
#![cfg(feature = "runtime")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dir;
mod git;
mod http;
mod repository;
mod temp;
