//! What an engine reports of containers, networks and volumes of ours, in plain words.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use adapters::docker::{Reported, ReportedKind};
use model::id::{DeploymentId, EngineName, InstallationId};
use model::labels::{Identity, OwnerLabels};
use model::observed::EngineContents;
use model::printable::one_line;
use model::selector::{Named, Selector};
use model::spec::RestartPolicy;
use model::time::Timestamp;
use serde::Serialize;

use super::super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};
use super::ended::ended;
use super::log_line::time;

/// The version of the objects.
const VERSION: u32 = 1;

/// What the engine reports of each command in a container (health checks are such), of each that
/// looks into one, and beside another word for the same.
const NOISE: [&str; 16] = [
    "archive-path",
    "attach",
    "commit",
    "connect",
    "copy",
    "detach",
    "disconnect",
    "exec_create",
    "exec_detach",
    "exec_die",
    "exec_start",
    "export",
    "extract-to-dir",
    "mount",
    "resize",
    "top",
];
/// The same, known by what comes before or after.
const TOLD: [&str; 4] = ["stop", "restart", "unmount", "prune"];

/// Whom something happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Subject {
    /// A container.
    Container(Named),
    /// A network or a volume of a deployment.
    Of(DeploymentId),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Happened {
    pub(in crate::cli) at: Timestamp,
    pub(in crate::cli) engine: EngineName,
    pub(in crate::cli) subject: Subject,
    kind: ReportedKind,
    /// The name of the container, the network or the volume.
    name: String,
    /// The engine's own word.
    event: String,
    text: String,
    exit_code: Option<i64>,
}

/// What came before: some of it decides what an event means.
#[derive(Debug, Default)]
pub(in crate::cli) struct History {
    installation: Option<InstallationId>,
    /// Whose networks and volumes are.
    owners: BTreeMap<(ReportedKind, String), DeploymentId>,
    deployments: BTreeSet<DeploymentId>,
    policies: BTreeMap<String, RestartPolicy>,
    /// Containers that were sent a signal since their last start.
    signalled: BTreeSet<String>,
    /// Those that ended, and with which code.
    ended: BTreeMap<String, i64>,
    /// The last event of each network and volume, and when it was first reported: an engine reports a
    /// volume as created for each container that is made with it.
    last: BTreeMap<(EngineName, ReportedKind, String), (String, Timestamp)>,
}

impl History {
    /// Of an installation of which nothing is known.
    pub(in crate::cli) fn of(installation: &InstallationId) -> Self {
        Self { installation: Some(installation.clone()), ..Self::default() }
    }

    /// Takes over what an engine holds.
    pub(in crate::cli) fn know(&mut self, contents: &EngineContents) {
        let ours = |labels: &BTreeMap<String, String>| {
            let owner = OwnerLabels::decode(labels)?;
            (Some(&owner.installation) == self.installation.as_ref()).then_some(owner.deployment)
        };
        let networks = contents.networks.iter().filter_map(|network| {
            let name = network.spec.name.to_string();
            Some(((ReportedKind::Network, name), ours(&network.spec.labels)?))
        });
        let volumes = contents.volumes.iter().filter_map(|volume| {
            let name = volume.spec.name.to_string();
            Some(((ReportedKind::Volume, name), ours(&volume.spec.labels)?))
        });
        let owners: Vec<_> = networks.chain(volumes).collect();
        self.deployments.extend(owners.iter().map(|(_, deployment)| deployment.clone()));
        self.owners.extend(owners);
        for view in &contents.containers {
            let identity = Identity::decode(&view.spec.labels);
            self.deployments.extend(identity.map(|identity| identity.replica.deployment));
            self.policies.insert(view.id.to_string(), view.spec.restart);
        }
    }

