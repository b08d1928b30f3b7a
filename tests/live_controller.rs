//! The controller as its users run it, on a real engine and a real Consul. Some of these
//! tests kill the engine or measure it, so each runs alone:
//! `scripts/with-lab --consul -- cargo test --features live --test live_controller -- --test-threads=1`.
//! The image's test packs `dist/reconciler`, which `scripts/image --binary` makes.

#[cfg(test)]
#[path = "live_controller/api.rs"]
mod api;
#[cfg(test)]
#[path = "live_controller/controller.rs"]
mod controller;
#[cfg(test)]
#[path = "live_controller/engine.rs"]
mod engine;
#[cfg(test)]
#[path = "live_controller/folder.rs"]
mod folder;
#[cfg(test)]
#[path = "live_controller/git.rs"]
mod git;
#[cfg(test)]
#[path = "live_controller/health.rs"]
mod health;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "sources/http.rs"]
mod http;
#[cfg(test)]
#[path = "live_controller/idle.rs"]
mod idle;
#[cfg(test)]
#[path = "live_controller/image.rs"]
mod image;
#[cfg(test)]
#[path = "live_controller/kills.rs"]
mod kills;
#[cfg(test)]
#[path = "live_controller/lease.rs"]
mod lease;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "sources/repository.rs"]
mod repository;
#[cfg(test)]
#[path = "live_controller/restart.rs"]
mod restart;
#[cfg(test)]
#[path = "live_controller/sick.rs"]
mod sick;
#[cfg(test)]
#[path = "sources/temp.rs"]
mod temp;
#[cfg(test)]
#[path = "live_controller/time.rs"]
mod time;
