//! Deployments, services and replicas as a tree.

use model::ledger::RolloutResult;
use model::observed::Status;
use model::plan::{Blocked, Cause, Reason};
use model::remedy::Remedy;
use model::render::why;
use model::tree::{
    ContainerNode, DeploymentNode, Drift, NetworkNode, Next, ReplicaNode, RevisionNode,
    ServiceNode, Time, Tree, VolumeNode,
};
use reconcile::answer::Lack;

use super::lines::Lines;
use super::{ages, cause, health, none, of};
use crate::cli::console::{BAD, FAINT, WARN};

/// As wide as the words before a line of the head.
const HEAD: &str = "             ";

/// The end of the id of a catalog entry that is there for DNS: it says nothing new.
const FOR_DNS: &str = model::catalog::FOR_DNS;

/// What was read and what was not.
pub(in crate::cli) fn head(tree: &Tree, without_source: Option<&str>) -> String {
    let mut lines = Lines::default();
    match (&tree.source, without_source) {
        (Some(source), _) => {
            let revision = tree.revision.as_ref().map(|one| revision(one, ages(tree)));
            let revision = revision.map(|text| format!(", {text}")).unwrap_or_default();
            lines.plain(("source       ", HEAD), &format!("{source}{revision}"));
        }
        (None, Some(why)) => {
            lines.put(("source       ", HEAD), (WARN, "none:"), &format!(" {why}"));
        }
        (None, None) => {}
    }
    for unseen in &tree.unseen {
        let cause = cause(&unseen.error, unseen.engine.as_ref());
        lines.put(("", HEAD), (BAD, "unknown     "), &format!(" {}: {cause}", unseen.part));
    }
    for blocked in &tree.withheld {
        withheld(&mut lines, (HEAD, HEAD), blocked);
    }
    lines.text()
}

/// A revision, and what its commit says.
pub(super) fn revision(node: &RevisionNode, ago: impl Fn(Time) -> String) -> String {
    let id = node.id.short();
    match &node.commit {
        None => format!("revision {id}"),
        Some(commit) => {
            let (author, subject) = (&commit.author, &commit.subject);
            format!("revision {id} by {author} {} ago: {subject}", ago(commit.time))
        }
    }
}

/// All deployments.
pub(in crate::cli) fn deployments(tree: &Tree) -> String {
    if tree.deployments.is_empty() {
        return none(tree, "deployments");
    }
    let mut lines = Lines::default();
    for node in &tree.deployments {
        lines.gap();
        deployment(&mut lines, tree, node);
    }
    lines.text()
}

fn deployment(lines: &mut Lines, tree: &Tree, node: &DeploymentNode) {
    let ago = ages(tree);
    let (style, symbol) = health(node.health);
    let mut parts = vec![format!("{:?}", node.sync)];
    parts.extend(node.engine.as_ref().map(|engine| format!("engine {engine}")));
    parts.extend(node.revision.as_ref().map(|one| revision(one, ago)));
    if node.wanted == Some(false) {
        parts.push("the source does not have it".to_owned());
    }
    if let Some((how, _)) = failed_rollout(node, ago) {
        parts.insert(0, how);
    }
    let head = format!("{symbol} {} {:?}", node.id, node.health);
    lines.put(("", "    "), (style, &head), &format!(", {}", parts.join(", ")));
    if let Some((_, error)) = failed_rollout(node, ago) {
        lines.put(("    ", "      "), (BAD, "last rollout:"), &format!(" {error}"));
    }
    if let Some(source) = node.source.as_ref().filter(|of| Some(*of) != tree.source.as_ref()) {
        lines.plain(("    ", "    "), &format!("source {source}"));
    }
    if let Some(error) = &node.unseen {
        let cause = cause(error, node.engine.as_ref());
        lines.put(("    ", "    "), (BAD, "not seen:"), &format!(" {cause}"));
    }
    for blocked in &node.withheld {
        withheld(lines, ("    ", "      "), blocked);
    }
    let services = node.services.iter().flatten().map(Child::Service);
    let networks = node.networks.iter().flatten().map(Child::Network);
    let volumes = node.volumes.iter().flatten().map(Child::Volume);
    let children: Vec<Child<'_>> = services.chain(networks).chain(volumes).collect();
    for (index, child) in children.iter().enumerate() {
        let (first, rest) = branch("", index + 1 == children.len());
        match child {
            Child::Service(one) => service(lines, (&first, &rest), one, ago),
            Child::Network(one) => lines.plain((&first, &rest), &network(one)),
            Child::Volume(one) => lines.plain((&first, &rest), &volume(one)),
        }
    }
}