    /// What an event means; `None` if it is not about ours, or nothing that people want to know.
    pub(in crate::cli) fn add(
        &mut self,
        engine: &EngineName,
        reported: &Reported,
    ) -> Option<Happened> {
        let name = match reported.kind {
            ReportedKind::Volume => Some(reported.id.clone()),
            _ => reported.attributes.get("name").cloned(),
        };
        let name = name.unwrap_or_else(|| reported.id.clone());
        let (subject, text, exit_code) = match reported.kind {
            ReportedKind::Container => {
                let identity = Identity::decode(&reported.attributes)?;
                if Some(&identity.installation) != self.installation.as_ref() {
                    return None;
                }
                let replica = identity.replica;
                self.deployments.insert(replica.deployment.clone());
                let (text, code) = self.container(reported)?;
                let container = name.as_str().into();
                let (deployment, service, slot) =
                    (replica.deployment, replica.service, replica.slot);
                let named = Named { deployment, service, slot, container };
                let text = if named.container == identity.name {
                    text
                } else {
                    format!("{text} ({name})")
                };
                (Subject::Container(named), text, code)
            }
            kind => {
                let what = if kind == ReportedKind::Network { "network" } else { "volume" };
                let owner = self.owner(kind, &name)?;
                let word = plain(&reported.action)?;
                if self.repeats(engine, reported) {
                    return None;
                }
                (Subject::Of(owner), format!("{what} {name} {word}"), None)
            }
        };
        let (at, kind, event) = (reported.at, reported.kind, reported.action.clone());
        Some(Happened { at, engine: engine.clone(), subject, kind, name, event, text, exit_code })
    }

    /// Whether the same was reported of the same network or volume within a second.
    fn repeats(&mut self, engine: &EngineName, reported: &Reported) -> bool {
        let Reported { at, kind, id, action, .. } = reported;
        let key = (engine.clone(), *kind, id.clone());
        let again = self.last.get(&key).is_some_and(|(last, since)| {
            last == action && at.since(*since) < Duration::from_secs(1)
        });
        if !again {
            self.last.insert(key, (action.clone(), *at));
        }
        again
    }

    /// Whose a network or a volume is: as its labels say, or, if it is gone, its name.
    fn owner(&self, kind: ReportedKind, name: &str) -> Option<DeploymentId> {
        if let Some(owner) = self.owners.get(&(kind, name.to_owned())) {
            return Some(owner.clone());
        }
        let is_of = |id: &&DeploymentId| {
            name.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('_'))
        };
        self.deployments.iter().filter(is_of).max_by_key(|id| id.as_str().len()).cloned()
    }

    /// Whether it is worth asking whose a network or volume is.
    pub(in crate::cli) fn is_unknown(&self, reported: &Reported) -> bool {
        let name = match reported.kind {
            ReportedKind::Container => return false,
            ReportedKind::Network => reported.attributes.get("name").unwrap_or(&reported.id),
            ReportedKind::Volume => &reported.id,
        };
        reported.action == "create" && self.owner(reported.kind, name).is_none()
    }

    /// What happened to a container, and its exit code.
    fn container(&mut self, reported: &Reported) -> Option<(String, Option<i64>)> {
        let Reported { id, action, attributes, .. } = reported;
        let attribute = |name: &str| attributes.get(name).map(String::as_str);
        let text = match action.as_str() {
            "start" => self.started(id).to_owned(),
            "kill" => {
                self.signalled.insert(id.clone());
                match attribute("signal").unwrap_or_default() {
                    "9" | "SIGKILL" | "KILL" => "is killed (signal 9)".to_owned(),
                    "15" | "SIGTERM" | "TERM" => "is asked to end (signal 15)".to_owned(),
                    signal => format!("gets signal {signal}"),
                }
            }
            "die" => {
                let code = attribute("exitCode").and_then(|code| code.parse().ok());
                self.ended.insert(id.clone(), code.unwrap_or_default());
                let text = code.map_or_else(|| "ended".to_owned(), ended);
                return Some((text, code));
            }
            "destroy" => {
                self.signalled.remove(id);
                self.ended.remove(id);
                self.policies.remove(id);
                "removed".to_owned()
            }
            "rename" => {
                let old = attribute("oldName").unwrap_or_default().trim_start_matches('/');
                format!("renamed from {old}")
            }
            action => plain(action)?,
        };
        Some((text, None))
    }

    /// What the start of a container is.
    fn started(&mut self, id: &str) -> &'static str {
        let (signalled, code) = (self.signalled.remove(id), self.ended.remove(id));
        let Some(code) = code else { return "started" };
        let restarts = match self.policies.get(id) {
            Some(RestartPolicy::Always | RestartPolicy::UnlessStopped) => true,
            Some(RestartPolicy::OnFailure { .. }) => code != 0,
            _ => false,
        };
        if restarts && !signalled { "restarted by the engine" } else { "started again" }
    }
}

