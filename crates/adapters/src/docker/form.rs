//! The form of records on an engine: containers that only hold labels and are never run.
//! A record of the ledger and the lock are such. The guard lets through what has this form to the
//! last member, a look leaves out what bears these labels, and the ledger writes it.

use bollard::models::{ContainerCreateBody, HostConfig};
use serde_json::Value;

use model::id::DeploymentId;
use model::labels::INSTALLATION;

/// Images under this name are ours alone.
pub(super) const REPOSITORY: &str = "reconciler.internal/";
/// The image that such containers are made of: nothing at all.
pub(super) const IMAGE: &str = "reconciler.internal/ledger:1";
/// Its name and its tag.
pub(super) const IMAGE_NAME: &str = "reconciler.internal/ledger";
pub(super) const IMAGE_TAG: &str = "1";

/// The label that holds a record as JSON.
pub(super) const RECORD: &str = "reconciler.ledger";
/// What the names of records begin with.
pub(super) const RECORD_NAME: &str = "reconciler-ledger-";
/// The label that holds what the engine said of itself, which is expensive to ask for.
pub(super) const ENGINE: &str = "reconciler.engine";

/// The label that says who holds the lock.
pub(super) const LOCK: &str = "reconciler.lock";
/// What the names of locks begin with.
pub(super) const LOCK_NAME: &str = "reconciler-lock-";

/// The label that says which files a container holds: their SHA-256.
pub(super) const STATE: &str = "reconciler.state";
/// What the names of such containers begin with.
pub(super) const STATE_NAME: &str = "reconciler-state-";

/// The labels that such containers bear: they are nobody's.
pub(super) const ALL: [&str; 3] = [RECORD, LOCK, STATE];

/// A record.
pub(super) fn record(installation: &str, engine: &str, text: &str) -> ContainerCreateBody {
    never_run(&[(INSTALLATION, installation), (ENGINE, engine), (RECORD, text)])
}

/// A lock.
pub(super) fn lock(installation: &str, holder: &str) -> ContainerCreateBody {
    never_run(&[(INSTALLATION, installation), (LOCK, holder)])
}

/// What holds the files of a last stable state.
pub(super) fn state(installation: &str, digest: &str) -> ContainerCreateBody {
    never_run(&[(INSTALLATION, installation), (STATE, digest)])
}

/// A container that only holds labels.
fn never_run(labels: &[(&str, &str)]) -> ContainerCreateBody {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        // Never run; the engine only refuses a container without a command.
        cmd: Some(vec!["ledger".to_owned()]),
        labels: Some(labels.collect()),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Whether this is the body of a record to the last member: it is the one container that
/// belongs to no deployment.
pub(super) fn is_record(name: &str, created: &Value) -> bool {
    let label = |label: &str| created["Labels"][label].as_str();
    let (Some(installation), Some(engine), Some(text)) =
        (label(INSTALLATION), label(ENGINE), label(RECORD))
    else {
        return false;
    };
    let rest = name.strip_prefix(RECORD_NAME).and_then(|rest| rest.strip_prefix(installation));
    let rest = rest.and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.rsplit_once('.')).is_some_and(|(deployment, generation)| {
        DeploymentId::is_valid(deployment) && generation.parse::<u64>().is_ok()
    }) && serde_json::to_value(record(installation, engine, text)).is_ok_and(|it| it == *created)
}

/// Whether this is the body of a lock to the last member.
pub(super) fn is_lock(name: &str, created: &Value) -> bool {
    let label = |label: &str| created["Labels"][label].as_str();
    let (Some(installation), Some(text)) = (label(INSTALLATION), label(LOCK)) else {
        return false;
    };
    name.strip_prefix(LOCK_NAME) == Some(installation)
        && serde_json::to_value(self::lock(installation, text)).is_ok_and(|it| it == *created)
}

/// Whether this is the body of what holds files to the last member.
pub(super) fn is_state(name: &str, created: &Value) -> bool {
    let label = |label: &str| created["Labels"][label].as_str();
    let (Some(installation), Some(digest)) = (label(INSTALLATION), label(STATE)) else {
        return false;
    };
    let rest = name.strip_prefix(STATE_NAME).and_then(|rest| rest.strip_prefix(installation));
    let rest = rest.and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.rsplit_once('.')).is_some_and(|(deployment, short)| {
        DeploymentId::is_valid(deployment) && digest.starts_with(short)
    }) && serde_json::to_value(state(installation, digest)).is_ok_and(|it| it == *created)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Value {
        serde_json::to_value(record("main", "ENGINE", "{}")).unwrap()
    }

    #[test]
    fn a_ledger_is_recognised_to_the_last_member() {
        assert!(is_record("reconciler-ledger-main.abc.7", &written()));
        let mut with_more = written();
        with_more["HostConfig"]["Privileged"] = true.into();
        assert!(!is_record("reconciler-ledger-main.abc.7", &with_more));
        let mut other_image = written();
        other_image["Image"] = "busybox".into();
        assert!(!is_record("reconciler-ledger-main.abc.7", &other_image));
    }

    #[test]
    fn only_its_own_name_makes_it_a_ledger() {
        let others = ["abc-web-1", "", "reconciler-ledger-main-7", "reconciler-ledger-main.abc."];
        for name in others.into_iter().chain(["reconciler-ledger-other.abc.7"]) {
            assert!(!is_record(name, &written()), "{name}");
        }
    }

    #[test]
    fn what_holds_files_is_recognised_to_the_last_member() {
        let body = serde_json::to_value(state("main", "0123456789abcdef")).unwrap();
        assert!(is_state("reconciler-state-main.abc.01234567", &body));
        for name in ["reconciler-state-main.abc.7", "reconciler-state-other.abc.0123", "abc-web-1"]
        {
            assert!(!is_state(name, &body), "{name}");
        }
        let mut more = body.clone();
        more["HostConfig"]["Privileged"] = true.into();
        assert!(!is_state("reconciler-state-main.abc.01234567", &more));
    }

    #[test]
    fn a_lock_is_recognised_to_the_last_member() {
        let body = lock("main", "{}");
        let body = serde_json::to_value(body).unwrap();
        assert!(is_lock("reconciler-lock-main", &body));
        assert!(!is_lock("reconciler-lock-other", &body) && !is_lock("abc-web-1", &body));
        let mut more = body.clone();
        more["HostConfig"]["Privileged"] = true.into();
        assert!(!is_lock("reconciler-lock-main", &more));
    }
}
