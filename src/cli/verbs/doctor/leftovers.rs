//! What is on an engine that should not stay: of runs that were killed, of deployments that are no
//! more, of other installations.

use std::collections::{BTreeMap, BTreeSet};

use adapters::docker::{Held, LockHolder, Marked};
use model::id::{DeploymentId, InstallationId, SourceId};
use model::labels::{INSTALLATION, Identity};
use model::remedy::quoted;
use model::time::Timestamp;
use world::OutsideError;

use super::finding::Finding;

/// What containers are held against.
pub(super) struct Known<'a> {
    /// Whose ours are.
    pub(super) installation: &'a InstallationId,
    /// The deployments that there are to be; why that is not known.
    pub(super) desired: Result<&'a BTreeSet<DeploymentId>, &'a str>,
    /// The source that they are of, if it is known: another one's deployments are not its business.
    pub(super) source: Option<&'a SourceId>,
    /// The command that shows what becomes of them.
    pub(super) plan: &'a str,
    /// The options by which `docker` reaches the engine.
    pub(super) hint: &'a str,
    pub(super) now: Timestamp,
}

/// All findings about an engine.
pub(super) fn leftovers(
    subject: &str,
    seen: &Result<Vec<Marked>, OutsideError>,
    known: &Known<'_>,
) -> Vec<Finding> {
    let of = ("leftovers", subject);
    let Ok(seen) = seen else {
        return vec![Finding::unknown(of, "what it holds of ours is not known", None)];
    };
    let (ours, others): (Vec<&Marked>, Vec<&Marked>) =
        seen.iter().partition(|one| installation(one) == known.installation.as_str());
    let mut findings = locks(subject, &ours, known);
    findings.extend(unfinished(subject, &ours, known));
    findings.extend(records(subject, &ours, known));
    if findings.is_empty() {
        findings.push(Finding::ok(of, "nothing is left of runs that were cut off"));
    }
    findings.push(unexplained(subject, &ours, known));
    findings.extend(foreign(subject, &others));
    findings
}

fn installation(one: &Marked) -> &str {
    one.labels.get(INSTALLATION).map_or("", String::as_str)
}

/// Containers of other installations.
fn foreign(subject: &str, others: &[&Marked]) -> Vec<Finding> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in others.iter().filter(|one| one.holds == Held::Nothing) {
        *counts.entry(installation(one)).or_default() += 1;
    }
    let one = |(name, count): (&str, usize)| {
        Finding::warn(
            ("other-installation", subject),
            format!("{} of installation `{name}`, which is not ours", containers(count)),
            format!("if it is yours, too: `reconciler plan --installation {}`", quoted(name)),
        )
    };
    counts.into_iter().map(one).collect()
}

fn containers(count: usize) -> String {
    if count == 1 { "1 container".to_owned() } else { format!("{count} containers") }
}

/// Locks of runs that ended without giving them back.
fn locks(subject: &str, ours: &[&Marked], known: &Known<'_>) -> Vec<Finding> {
    let of = ("lock", subject);
    let locks = ours.iter().filter(|one| one.holds == Held::Lock);
    let one = |lock: &&Marked| {
        let remove = format!("`docker {}rm {}`", known.hint, lock.name);
        match LockHolder::of(lock) {
            Some(holder) if holder.holds_nothing(known.now) => Finding::warn(
                of,
                format!("the lock of {}, which runs no more, is left", holder.holder),
                format!("{remove}; the next run takes it anyway"),
            ),
            Some(holder) => {
                Finding::ok(of, format!("{} changes something right now", holder.holder))
            }
            None => Finding::warn(of, "a lock cannot be read: a newer version made it", remove),
        }
    };
    locks.map(one).collect()
}

