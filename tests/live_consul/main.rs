//! The Consul adapter against a real Consul: `scripts/with-lab --consul -- cargo nextest
//! run --features live --test live_consul`.
//!
//! Every test has an installation and service names of its own, so that they can run
//! side by side on one Consul.

#![expect(clippy::unwrap_used, reason = "a test fails where the program returns an error")]

mod acl;
mod catalog;
mod host;
mod lease;
mod ledger;
mod support;
