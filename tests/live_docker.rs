//! The engine adapter on a real engine: `scripts/with-lab --tls --registry -- cargo
//! nextest run --features live --test live_docker`.

#[cfg(test)]
#[path = "live_docker/attributes.rs"]
mod attributes;
#[cfg(test)]
#[path = "live_docker/builds.rs"]
mod builds;
#[cfg(test)]
#[path = "live_docker/containers.rs"]
mod containers;
#[cfg(test)]
#[path = "live_docker/engine.rs"]
mod engine;
#[cfg(test)]
#[path = "live_docker/images.rs"]
mod images;
#[cfg(test)]
#[path = "live_docker/ledger.rs"]
mod ledger;
#[cfg(test)]
#[path = "live_docker/networks.rs"]
mod networks;
#[cfg(test)]
#[path = "live_docker/support.rs"]
mod support;
