//! What each event means.

use model::digest::Digest;
use model::id::{ReplicaId, Slot};

use super::*;

fn labels(installation: &str) -> BTreeMap<String, String> {
    let identity = Identity {
        installation: installation.into(),
        source: "dir:x".into(),
        replica: ReplicaId { deployment: "abc".into(), service: "web".into(), slot: Slot(1) },
        engine: "ENGINE".into(),
        name: "abc-web-1".into(),
        revision: "r".into(),
        spec_hash: Digest::of("spec"),
        files_hash: None,
        init_hash: None,
        succeeds: false,
        masked: Vec::new(),
        from_env_file: Vec::new(),
        asked: Vec::new(),
        bound: BTreeMap::new(),
    };
    identity.encode()
}

fn event(kind: ReportedKind, id: &str, action: &str, more: &[(&str, &str)]) -> Reported {
    let mut attributes = match kind {
        ReportedKind::Container => labels("main"),
        _ => BTreeMap::new(),
    };
    let name = match kind {
        ReportedKind::Container => "abc-web-1",
        _ => id,
    };
    attributes.insert("name".to_owned(), name.to_owned());
    attributes.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let at = Timestamp::from_secs(784_111_777);
    Reported { at, kind, id: id.to_owned(), action: action.to_owned(), attributes }
}

fn container(action: &str, more: &[(&str, &str)]) -> Reported {
    event(ReportedKind::Container, "c1", action, more)
}

/// The words for events that follow each other; what is not reported is left out.
fn words(history: &mut History, events: &[Reported]) -> Vec<String> {
    let engine = "local".into();
    let reported = events.iter().filter_map(|event| history.add(&engine, event));
    reported.map(|happened| happened.text).collect()
}

fn history() -> History {
    History::of(&"main".into())
}

#[test]
fn a_container_lives_and_ends_in_plain_words() {
    let events = [
        container("create", &[]),
        container("attach", &[]),
        container("start", &[]),
        container("exec_create: sh -c true", &[]),
        container("health_status: healthy", &[]),
        container("oom", &[]),
        container("die", &[("exitCode", "137")]),
        container("rename", &[("oldName", "/abc-web-1-1a2b3c4d")]),
        container("destroy", &[]),
    ];
    let expected = [
        "created",
        "started",
        "healthy",
        "out of memory",
        "ended with 137 (killed)",
        "renamed from abc-web-1-1a2b3c4d",
        "removed",
    ];
    assert_eq!(words(&mut history(), &events), expected);
}

#[test]
fn an_engine_restarts_what_ended_by_itself_and_has_a_policy() {
    let died = |code: &str| [container("die", &[("exitCode", code)]), container("start", &[])];
    let last = |policy: Option<RestartPolicy>, before: Option<Reported>, code: &str| {
        let mut history = history();
        history.policies.extend(policy.map(|policy| ("c1".to_owned(), policy)));
        let events: Vec<_> = before.into_iter().chain(died(code)).collect();
        words(&mut history, &events).pop().unwrap()
    };
    let on_failure = || Some(RestartPolicy::OnFailure(0));
    let (by_engine, again) = ("restarted by the engine", "started again");
    assert_eq!(last(Some(RestartPolicy::Always), None, "0"), by_engine);
    assert_eq!(last(on_failure(), None, "1"), by_engine);
    assert_eq!(last(on_failure(), None, "0"), again);
    assert_eq!(last(Some(RestartPolicy::No), None, "1"), again);
    assert_eq!(last(None, None, "1"), again);
    let stop = container("kill", &[("signal", "15")]);
    assert_eq!(last(Some(RestartPolicy::Always), Some(stop), "143"), again);
}

#[test]
fn only_ours_is_told() {
    let mut history = history();
    let other = Reported { attributes: labels("other"), ..container("start", &[]) };
    let foreign = Reported { attributes: BTreeMap::new(), ..container("start", &[]) };
    assert!(words(&mut history, &[other, foreign]).is_empty());
    // The network of a deployment that was seen is reported also when it is gone.
    let network = |action: &str| event(ReportedKind::Network, "abc_default", action, &[]);
    let volume = event(ReportedKind::Volume, "abc_data", "create", &[]);
    assert!(history.is_unknown(&network("create")));
    assert!(words(&mut history, &[network("create"), volume.clone()]).is_empty());
    let reported = words(
        &mut history,
        &[container("create", &[]), network("destroy"), network("connect"), volume],
    );
    assert_eq!(reported, ["created", "network abc_default removed", "volume abc_data created"]);
    assert!(!history.is_unknown(&network("create")));
}

#[test]
fn selectors_mean_containers_and_a_deployment_also_what_it_has() {
    let mut history = history();
    let engine = "local".into();
    let web = history.add(&engine, &container("start", &[])).unwrap();
    let network = event(ReportedKind::Network, "abc_default", "create", &[]);
    let network = history.add(&engine, &network).unwrap();
    for (selector, expected) in [
        (Selector::Deployment("abc".into()), (true, true)),
        (Selector::Service("web".into()), (true, false)),
        (Selector::Deployment("xyz".into()), (false, false)),
    ] {
        let selectors = [selector];
        assert_eq!((web.is_meant(&selectors), network.is_meant(&selectors)), expected);
    }
    assert!(web.is_meant(&[]) && network.is_meant(&[]));
}

#[test]
fn a_line_names_time_engine_whom_and_what() {
    let mut history = history();
    let surge = container("die", &[("exitCode", "1"), ("name", "abc-web-1-1a\u{1b}")]);
    let happened = history.add(&"local".into(), &surge).unwrap();
    let line = anstream::adapter::strip_str(&happened.line(&mut 12)).to_string();
    assert_eq!(
        line,
        "1994-11-06T08:49:37.000Z  local  abc/web/1     ended with 1 (abc-web-1-1a\\u{1b})"
    );
    let json: serde_json::Value = serde_json::from_str(&happened.json()).unwrap();
    assert_eq!((&json["schema_version"], &json["exit_code"]), (&1.into(), &1.into()));
    assert_eq!((&json["event"], &json["service"]), (&"die".into(), &"web".into()));
}

#[test]
fn a_volume_that_is_reported_for_each_of_its_containers_is_told_once() {
    let mut history = history();
    history.deployments.insert("abc".into());
    let create = event(ReportedKind::Volume, "abc_data", "create", &[]);
    let destroy = event(ReportedKind::Volume, "abc_data", "destroy", &[]);
    let later = Reported { at: create.at.plus(Duration::from_secs(2)), ..create.clone() };
    let events = [create.clone(), create.clone(), create.clone(), destroy, create, later];
    let expected = ["created", "removed", "created", "created"];
    let expected = expected.map(|word| format!("volume abc_data {word}"));
    assert_eq!(words(&mut history, &events), expected);
}
