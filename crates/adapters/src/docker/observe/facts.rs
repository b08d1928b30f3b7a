//! What an engine says of itself and its host, for a person who looks for what is wrong, and all
//! that bears labels of any installation.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::inspect::instant;
use crate::docker::Docker;
use crate::docker::form::{LOCK, RECORD, STATE};
use crate::http::percent_encoded;
use model::id::{ContainerId, ContainerName, SourceId};
use model::labels::INSTALLATION;
use model::ledger::Record;
use model::time::Timestamp;
use world::OutsideError;

/// What an engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its version: `20.10.24`.
    pub version: String,
    /// The API that is spoken with it.
    pub api: String,
    /// `1` or `2`; empty if it does not say.
    pub cgroup: String,
    /// What limits of the kernel it cannot set, by Compose's keys.
    pub missing: Vec<&'static str>,
    /// Its clock when it answered.
    pub time: Option<Timestamp>,
    /// The folder of its data on its host.
    pub root: String,
    /// Whether the engine runs as a user without rights.
    pub rootless: bool,
}

/// `GET /info`, as much of it as is read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    server_version: String,
    cgroup_version: String,
    system_time: String,
    docker_root_dir: String,
    security_options: Option<Vec<String>>,
    memory_limit: Option<bool>,
    swap_limit: Option<bool>,
    pids_limit: Option<bool>,
    cpu_cfs_quota: Option<bool>,
    #[serde(rename = "CPUSet")]
    cpu_set: Option<bool>,
}

/// A container with the label of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// Whether it runs.
    pub runs: bool,
    /// All of its labels.
    pub labels: BTreeMap<String, String>,
    /// What it holds of ours instead of running.
    pub holds: Held,
}

impl Marked {
    /// The source that a record was written for; `None` if it is none, or does not say.
    #[must_use]
    pub fn recorded_for(&self) -> Option<SourceId> {
        let record = Record::parse(self.labels.get(RECORD)?.as_bytes()).ok()?;
        record.source().cloned()
    }
}

/// What a container is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// To run.
    Nothing,
    /// A record of the ledger.
    Record,
    /// A lock; [`crate::docker::LockHolder`] reads it.
    Lock,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Docker {
    /// What the engine says of itself, asked anew.
    ///
    /// # Errors
    /// If it does not answer, or speaks no API that is known.
    pub async fn facts(&self) -> Result<EngineFacts, OutsideError> {
        let info: Info = self.decoded(&self.get("/info").await?)?;
        let api = self.read(self.transport.version()).await?;
        Ok(facts(&info, api.to_string()))
    }

    /// All containers that bear the label of an installation, whose ever.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub async fn marked(&self) -> Result<Vec<Marked>, OutsideError> {
        let filters = serde_json::json!({ "label": [INSTALLATION] }).to_string();
        let path = format!("/containers/json?all=true&filters={}", percent_encoded(&filters));
        let list: Vec<Summary> = self.decoded(&self.get(&path).await?)?;
        Ok(list.into_iter().filter_map(marked).collect())
    }
}

fn marked(seen: Summary) -> Option<Marked> {
    let labels = seen.labels.unwrap_or_default();
    // What is kept of states that worked belongs to records, and is no container of a stack.
    if labels.contains_key(STATE) {
        return None;
    }
    let names = seen.names.unwrap_or_default();
    let name = names.iter().map(|name| name.trim_start_matches('/')).find(|n| !n.contains('/'))?;
    let holds = if labels.contains_key(RECORD) {
        Held::Record
    } else if labels.contains_key(LOCK) {
        Held::Lock
    } else {
        Held::Nothing
    };
    let (id, name, runs) = (ContainerId::new(seen.id), name.into(), seen.state == "running");
    Some(Marked { id, name, runs, labels, holds })
}

fn facts(info: &Info, api: String) -> EngineFacts {
    let limits = [
        ("mem_limit", info.memory_limit),
        ("memswap_limit", info.swap_limit),
        ("pids_limit", info.pids_limit),
        ("cpus", info.cpu_cfs_quota),
        ("cpuset", info.cpu_set),
    ];
    let options = info.security_options.as_deref().unwrap_or_default();
    EngineFacts {
        version: info.server_version.clone(),
        api,
        cgroup: info.cgroup_version.clone(),
        missing: limits.into_iter().filter(|(_, can)| *can == Some(false)).map(|it| it.0).collect(),
        time: instant(&info.system_time),
        root: info.docker_root_dir.clone(),
        rootless: options.iter().any(|option| option.contains("rootless")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_of_itself_is_read() {
        let info: Info = serde_json::from_str(
            r#"{"ServerVersion":"20.10.24","CgroupVersion":"2","SwapLimit":false,"MemoryLimit":true,
                "SystemTime":"1970-01-01T00:00:07.000000001Z","DockerRootDir":"/var/lib/docker",
                "SecurityOptions":["name=seccomp,profile=default","name=rootless"]}"#,
        )
        .unwrap();
        let expected = EngineFacts {
            version: "20.10.24".to_owned(),
            api: "1.41".to_owned(),
            cgroup: "2".to_owned(),
            missing: vec!["memswap_limit"],
            time: Some(Timestamp(7_000_000_001)),
            root: "/var/lib/docker".to_owned(),
            rootless: true,
        };
        assert_eq!(facts(&info, "1.41".to_owned()), expected);
    }

    #[test]
    fn records_and_locks_are_told_from_what_runs() {
        let seen = |label: &str| {
            let text = format!(
                r#"{{"Id":"1","Names":["/other/x","/x"],"State":"running","Labels":{{"{label}":"{{}}"}}}}"#
            );
            marked(serde_json::from_str(&text).unwrap()).unwrap()
        };
        assert_eq!(seen("reconciler.ledger").holds, Held::Record);
        assert_eq!(seen("reconciler.lock").holds, Held::Lock);
        let runs = seen("reconciler.service");
        assert_eq!((runs.holds, runs.runs, runs.name.as_str()), (Held::Nothing, true, "x"));
    }
}
