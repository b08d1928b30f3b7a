//! Other containers that a request wants to share something with. Whether that demands
//! anything of the operator depends on whose they are, so that each is read first.

use serde_json::Value;

use super::request::is_plain;
use model::demand::Demand;
use model::id::DeploymentId;

/// One container, by whatever the request calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::docker) struct Join {
    /// What is shared, as the demand for it begins.
    what: &'static str,
    /// Its name, or the beginning of its id.
    pub(in crate::docker) container: String,
}

impl Join {
    /// What it demands to share this with a container of that name.
    pub(in crate::docker) fn demand(&self, name: &str) -> Demand {
        Demand::Namespace(format!("{}{name}", self.what))
    }

    /// Whether the name is one that can be asked for as it is.
    pub(in crate::docker) fn can_be_read(&self) -> bool {
        is_plain(&self.container)
    }
}

/// A namespace: `container:web` of `HostConfig.NetworkMode` and its like.
pub(super) fn of_mode(kind: &str, mode: &str) -> Option<Join> {
    let container = mode.strip_prefix("container:")?;
    let what = match kind {
        "network" => "network=container:",
        "pid" => "pid=container:",
        "ipc" => "ipc=container:",
        _ => return None,
    };
    Some(Join { what, container: container.to_owned() })
}

/// An entry of `HostConfig.VolumesFrom`: `web`, `web:ro`.
pub(super) fn of_volumes(entry: &str) -> Join {
    let container = entry.split(':').next().unwrap_or_default();
    Join { what: "volumes_from=", container: container.trim_start_matches('/').to_owned() }
}

/// An entry of `HostConfig.Links`: `web`, `web:alias`, `/web:/db/alias`.
pub(super) fn of_link(entry: &str) -> Join {
    let container = entry.split(':').next().unwrap_or_default();
    Join { what: "link=", container: container.trim_start_matches('/').to_owned() }
}

/// What sharing with this container demands, now that its inspection is known; nothing if
/// it is of the same deployment.
pub(in crate::docker) fn demand(
    join: &Join,
    deployment: &DeploymentId,
    seen: Option<&Value>,
) -> Option<Demand> {
    let Some(seen) = seen else { return Some(join.demand(&join.container)) };
    let name = seen["Name"].as_str().unwrap_or_default().trim_start_matches('/');
    let label = |label: &str| seen["Config"]["Labels"][label].as_str();
    // What `docker commit` copied bears our labels, but not our name.
    let own = label("reconciler.id").and_then(|id| id.split_once('/')).map(|(_, own)| own);
    let own = own.filter(|own| {
        name == *own || name.strip_prefix(own).is_some_and(|rest| rest.starts_with('-'))
    });
    let owner = match label("reconciler.deployment") {
        Some(owner) => own.is_some().then_some(owner),
        None => label("com.docker.compose.project"),
    };
    // A grant goes by the name that a container of ours gets in the end.
    (owner != Some(deployment.as_str())).then(|| join.demand(own.unwrap_or(name)))
}

/// The demands of all, none of them read.
#[cfg(test)]
pub(super) fn unread(joins: &std::collections::BTreeSet<Join>) -> impl Iterator<Item = Demand> {
    joins.iter().map(|join| join.demand(&join.container))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(name: &str, labels: &Value) -> Option<String> {
        let seen = json!({ "Name": format!("/{name}"), "Config": { "Labels": labels } });
        let join = of_mode("network", "container:0123").expect("a join");
        demand(&join, &"abc".into(), Some(&seen)).map(|demand| demand.to_string())
    }

    fn ours(deployment: &str, name: &str) -> Value {
        json!({ "reconciler.deployment": deployment, "reconciler.id": format!("ENGINE/{name}") })
    }

    #[test]
    fn a_container_of_the_same_deployment_demands_nothing() {
        assert_eq!(of("abc-db-1", &ours("abc", "abc-db-1")), None);
        assert_eq!(of("abc-db-1-0f3a", &ours("abc", "abc-db-1")), None);
        assert_eq!(of("abc-db-1", &json!({ "com.docker.compose.project": "abc" })), None);
    }

    #[test]
    fn any_other_is_named_as_the_engine_names_it() {
        let denied = Some("namespace=network=container:xyz-db-1".to_owned());
        assert_eq!(of("xyz-db-1", &ours("xyz", "xyz-db-1")), denied);
        assert_eq!(of("xyz-db-1-0f3a", &ours("xyz", "xyz-db-1")), denied);
        assert_eq!(of("xyz-db-1", &json!({})), denied);
        assert_eq!(of("xyz-db-1", &json!({ "com.docker.compose.project": "xyz" })), denied);
    }

    #[test]
    fn copied_labels_do_not_make_a_container_ones_own() {
        let copy = Some("namespace=network=container:copy".to_owned());
        assert_eq!(of("copy", &ours("abc", "abc-db-1")), copy);
        let mut both = ours("abc", "abc-db-1");
        both["com.docker.compose.project"] = "abc".into();
        assert_eq!(of("copy", &both), copy);
    }

    #[test]
    fn what_is_not_there_is_named_as_it_was_asked_for() {
        let join = of_volumes("gone:ro");
        let demand = demand(&join, &"abc".into(), None).map(|demand| demand.to_string());
        assert_eq!(demand.as_deref(), Some("namespace=volumes_from=gone"));
    }
}
