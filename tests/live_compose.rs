//! The same identity as Docker Compose, in both directions, on a real engine and with the
//! real Compose beside it: `RECONCILER_LAB_COMPOSE=$(scripts/lab-install --compose)
//! scripts/with-lab --consul -- cargo nextest run --features live --test live_compose`.

#[cfg(test)]
#[path = "live_compose/adoption.rs"]
mod adoption;
#[cfg(test)]
#[path = "live_compose/both.rs"]
mod both;
#[cfg(test)]
#[path = "live_compose/changes.rs"]
mod changes;
#[cfg(test)]
#[path = "live_compose/newest.rs"]
mod newest;
#[cfg(test)]
#[path = "live_compose/project.rs"]
mod project;
#[cfg(test)]
#[path = "live_compose/runbook.rs"]
mod runbook;
#[cfg(test)]
#[path = "live_support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other live tests share it; each uses a part")]
mod support;
