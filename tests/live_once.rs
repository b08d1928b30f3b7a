//! The built program, `--once` and `plan`, on a real engine and a real Consul:
//! `scripts/with-lab --consul -- cargo nextest run --features live --test live_once`.

#[cfg(test)]
#[path = "live_once/adopt.rs"]
mod adopt;
#[cfg(test)]
#[path = "live_once/answers.rs"]
mod answers;
#[cfg(test)]
#[path = "live_once/attributes.rs"]
mod attributes;
#[cfg(test)]
#[path = "live_once/bad.rs"]
mod bad;
#[cfg(test)]
#[path = "live_once/build.rs"]
mod build;
#[cfg(test)]
#[path = "live_once/catalog.rs"]
mod catalog;
#[cfg(test)]
#[path = "live_once/change.rs"]
mod change;
#[cfg(test)]
#[path = "live_once/converge.rs"]
mod converge;
#[cfg(test)]
#[path = "live_once/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "live_once/crashing.rs"]
mod crashing;
#[cfg(test)]
#[path = "live_once/diff.rs"]
mod diff;
#[cfg(test)]
#[path = "live_once/doctor.rs"]
mod doctor;
#[cfg(test)]
#[path = "live_once/foreign.rs"]
mod foreign;
#[cfg(test)]
#[path = "live_once/held.rs"]
mod held;
#[cfg(test)]
#[path = "live_once/history.rs"]
mod history;
#[cfg(test)]
#[path = "live_once/host.rs"]
mod host;
#[cfg(test)]
#[path = "live_once/images.rs"]
mod images;
#[cfg(test)]
#[path = "live_once/leaks.rs"]
mod leaks;
#[cfg(test)]
#[path = "live_once/ledger.rs"]
mod ledger;
#[cfg(test)]
#[path = "live_once/logins.rs"]
mod logins;
#[cfg(test)]
#[path = "live_once/logs.rs"]
mod logs;
#[cfg(test)]
#[path = "live_once/newest.rs"]
mod newest;
#[cfg(test)]
#[path = "live_once/operating.rs"]
mod operating;
#[cfg(test)]
#[path = "live_once/plan_files.rs"]
mod plan_files;
#[cfg(test)]
#[path = "live_once/progress.rs"]
mod progress;
#[cfg(test)]
#[path = "live_once/remedies.rs"]
mod remedies;
#[cfg(test)]
#[path = "live_once/rollback.rs"]
mod rollback;
#[cfg(test)]
#[path = "live_once/secrecy.rs"]
mod secrecy;
#[cfg(test)]
#[path = "live_once/shape.rs"]
mod shape;
#[cfg(test)]
#[path = "live_once/shares.rs"]
mod shares;
#[cfg(test)]
#[path = "live_once/signals.rs"]
mod signals;
#[cfg(test)]
#[path = "live_support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other live tests share it; each uses a part")]
mod support;
#[cfg(test)]
#[path = "live_once/sync.rs"]
mod sync;
#[cfg(test)]
#[path = "live_once/tls.rs"]
mod tls;
#[cfg(test)]
#[path = "live_once/twice.rs"]
mod twice;
