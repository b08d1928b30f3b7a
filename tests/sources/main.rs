//! Sources on real folders and real git repositories.
#![cfg(feature = "runtime")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod dir;
mod git;
mod http;
mod kept_elsewhere;
mod mark;
mod repository;
#[cfg(feature = "live")]
mod ssh;
#[cfg(feature = "live")]
mod sshd;
mod temp;
mod web;
mod writing;