/// A word of the engine in plain words; `None` of noise.
fn plain(action: &str) -> Option<String> {
    // `exec_create: sh -c …` and `health_status: healthy`.
    let (word, rest) = action.split_once(':').unwrap_or((action, ""));
    let text = match word {
        word if NOISE.contains(&word) || TOLD.contains(&word) => return None,
        "health_status" => rest.trim(),
        "create" => "created",
        "destroy" | "remove" => "removed",
        "oom" => "out of memory",
        "pause" => "paused",
        "unpause" => "goes on after a pause",
        "update" => "got other limits",
        word => word,
    };
    Some(text.to_owned())
}

impl Happened {
    /// Whether one of the selectors means it; none at all mean everything.
    pub(in crate::cli) fn is_meant(&self, selectors: &[Selector]) -> bool {
        match &self.subject {
            Subject::Container(named) => Selector::any(selectors, named),
            Subject::Of(id) => {
                let is = |one: &Selector| matches!(one, Selector::Deployment(it) if it == id);
                selectors.is_empty() || selectors.iter().any(is)
            }
        }
    }

    /// Whom it happened to, for people.
    fn whom(&self) -> String {
        match &self.subject {
            Subject::Container(Named { deployment, service, slot, .. }) => {
                one_line(&format!("{deployment}/{service}/{slot}")).into_owned()
            }
            Subject::Of(deployment) => one_line(deployment.as_str()).into_owned(),
        }
    }

    /// A line for people; `width` is that of whom things happened to until now.
    pub(in crate::cli) fn line(&self, width: &mut usize) -> String {
        let whom = self.whom();
        *width = (*width).max(whom.chars().count());
        let at = UNIX_EPOCH + Duration::from_nanos(self.at.0);
        let at = humantime::format_rfc3339_millis(at).to_string();
        let style = match (self.exit_code, self.text.as_str()) {
            (Some(0), _) => FAINT,
            (Some(143), _) | (_, "restarted by the engine") => WARN,
            (Some(_), _) | (_, "out of memory" | "unhealthy") => BAD,
            (_, "healthy" | "started") => GOOD,
            _ => STRONG,
        };
        let (engine, text) = (one_line(self.engine.as_str()), one_line(&self.text));
        format!(
            "{}  {engine}  {whom:<width$}  {}",
            paint(FAINT, &at),
            paint(style, &text),
            width = *width
        )
    }

    /// An object for programs.
    pub(in crate::cli) fn json(&self) -> String {
        let (deployment, named) = match &self.subject {
            Subject::Container(named) => (&named.deployment, Some(named)),
            Subject::Of(deployment) => (deployment, None),
        };
        let object = Object {
            schema_version: VERSION,
            time: time(self.at),
            engine: self.engine.as_str(),
            kind: match self.kind {
                ReportedKind::Container => "container",
                ReportedKind::Network => "network",
                ReportedKind::Volume => "volume",
            },
            name: &self.name,
            deployment: deployment.as_str(),
            service: named.map(|named| named.service.as_str()),
            slot: named.map(|named| named.slot.0),
            event: &self.event,
            text: &self.text,
            exit_code: self.exit_code,
        };
        serde_json::to_string(&object).expect("BUG: an event is plain data")
    }
}

/// What happened, for programs.
#[derive(Serialize)]
struct Object<'a> {
    schema_version: u32,
    time: String,
    engine: &'a str,
    kind: &'static str,
    name: &'a str,
    deployment: &'a str,
    service: Option<&'a str>,
    slot: Option<u32>,
    event: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
}

#[cfg(test)]
mod tests;
