//! The ledger: what must be remembered between passes and labels cannot say.
//!
//! One record per deployment and engine. They live in Consul KV if Consul is configured, else
//! each on its engine. The loss of any of them costs memory, never correctness. No record ever
//! holds a secret.

mod change;
mod history;
mod stable;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use change::LedgerChange;
pub use history::{MOST as MOST_REMEMBERED, PastRollout, RolloutResult};
pub use stable::{MOST_STABLE, Pin, Quarantine, Stable, Then};
pub use view::{LedgerView, Stored};

use super::desired::Layout;
use super::digest::Digest;
use super::id::{
    ContainerId, DeploymentId, EngineName, ImageId, ImageRef, NetworkId, Revision, ServiceName,
    SourceId, VolumeName,
};
use super::time::Timestamp;

/// What we remember.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The records, by engine and deployment.
    pub records: BTreeMap<EngineName, BTreeMap<DeploymentId, Record>>,
}

impl Ledger {
    /// What is remembered of a deployment on an engine.
    #[must_use]
    pub fn record(&self, engine: &EngineName, deployment: &DeploymentId) -> Option<&Record> {
        self.records.get(engine)?.get(deployment)
    }

    /// What was last applied of a deployment on an engine.
    #[must_use]
    pub fn applied(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
    ) -> Option<&DeploymentRecord> {
        self.record(engine, deployment)?.applied.as_ref()
    }

    /// The resources of a deployment that were adopted on an engine.
    #[must_use]
    pub fn adopted(&self, engine: &EngineName, deployment: &DeploymentId) -> Option<&Adopted> {
        self.record(engine, deployment)?.adopted.as_ref()
    }

    /// The records of an engine.
    pub fn on(&self, engine: &EngineName) -> impl Iterator<Item = (&DeploymentId, &Record)> {
        self.records.get(engine).into_iter().flatten()
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = (&EngineName, &DeploymentId, &Record)> {
        self.records
            .iter()
            .flat_map(|(engine, all)| all.iter().map(move |(id, record)| (engine, id, record)))
    }

    /// Replaces a record; one that says nothing is removed.
    pub fn put(&mut self, engine: &EngineName, deployment: &DeploymentId, record: Record) {
        let all = self.records.entry(engine.clone()).or_default();
        if record.is_empty() {
            all.remove(deployment);
        } else {
            all.insert(deployment.clone(), record);
        }
        self.records.retain(|_, all| !all.is_empty());
    }

    /// Makes one change of a record on an engine.
    pub fn apply(&mut self, engine: &EngineName, change: &LedgerChange) {
        let deployment = change.deployment();
        let record = self.record(engine, deployment).cloned().unwrap_or_default();
        self.put(engine, deployment, record.changed(change));
    }
}

/// What is remembered of one deployment on one engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Which form it has.
    #[serde(default)]
    pub version: u32,
    /// What was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<DeploymentRecord>,
    /// What is ours although its labels do not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
    /// The last rollouts, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRollout>,
    /// The last states that were rolled out and worked, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stable: Vec<Stable>,
    /// The revision whose rollout failed, until another one is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// What a person wants instead of what the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// Which record on the engine Consul's was continued from, when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<ContainerId>,
    /// What other versions of this program remember. It is kept as it is.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
    /// The container that holds it, of a record on an engine.
    #[serde(skip)]
    pub origin: Option<ContainerId>,
}

/// The newest form of a record that is understood. A member that may be unknown to some
/// version does not change it.
const VERSION: u32 = 1;

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// If it is none, or a newer version of this program wrote what this one must not touch.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let record: Self =
            serde_json::from_slice(text).map_err(|error| format!("it is no record: {error}"))?;
        if record.version > VERSION {
            let version = record.version;
            return Err(format!("a newer version of reconciler wrote it (its form is {version})"));
        }
        Ok(record)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        let written = Self { version: VERSION, ..self.clone() };
        serde_json::to_string(&written).expect("BUG: a record is plain data")
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applied.is_none()
            && self.adopted.is_none()
            && self.history.is_empty()
            && self.stable.is_empty()
            && self.quarantine.is_none()
            && self.pin.is_none()
            && self.others.is_empty()
    }

    /// The source that it was written for.
    #[must_use]
    pub fn source(&self) -> Option<&SourceId> {
        let applied = self.applied.as_ref().map(|applied| &applied.source);
        applied
            .or(self.adopted.as_ref().map(|adopted| &adopted.source))
            .or(self.history.first().map(|rollout| &rollout.source))
    }

    /// The record after one change; what is not changed stays, also what is not understood.
    #[must_use]
    pub fn changed(mut self, change: &LedgerChange) -> Self {
        match change {
            LedgerChange::Record { record, lifts, .. } => {
                self.applied = Some(record.clone());
                self.quarantine = self.quarantine.filter(|_| !lifts);
            }
            LedgerChange::Stable { stable, .. } => {
                stable::add(&mut self.stable, (**stable).clone());
            }
            LedgerChange::Quarantine { quarantine, .. } => {
                self.quarantine = Some((**quarantine).clone());
            }
            LedgerChange::Pin { pin, .. } => self.pin = Some((**pin).clone()),
            LedgerChange::Resume { .. } => (self.quarantine, self.pin) = (None, None),
            LedgerChange::Enter { rollout, .. } => {
                history::enter(&mut self.history, (**rollout).clone());
            }
            LedgerChange::Forget { .. } => return Self::default(),
            LedgerChange::Adopt { adopted, record, .. } => {
                self.adopted = Some(adopted.clone());
                if record.is_some() {
                    self.applied.clone_from(record);
                }
            }
        }
        self
    }

    /// This record, and what only an older one says.
    #[must_use]
    pub(crate) fn over(mut self, older: &Self) -> Self {
        self.applied = self.applied.or_else(|| older.applied.clone());
        self.adopted = self.adopted.or_else(|| older.adopted.clone());
        if self.history.is_empty() {
            self.history.clone_from(&older.history);
        }
        if self.stable.is_empty() {
            self.stable.clone_from(&older.stable);
        }
        self.pin = self.pin.or_else(|| older.pin.clone());
        self.quarantine = self.quarantine.or_else(|| older.quarantine.clone());
        for (name, value) in &older.others {
            self.others.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }
}

