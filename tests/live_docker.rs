//! The engine adapter on a real engine: `scripts/with-lab --tls --registry -- cargo
//! nextest run --features live --test live_docker`.

#[path = "live_docker/containers.rs"]
mod containers;
#[path = "live_docker/engine.rs"]
mod engine;
#[path = "live_docker/images.rs"]
mod images;
#[path = "live_docker/ledger.rs"]
mod ledger;
#[path = "live_docker/support.rs"]
mod support;