/// That the last rollout failed, when, and what did; nothing of one that did not.
fn failed_rollout(node: &DeploymentNode, ago: impl Fn(Time) -> String) -> Option<(String, String)> {
    let last = node.last_rollout.as_ref()?;
    let RolloutResult::Failed { step, error } = &last.result else { return None };
    Some((format!("last rollout failed {} ago", ago(last.ended)), format!("{step}: {error}")))
}

/// What stands below a deployment.
enum Child<'t> {
    Service(&'t ServiceNode),
    Network(&'t NetworkNode),
    Volume(&'t VolumeNode),
}

/// What stands before a node, and before what belongs to it.
fn branch(before: &str, is_last: bool) -> (String, String) {
    if is_last {
        (format!("{before}└─ "), format!("{before}   "))
    } else {
        (format!("{before}├─ "), format!("{before}│  "))
    }
}

fn service(
    lines: &mut Lines,
    (first, rest): (&str, &str),
    node: &ServiceNode,
    ago: impl Fn(Time) -> String + Copy,
) {
    let (style, symbol) = health(node.health);
    let mut parts = vec![format!("{} running", of(node.running, node.wanted))];
    parts.extend(node.image.as_ref().map(ToString::to_string));
    parts.extend(node.at.as_ref().map(ToString::to_string));
    let head = format!("{symbol} {} {:?}", node.name, node.health);
    lines.put((first, &format!("{rest}    ")), (style, &head), &format!(", {}", parts.join(", ")));
    for blocked in &node.withheld {
        withheld(lines, (&format!("{rest}  "), &format!("{rest}    ")), blocked);
    }
    let Some(replicas) = &node.replicas else {
        lines.put((&format!("{rest}  "), rest), (FAINT, "? not seen"), "");
        return;
    };
    for (index, one) in replicas.iter().enumerate() {
        let (first, rest) = branch(rest, index + 1 == replicas.len());
        replica(lines, (&first, &rest), one, ago);
    }
}

fn replica(
    lines: &mut Lines,
    (first, rest): (&str, &str),
    node: &ReplicaNode,
    ago: impl Fn(Time) -> String + Copy,
) {
    let (style, symbol) = health(node.health);
    let state = node.container.as_ref().map_or("missing".to_owned(), |view| view.words(ago));
    let extra = if node.wanted == Some(false) { ", not wanted" } else { "" };
    let inner = format!("{rest}    ");
    let head = format!("{symbol} {}", node.name);
    lines.put((first, &inner), (style, &head), &format!(" {state}{extra}"));
    if let Some(container) = &node.container {
        for fact in facts(container) {
            lines.put((&inner, &format!("{inner}  ")), (FAINT, ""), &fact);
        }
        check(lines, &inner, container);
    }
    changes(lines, &inner, node);
}

/// What is to be known of a container beside its state.
pub(super) fn facts(node: &ContainerNode) -> Vec<String> {
    let mut all = Vec::new();
    let ports: Vec<String> = node.ports.iter().map(ToString::to_string).collect();
    let addresses = node.addresses.iter().map(|(network, address)| match address {
        Some(address) => format!("{address} on {network}"),
        None => format!("on {network}"),
    });
    let places: Vec<String> = ports.into_iter().chain(addresses).collect();
    if !places.is_empty() {
        all.push(places.join(", "));
    }
    let mut facts = vec![format!("container {}", node.id.short())];
    facts.push(format!("image {}", short(node.image_id.as_str())));
    if node.restarts > 0 {
        let times = model::render::count(node.restarts as usize, "time");
        facts.push(format!("restarted {times}"));
    }
    all.push(facts.join(", "));
    match &node.entries {
        None => all.push("Consul: unknown".to_owned()),
        Some(entries) => {
            let own = entries.iter().filter(|entry| !entry.id.as_str().ends_with(FOR_DNS));
            all.extend(own.map(|entry| {
                let (id, check) = (&entry.id, entry.check.as_str());
                let port = Some(entry.port).filter(|port| *port != 0);
                let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                format!("Consul {id} {check} at {}{port}", entry.address)
            }));
        }
    }
    all
}

/// An image's id as `docker images` shows it.
fn short(id: &str) -> &str {
    let digest = id.strip_prefix("sha256:").unwrap_or(id);
    digest.get(..12).unwrap_or(digest)
}

/// What a health check that does not pass said last.
pub(super) fn check(lines: &mut Lines, inner: &str, node: &ContainerNode) {
    let runs = matches!(node.status, Status::Running | Status::Paused);
    let Some(check) = node.check.as_ref().filter(|check| runs && check.failing_streak > 0) else {
        return;
    };
    let times = model::render::count(check.failing_streak as usize, "time");
    let code = check.last.as_ref().map(|last| format!(", exit code {}", last.exit_code));
    let tail = format!(" failed {times} in a row{}", code.unwrap_or_default());
    lines.put((inner, inner), (BAD, "health check"), &tail);
    for line in check.last.iter().flat_map(|last| &last.output) {
        lines.plain((&format!("{inner}| "), &format!("{inner}| ")), line);
    }
}

/// In what a replica differs, and what becomes of it.
pub(super) fn changes(lines: &mut Lines, inner: &str, node: &ReplicaNode) {
    let rest = format!("{inner}  ");
    for drift in node.drift.iter().flatten() {
        lines.put((inner, &rest), (WARN, "differs:"), &format!(" {}", difference(drift)));
    }
    if let Some(next) = &node.next {
        lines.put((inner, &rest), (WARN, "next pass:"), &format!(" {}", next_words(next)));
    }
}

pub(super) fn difference(drift: &Drift) -> String {
    let (reason, at) = (Reason::Changed(drift.difference.clone()), drift.at.clone());
    format!("{}; {}", why(&Cause { reason, at }), drift.cost.words())
}

pub(super) fn next_words(next: &Next) -> String {
    let (symbol, word) = next.kind.words();
    let told_already = |cause: &&Cause| !matches!(cause.reason, Reason::Changed(_));
    let causes: Vec<String> = next.causes.iter().filter(told_already).map(why).collect();
    if causes.is_empty() {
        format!("{symbol} {word}")
    } else {
        format!("{symbol} {word}: {}", causes.join("; "))
    }
}

/// What is withheld, what it waits for, and what lets it go on.
pub(super) fn withheld(lines: &mut Lines, (first, rest): (&str, &str), blocked: &Blocked) {
    let at = blocked.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
    let sign = if blocked.waiting_on.is_notice() { "! " } else { "? " };
    lines.put((first, rest), (WARN, sign), &format!("{}{at}", blocked.subject));
    lines.plain((rest, rest), &format!("waits: {}", blocked.waiting_on));
    match blocked.remedy() {
        Some(Remedy::Flag(flag)) => {
            lines.command(rest, &format!("to let it go on, `plan` and `--once` take: {flag}"));
        }
        Some(Remedy::Command(command)) => {
            lines.command(rest, &format!("to let it go on: {command}"));
        }
        None => {}
    }
}

pub(super) fn network(node: &NetworkNode) -> String {
    let subnets = node.subnets.iter().map(String::as_str);
    let parts: Vec<&str> = [node.driver.as_str()].into_iter().chain(subnets).collect();
    let state = existence(node.exists, node.external);
    format!("network {}, {}{state}", node.name, parts.join(", "))
}

pub(super) fn volume(node: &VolumeNode) -> String {
    let (driver, state) = (&node.driver, existence(node.exists, node.external));
    format!("volume {}, {driver}{state}", node.name)
}

fn existence(exists: Option<bool>, external: bool) -> String {
    let state = match exists {
        None => ", not seen",
        Some(false) => ", missing",
        Some(true) => "",
    };
    format!("{}{state}", if external { ", external" } else { "" })
}

/// What keeps a goal from being reached, a line each, with ages at the time of the tree.
pub(in crate::cli) fn lacks(lacks: &[Lack<'_>], tree: &Tree) -> Vec<String> {
    lacks_with(lacks, ages(tree))
}

/// The same without ages: it changes only if something happens.
pub(in crate::cli) fn lacks_without_ages(lacks: &[Lack<'_>]) -> Vec<String> {
    lacks_with(lacks, |_| String::new())
}

fn lacks_with(lacks: &[Lack<'_>], ago: impl Fn(Time) -> String + Copy) -> Vec<String> {
    let one = |lack: &Lack<'_>| match lack {
        Lack::Nothing => "there is no deployment".to_owned(),
        Lack::Unknown(node) => {
            let why = node.unseen.as_ref().map(|error| cause(error, node.engine.as_ref()));
            format!("{}: unknown{}", node.id, why.map(|why| format!(": {why}")).unwrap_or_default())
        }
        Lack::NotSynced(node) => {
            let waits = node
                .withheld
                .first()
                .map(|blocked| format!(": {} waits {}", blocked.subject, blocked.waiting_on));
            format!("{}: {:?}{}", node.id, node.sync, waits.unwrap_or_default())
        }
        Lack::Unwell(node, service, replica) => {
            let state = replica.container.as_ref();
            let state = state.map_or("missing".to_owned(), |view| view.words(ago));
            format!("{}/{}: {} {state}", node.id, service.name, replica.name)
        }
        Lack::Young(node, service, replica, least) => {
            let (least, name) = (humantime::format_duration(*least), &replica.name);
            format!("{}/{}: {name} runs for less than {least}", node.id, service.name)
        }
    };
    lacks.iter().map(|lack| model::printable::one_line(&one(lack)).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use model::plan::{Health, Sync};
    use model::time::Timestamp;
    use model::tree::{RolloutNode, SCHEMA_VERSION};

    use super::*;

    #[test]
    fn what_failed_in_the_last_rollout_stands_beside_the_health() {
        let at = |seconds| Time(Timestamp::from_secs(seconds));
        let failed =
            RolloutResult::Failed { step: "await web-1".into(), error: "ended with 3".into() };
        let node = |result| DeploymentNode {
            id: "abc".into(),
            engine: None,
            source: None,
            wanted: None,
            revision: None,
            sync: Sync::OutOfSync,
            health: Health::Healthy,
            at: None,
            invalid: None,
            unseen: None,
            withheld: Vec::new(),
            last_rollout: Some(RolloutNode {
                revision: "r1".into(),
                began: at(10),
                ended: at(20),
                result,
            }),
            history: Vec::new(),
            services: None,
            networks: None,
            volumes: None,
        };
        let text = |result| {
            let tree = Tree {
                schema_version: SCHEMA_VERSION,
                at: at(200),
                source: None,
                revision: None,
                unseen: Vec::new(),
                deployments: vec![node(result)],
                withheld: Vec::new(),
            };
            anstream::adapter::strip_str(&deployments(&tree)).to_string()
        };
        let expected = "\n✓ abc Healthy, last rollout failed 3m ago, OutOfSync\n    \
                        last rollout: await web-1: ended with 3\n";
        assert_eq!(text(failed), expected);
        assert_eq!(text(RolloutResult::Done), "\n✓ abc Healthy, OutOfSync\n");
    }
}