/// The ledger in the form that it had before 2026-12: one value for all deployments.
#[derive(Clone, Debug, Default, Deserialize)]
struct Single {
    #[serde(default)]
    deployments: BTreeMap<DeploymentId, DeploymentRecord>,
    #[serde(default)]
    adopted: BTreeMap<EngineName, BTreeMap<DeploymentId, Adopted>>,
}

impl Ledger {
    /// Reads a ledger that is one value for all deployments, as it was once written.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse_single(text: &[u8]) -> Result<Self, String> {
        let single: Single =
            serde_json::from_slice(text).map_err(|error| format!("it is no ledger: {error}"))?;
        let mut ledger = Self::default();
        for (deployment, applied) in single.deployments {
            let all = ledger.records.entry(applied.engine.clone()).or_default();
            all.entry(deployment).or_default().applied = Some(applied);
        }
        for (engine, all) in single.adopted {
            let records = ledger.records.entry(engine).or_default();
            for (deployment, adopted) in all {
                records.entry(deployment).or_default().adopted = Some(adopted);
            }
        }
        Ok(ledger)
    }
}

/// What is ours of one deployment although we did not make it. Ids are never given twice,
/// so that one that is gone proves nothing about anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The source that it was adopted for.
    pub source: SourceId,
    /// Containers by their full id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<ContainerId, AdoptedContainer>,
    /// Networks by their full id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub networks: BTreeSet<NetworkId>,
    /// Volumes have no id: by name. The time that the engine calls that of their making is kept,
    /// but proves nothing: Docker 20.10 moves it on when something is written at their top.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<VolumeName, Option<String>>,
    /// Images that Compose built, and what the stack said of their builds then: they do not
    /// say it themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageRef, AdoptedImage>,
}

/// What is remembered of an adopted image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedImage {
    /// Which image had the name.
    pub id: ImageId,
    /// The hash of the build in the stack.
    pub build: Digest,
}

/// What is remembered of an adopted container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedContainer {
    /// The hash of the files that the stack put into it when it was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_hash: Option<Digest>,
}

/// What was last applied of one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// From which source.
    pub source: SourceId,
    /// On which engine.
    pub engine: EngineName,
    /// Which revision last changed it.
    pub revision: Revision,
    /// The hash of the whole deployment at that revision.
    pub hash: Digest,
    /// How the source's deployments were found; a change of it never prunes unasked.
    pub layout: Layout,
    /// How many replicas each service had: a slot beyond is scaled up, one within
    /// is replaced.
    #[serde(default)]
    pub scale: BTreeMap<ServiceName, u32>,
    /// When images were pulled whose policy asks for it: an engine does not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pulled: BTreeMap<ImageRef, Pulled>,
}

/// When an image was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    /// The time.
    pub at: Timestamp,
    /// The revision that asked for it.
    pub revision: Revision,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn applied(revision: &str) -> DeploymentRecord {
        DeploymentRecord {
            source: "git:shop".into(),
            engine: "local".into(),
            revision: revision.into(),
            hash: Digest::of(revision),
            layout: Layout::Listed,
            scale: BTreeMap::new(),
            pulled: BTreeMap::new(),
        }
    }

    #[test]
    fn what_another_version_remembers_survives_a_change() {
        let text = r#"{"version":1,"later":{"at":"r0"},"more":[1,2]}"#;
        let record = Record::parse(text.as_bytes()).unwrap();
        let change =
            LedgerChange::Record { deployment: "abc".into(), record: applied("r1"), lifts: true };
        let written: Value = serde_json::from_str(&record.changed(&change).text()).unwrap();
        assert_eq!(written["later"]["at"], "r0");
        assert_eq!(written["more"], serde_json::json!([1, 2]));
        assert_eq!(written["applied"]["revision"], "r1");
    }

    #[test]
    fn what_must_not_be_touched_is_not_read() {
        let error = Record::parse(br#"{"version":2}"#).unwrap_err();
        assert!(error.contains("newer version"), "{error}");
        assert!(Record::parse(b"[]").is_err());
    }

    #[test]
    fn one_value_for_all_becomes_a_record_for_each() {
        let applied = serde_json::to_value(applied("r1")).unwrap();
        let adopted = serde_json::json!({ "source": "git:shop", "networks": ["n1"] });
        let single = serde_json::json!({
            "deployments": { "abc": applied },
            "adopted": { "web1": { "abc": adopted } },
        });
        let ledger = Ledger::parse_single(single.to_string().as_bytes()).unwrap();
        assert_eq!(ledger.iter().count(), 2);
        assert!(ledger.applied(&"local".into(), &"abc".into()).is_some());
        assert!(ledger.adopted(&"web1".into(), &"abc".into()).is_some());
    }
}
