//! Which deployment an event of the engine is about, so that not everything is looked at for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::docker::form::{LOCK, RECORD, RECORD_NAME};
use crate::docker::wire::answer::ContainerSummary;
use model::compose_labels;
use model::id::{DeploymentId, InstallationId};
use model::labels::INSTALLATION;
use world::Changed;

/// The deployment of each container of a Compose project, by id: events of networks name only
/// the container.
#[derive(Debug)]
pub(in crate::docker) struct Whose {
    installation: InstallationId,
    known: Mutex<BTreeMap<String, DeploymentId>>,
}

/// An event, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    action: String,
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl Whose {
    pub(in crate::docker) fn of(installation: &InstallationId) -> Self {
        Self { installation: installation.clone(), known: Mutex::default() }
    }

    /// Takes over what a list of all containers says.
    pub(in crate::docker) fn replace(&self, list: &[ContainerSummary<'_>]) {
        let of = |seen: &ContainerSummary<'_>| {
            Some((seen.id.0.to_string(), seen.label(compose_labels::PROJECT)?.into()))
        };
        *self.known() = list.iter().filter_map(of).collect();
    }

    /// What an event, as the engine writes it, says has changed; `None` if it is nothing that
    /// any look shows.
    pub(in crate::docker) fn changed(&self, event: &[u8]) -> Option<Changed> {
        let Ok(event) = serde_json::from_slice::<Event>(event) else {
            return Some(Changed::Anything);
        };
        let attributes = &event.actor.attributes;
        match event.kind.as_str() {
            "container" if attributes.contains_key(LOCK) => None,
            "container" if attributes.contains_key(RECORD) => self.record(attributes),
            "container" => Some(self.container(&event)),
            "network" => {
                let container = attributes.get("container");
                Some(
                    container
                        .and_then(|id| self.known().get(id).cloned())
                        .map_or(Changed::Anything, of),
                )
            }
            _ => Some(Changed::Anything),
        }
    }

    /// Records of others are nothing to us.
    fn record(&self, attributes: &BTreeMap<String, String>) -> Option<Changed> {
        let ours = attributes.get(INSTALLATION).is_some_and(|of| of == self.installation.as_str());
        let deployment = || {
            let rest = attributes.get("name")?.strip_prefix(RECORD_NAME)?;
            let rest = rest.strip_prefix(self.installation.as_str())?.strip_prefix('.')?;
            Some(DeploymentId::from(rest.rsplit_once('.')?.0))
        };
        ours.then(|| deployment().map_or(Changed::Anything, of))
    }

    fn container(&self, event: &Event) -> Changed {
        let Event { action, actor, .. } = event;
        let Some(project) = actor.attributes.get(compose_labels::PROJECT) else {
            return Changed::Anything;
        };
        let project = DeploymentId::from(project.as_str());
        match action.as_str() {
            "destroy" => drop(self.known().remove(&actor.id)),
            // The name that it had may be what another one waits for.
            "rename" => return Changed::Anything,
            _ => drop(self.known().insert(actor.id.clone(), project.clone())),
        }
        of(project)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, DeploymentId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(deployment: DeploymentId) -> Changed {
    Changed::Deployments([deployment].into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn changed(
        whose: &Whose,
        kind: &str,
        action: &str,
        id: &str,
        attributes: &Value,
    ) -> Option<Changed> {
        let actor = json!({ "ID": id, "Attributes": attributes });
        let event = json!({ "Type": kind, "Action": action, "Actor": actor, "scope": "local" });
        whose.changed(event.to_string().as_bytes())
    }

    #[test]
    fn an_event_is_about_the_project_of_its_container() {
        let whose = Whose::of(&"main".into());
        let abc = json!({ "com.docker.compose.project": "abc", "name": "abc-web-1" });
        let attached = json!({ "container": "c1", "name": "abc_default", "type": "bridge" });
        let only_abc = Some(of("abc".into()));
        let connect = |whose| changed(whose, "network", "connect", "n1", &attached);
        // Nobody said yet whose c1 is.
        assert_eq!(connect(&whose), Some(Changed::Anything));
        assert_eq!(changed(&whose, "container", "create", "c1", &abc), only_abc);
        assert_eq!(connect(&whose), only_abc);
        assert_eq!(changed(&whose, "container", "health_status: healthy", "c1", &abc), only_abc);
        assert_eq!(changed(&whose, "container", "destroy", "c1", &abc), only_abc);
        assert_eq!(connect(&whose), Some(Changed::Anything));
    }

    #[test]
    fn what_may_concern_others_is_about_anything() {
        let whose = Whose::of(&"main".into());
        let abc = json!({ "com.docker.compose.project": "abc", "name": "new", "oldName": "/old" });
        for (kind, action, attributes) in [
            ("container", "start", json!({ "name": "stranger" })),
            ("container", "rename", abc),
            ("network", "destroy", json!({ "name": "abc_default" })),
            ("volume", "create", json!({})),
        ] {
            assert_eq!(changed(&whose, kind, action, "x", &attributes), Some(Changed::Anything));
        }
        assert_eq!(whose.changed(b"<html>"), Some(Changed::Anything));
    }

    #[test]
    fn a_record_is_about_its_deployment_and_a_lock_about_nothing() {
        let whose = Whose::of(&"main".into());
        let record = |installation: &str| {
            json!({
                "reconciler.ledger": "{}",
                "reconciler.installation": installation,
                "name": format!("reconciler-ledger-{installation}.abc.7"),
            })
        };
        let create = |attributes: &Value| changed(&whose, "container", "create", "x", attributes);
        assert_eq!(create(&record("main")), Some(of("abc".into())));
        assert_eq!(create(&record("other")), None);
        assert_eq!(create(&json!({ "reconciler.lock": "{}" })), None);
    }
}