/// Containers of a replacement or of a start that was not finished.
fn unfinished(subject: &str, ours: &[&Marked], known: &Known<'_>) -> Vec<Finding> {
    let is_left = |one: &&&Marked| {
        let Some(identity) = Identity::decode(&one.labels) else { return false };
        let is_init = one.name.as_str().contains("-pre-start-") && !one.runs;
        one.name == identity.surge_name() || is_init
    };
    let names: Vec<&str> = ours.iter().filter(is_left).map(|one| one.name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![Finding::warn(
        ("leftovers", subject),
        format!("a replacement or a start was not finished, or is under way: {}", names.join(", ")),
        format!("{} shows what the next pass makes of it", known.plan),
    )]
}

/// Records of deployments of which nothing else is left, by the source that they are of.
fn records(subject: &str, ours: &[&Marked], known: &Known<'_>) -> Vec<Finding> {
    let Ok(desired) = known.desired else { return Vec::new() };
    let there = deployments(ours, None);
    let prefix = format!("reconciler-ledger-{}.", known.installation);
    let of_none = |one: &&&Marked| {
        let name = one.name.as_str().strip_prefix(&prefix);
        let deployment = name.and_then(|rest| rest.rsplit_once('.')).map(|(id, _)| id.into());
        deployment.is_some_and(|id| !desired.contains(&id) && !there.contains_key(&id))
    };
    let mut sources: BTreeMap<Option<SourceId>, Vec<&str>> = BTreeMap::new();
    for record in ours.iter().filter(|one| one.holds == Held::Record).filter(of_none) {
        sources.entry(record.recorded_for()).or_default().push(record.name.as_str());
    }
    let one = |(source, names): (Option<SourceId>, Vec<&str>)| {
        let listed = names.join(", ");
        let remove = format!("`docker {}rm {}`", known.hint, names.join(" "));
        let of = ("record", subject);
        match source {
            Some(source) if known.source == Some(&source) => Finding::warn(
                of,
                format!("what is remembered of deployments that `{source}` has no more: {listed}"),
                remove,
            ),
            Some(source) => Finding::warn(
                of,
                format!(
                    "what is remembered of deployments of another source, `{source}`, without a \
                     container: {listed}"
                ),
                format!("if that source has them no more: {remove}"),
            ),
            None => Finding::warn(
                of,
                format!("what is remembered of deployments that are no more: {listed}"),
                remove,
            ),
        }
    };
    sources.into_iter().map(one).collect()
}

/// Each deployment that has containers, and how many; with a source, only those of it.
fn deployments(ours: &[&Marked], source: Option<&SourceId>) -> BTreeMap<DeploymentId, usize> {
    let mut there: BTreeMap<DeploymentId, usize> = BTreeMap::new();
    for one in ours.iter().filter(|one| one.holds == Held::Nothing) {
        let identity = Identity::decode(&one.labels);
        let is_of = |identity: &Identity| source.is_none_or(|source| identity.source == *source);
        if let Some(identity) = identity.filter(is_of) {
            *there.entry(identity.replica.deployment).or_default() += 1;
        }
    }
    there
}

/// Containers that no deployment of the source explains.
fn unexplained(subject: &str, ours: &[&Marked], known: &Known<'_>) -> Finding {
    let of = ("unexplained", subject);
    let there = deployments(ours, known.source);
    let desired = match known.desired {
        Ok(desired) => desired,
        Err(why) => return Finding::unknown(of, format!("whose its containers are: {why}"), None),
    };
    let rest: Vec<String> = there
        .iter()
        .filter(|(id, _)| !desired.contains(*id))
        .map(|(id, count)| format!("{id} ({count})"))
        .collect();
    if rest.is_empty() {
        let here = there.values().sum();
        return Finding::ok(of, explained(here, &of_others(ours, known.source)));
    }
    Finding::warn(
        of,
        format!("containers of deployments that the source does not have: {}", rest.join(", ")),
        format!("{} shows what becomes of them", known.plan),
    )
}

/// How many containers of the installation each other source has.
fn of_others(ours: &[&Marked], source: Option<&SourceId>) -> BTreeMap<SourceId, usize> {
    let mut others = BTreeMap::new();
    for one in ours.iter().filter(|one| one.holds == Held::Nothing) {
        let identity = Identity::decode(&one.labels);
        let other = identity.filter(|it| source.is_some_and(|source| it.source != *source));
        if let Some(identity) = other {
            *others.entry(identity.source).or_default() += 1;
        }
    }
    others
}

/// Whose all containers of the installation are.
fn explained(here: usize, others: &BTreeMap<SourceId, usize>) -> String {
    let all = containers(here + others.values().sum::<usize>());
    if others.is_empty() {
        return format!("{all} of ours, all of deployments of the source");
    }
    let elsewhere: Vec<String> =
        others.iter().map(|(source, count)| format!("{count} of `{source}`")).collect();
    format!("{all} of ours: {here} of deployments of this source, {}", elsewhere.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use model::digest::Digest;
    use model::id::{ReplicaId, Slot};

    fn identity(deployment: &str) -> Identity {
        Identity {
            installation: "main".into(),
            source: "dir:x".into(),
            replica: ReplicaId {
                deployment: deployment.into(),
                service: "web".into(),
                slot: Slot(1),
            },
            engine: "E".into(),
            name: format!("{deployment}-web-1").as_str().into(),
            revision: "r".into(),
            spec_hash: Digest::of("spec"),
            files_hash: None,
            init_hash: None,
            succeeds: false,
            masked: Vec::new(),
            from_env_file: Vec::new(),
            asked: Vec::new(),
            bound: BTreeMap::new(),
        }
    }

    fn container(name: &str, labels: BTreeMap<String, String>) -> Marked {
        Marked { id: "1".into(), name: name.into(), runs: false, labels, holds: Held::Nothing }
    }

    fn replica(deployment: &str) -> Marked {
        container(&format!("{deployment}-web-1"), identity(deployment).encode())
    }

    fn held(name: &str, holds: Held, label: &str, text: &str) -> Marked {
        let labels = [(INSTALLATION, "main"), (label, text)];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Marked { holds, ..container(name, labels) }
    }

    fn record(id: &str, text: &str) -> Marked {
        let name = format!("reconciler-ledger-main.{id}.7");
        held(&name, Held::Record, "reconciler.ledger", text)
    }

    /// The check and the verdict of each finding.
    fn found(seen: Vec<Marked>) -> Vec<(&'static str, Verdict)> {
        findings(seen).into_iter().map(|one| (one.check, one.verdict)).collect()
    }

    fn findings(seen: Vec<Marked>) -> Vec<Finding> {
        let desired = BTreeSet::from(["abc".into()]);
        let (installation, source) = ("main".into(), "dir:x".into());
        let known = Known {
            installation: &installation,
            desired: Ok(&desired),
            source: Some(&source),
            plan: "`reconciler plan`",
            hint: "",
            now: Timestamp::from_secs(1000),
        };
        let found = leftovers("engine local", &Ok(seen), &known);
        assert!(found.iter().all(|one| one.verdict == Verdict::Ok || one.help.is_some()));
        found
    }

    const OK: Verdict = Verdict::Ok;
    const WARN: Verdict = Verdict::Warn;

    #[test]
    fn what_a_deployment_explains_is_fine() {
        assert_eq!(found(Vec::new()), [("leftovers", OK), ("unexplained", OK)]);
        assert_eq!(found(vec![replica("abc")]), [("leftovers", OK), ("unexplained", OK)]);
        assert_eq!(found(vec![replica("old")]), [("leftovers", OK), ("unexplained", WARN)]);
    }

    #[test]
    fn a_deployment_of_another_source_is_not_missed_in_this_one() {
        let other = Identity { source: "dir:y".into(), ..identity("other") };
        let other = container("other-web-1", other.encode());
        let all = findings(vec![replica("abc"), other]);
        assert_eq!((all[1].check, all[1].verdict), ("unexplained", OK));
        let text = "2 containers of ours: 1 of deployments of this source, 1 of `dir:y`";
        assert_eq!(all[1].text, text);
    }

    #[test]
    fn what_a_run_left_is_told() {
        let surge = identity("abc").surge_name();
        let surge = container(surge.as_str(), identity("abc").encode());
        assert_eq!(found(vec![replica("abc"), surge])[0], ("leftovers", WARN));
        let init = container("abc-web-1-pre-start-0", identity("abc").encode());
        assert_eq!(found(vec![init.clone()])[0], ("leftovers", WARN));
        assert_eq!(found(vec![Marked { runs: true, ..init }])[0], ("leftovers", OK));
    }

    #[test]
    fn a_lock_is_stale_or_held() {
        let lock = |until: u64| {
            let text = format!("{{\"holder\":\"h\",\"until\":{}}}", until * 1_000_000_000);
            held("reconciler-lock-main", Held::Lock, "reconciler.lock", &text)
        };
        assert_eq!(found(vec![lock(999)])[0], ("lock", WARN));
        assert_eq!(found(vec![lock(1001)])[0], ("lock", OK));
        let odd = held("reconciler-lock-main", Held::Lock, "reconciler.lock", "?");
        assert_eq!(found(vec![odd])[0], ("lock", WARN));
    }

    #[test]
    fn a_record_of_nothing_is_told() {
        let record = |id: &str| record(id, "{}");
        assert_eq!(found(vec![record("abc")])[0], ("leftovers", OK));
        assert_eq!(found(vec![record("old"), replica("old")])[0], ("leftovers", OK));
        assert_eq!(found(vec![record("old")])[0], ("record", WARN));
    }

    #[test]
    fn records_of_several_sources_are_told_apart() {
        let adopted = |source: &str| format!("{{\"adopted\":{{\"source\":\"{source}\"}}}}");
        let seen = vec![
            record("old", &adopted("dir:x")),
            record("odd", &adopted("dir:y")),
            record("even", "{}"),
        ];
        let texts: Vec<_> = findings(seen).into_iter().filter(|it| it.check == "record").collect();
        let has = |text: &str, help: &str| {
            texts.iter().any(|it| {
                it.text.contains(text) && it.help.as_ref().is_some_and(|it| it.starts_with(help))
            })
        };
        assert_eq!(texts.len(), 3, "{texts:#?}");
        assert!(has("`dir:x` has no more: reconciler-ledger-main.old.7", "`docker rm "));
        assert!(has("another source, `dir:y`, without", "if that source has them no more: "));
        assert!(has("that are no more: reconciler-ledger-main.even.7", "`docker rm "));
    }

    #[test]
    fn containers_of_another_installation_are_counted() {
        let labels = BTreeMap::from([(INSTALLATION.to_owned(), "other".to_owned())]);
        let other = container("xyz-web-1", labels);
        assert_eq!(found(vec![other.clone(), other])[2], ("other-installation", WARN));
    }

    #[test]
    fn what_cannot_be_seen_is_unknown() {
        let installation = "main".into();
        let known = Known {
            installation: &installation,
            desired: Err("the source is not read"),
            source: None,
            plan: "",
            hint: "",
            now: Timestamp::default(),
        };
        let gone = Err(OutsideError::Unreachable(String::new()));
        let found = leftovers("engine local", &gone, &known);
        assert!(found.iter().all(|one| one.verdict == Verdict::Unknown), "{found:?}");
        let found = leftovers("engine local", &Ok(vec![replica("abc")]), &known);
        assert_eq!(found[1].verdict, Verdict::Unknown);
    }
}
