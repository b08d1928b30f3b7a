//! One change of each stack of `both.rs`, and what becomes new by it: when we make it in what
//! Compose made, and when Compose takes it back in what is ours by then. Everything else stays
//! as it was, by whomever it was made.

use std::collections::BTreeSet;

use super::both::RUN_ANEW;
use super::project::{Project, Snapshot};

/// A change of one file of a stack.
struct Change {
    set: &'static str,
    stack: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// What comes, goes, is replaced or started again. `ID` is the project's.
    new: &'static [&'static str],
}

/// Changes that we make in a running container. No engine changes the label of a container, so
/// that the one with Compose's hash stays what it was, and Compose makes the container anew.
const IN_PLACE: &[&str] = &["17-external-network", "27-limits", "28-restart"];

/// Networks that Compose makes anew below their containers, and connects those again without
/// the names of their services. We find that, and make the containers anew.
const NAMELESS: &[&str] = &["14-networks", "15-network-options"];

/// A change of one stack, both ways, beginning with what Compose made and we adopted.
pub(super) fn change(project: &Project, set: &str, stack: &str) {
    let Change { file, from, to, new, .. } = of(set, stack);
    let new: BTreeSet<_> = new.iter().map(|thing| thing.replace("ID", &project.id)).collect();
    let (containers, others): (BTreeSet<_>, BTreeSet<_>) =
        new.iter().cloned().partition(|thing| thing.starts_with("container "));
    let in_place = IN_PLACE.contains(&stack);
    let mut before = project.snapshot();
    let mut expect = |wanted: &BTreeSet<String>, why: &str| {
        let now = project.snapshot();
        assert_eq!(differing(&before, &now), *wanted, "{why}");
        before = now;
    };
    project.edit(file, from, to);
    project.reconciler(&["--once"]).exits(0);
    expect(if in_place { &others } else { &new }, "what we made anew");
    project.reconciler(&["--once"]).is_quiet();
    if in_place {
        project.compose(&["up", "-d"]);
        expect(&containers, "what Compose made anew after us");
        project.reconciler(&["--once"]).exits(0);
    } else if !RUN_ANEW.contains(&stack) {
        project.up_only_runs();
    }
    expect(&BTreeSet::new(), "what we changed is as Compose wants it");
    project.edit(file, to, from);
    project.compose(&["up", "-d"]);
    expect(&new, "what Compose made anew");
    // What is remembered of it may be another thing now.
    project.reconciler(&["--once"]).exits(0);
    let by_us = if NAMELESS.contains(&stack) { containers } else { BTreeSet::new() };
    expect(&by_us, "what Compose changed is as we want it");
    project.reconciler(&["--once"]).is_quiet();
}

fn differing(a: &Snapshot, b: &Snapshot) -> BTreeSet<String> {
    // Some engines let a volume in memory begin when it is mounted.
    let things = a.keys().chain(b.keys()).filter(|thing| !thing.ends_with("_memory"));
    things.filter(|thing| a.get(*thing) != b.get(*thing)).cloned().collect()
}

fn of(set: &str, stack: &str) -> &'static Change {
    let found = CHANGES.iter().find(|change| change.set == set && change.stack == stack);
    found.unwrap_or_else(|| panic!("no change of {set}/{stack} is listed"))
}

/// Every stack of a set must have a change.
pub(super) fn all_are_changed(set: &str, stacks: &[&str]) {
    for stack in stacks {
        of(set, stack);
    }
}

macro_rules! changes {
    ($($set:literal: { $($stack:literal $file:literal $from:literal => $to:literal: $($new:literal),+;)+ })+) => {
        &[$($(Change {
            set: $set, stack: $stack, file: $file, from: $from, to: $to, new: &[$($new),+],
        },)+)+]
    };
}

const CHANGES: &[Change] = changes! {
    "stacks": {
        "01-plain" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-web-1";
        // `web` asks to be started again with `db`.
        "02-depends-on" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-db-1", "container ID-web-1";
        "03-replicas" "compose.yaml" "scale: 2" => "scale: 3": "container ID-job-3";
        "04-words" "compose.yaml" "\"1000\"" => "\"1001\"": "container ID-c-1";
        "05-environment" ".env" "1.7" => "1.8": "container ID-map-1";
        "06-env-file" "two.env" "A=2" => "A=3": "container ID-web-1";
        "07-labels" "compose.yaml" "number: 7" => "number: 8": "container ID-map-1";
        "08-names" "compose.yaml" "web.example" => "shop.example": "container c08-fixed";
        "09-process" "compose.yaml" "1000:1000" => "1001:1001": "container ID-web-1";
        "10-healthcheck" "compose.yaml" "retries: 2" => "retries: 3": "container ID-db-1";
        "11-no-healthcheck" "compose.yaml" "disable: true" => "test: [CMD, 'true'], interval: 1s": "container ID-a-1";
        "12-ports" "compose.yaml" "20123:82/udp" => "20127:82/udp": "container ID-web-1";
        "13-expose" "compose.yaml" "\"80\"" => "\"79\"": "container ID-web-1";
        "14-networks" "compose.yaml" "driver: bridge" => "labels: { com.example.a: b }":
            "network ID_back", "container ID-db-1", "container ID-web-1";
        "15-network-options" "compose.yaml" "kind: inside" => "kind: within": "network ID_inside", "container ID-web-1";
        "16-static-addresses" "compose.yaml" "10.201.16.10" => "10.201.16.11": "container ID-web-1";
        "17-external-network" "compose.yaml" "[default, outside]" => "[outside]": "network ID_default", "container ID-web-1";
        "18-volumes" "compose.yaml" "/logs:ro" => "/logs:rw": "container ID-web-1";
        "19-anonymous-volumes" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-web-1";
        "20-binds" "compose.yaml" "/again, read_only: true" => "/again, read_only: false": "container ID-web-1";
        "21-tmpfs" "compose.yaml" "size=1m,mode" => "size=2m,mode": "container ID-b-1";
        "22-volume-options" "compose.yaml" "named:/named" => "named:/other": "container ID-web-1";
        "23-external-volume" "compose.yaml" "outside:/data" => "outside:/other": "container ID-web-1";
        "24-config-files" "compose.yaml" "/etc/site.conf" => "/etc/other.conf": "container ID-web-1";
        "25-config-content" "compose.yaml" "/etc/inline.conf" => "/etc/other.conf": "container ID-web-1";
        "26-secrets" "compose.yaml" "/run/token" => "/run/other": "container ID-web-1";
        "27-limits" "compose.yaml" "mem_limit: 64m" => "mem_limit: 96m": "container ID-old-1";
        "28-restart" "compose.yaml" "unless-stopped" => "on-failure:5": "container ID-b-1";
        "29-capabilities" "compose.yaml" "[MKNOD]" => "[MKNOD, CHOWN]": "container ID-web-1";
        "30-privileges" "compose.yaml" "\"100\"" => "\"101\"": "container ID-b-1";
        "31-dns" "compose.yaml" "ndots:2" => "ndots:3": "container ID-web-1";
        "32-logging" "compose.yaml" "max-size: 1m" => "max-size: 2m": "container ID-a-1";
        "33-kernel" "compose.yaml" "somaxconn: 512" => "somaxconn: 256": "container ID-web-1";
        "34-devices" "compose.yaml" "/dev/zero:r" => "/dev/zero:rw": "container ID-web-1";
        "35-network-mode" "compose.yaml" "mode: host" => "mode: none": "container ID-host-1";
        "36-network-of-a-service" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-side-1", "container ID-web-1";
        "37-namespaces" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-guest-1", "container ID-owner-1";
        "38-volumes-from" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-keeper-1", "container ID-user-1";
        "39-links" "compose.yaml" "db:database" => "db:store": "container ID-web-1";
        "40-resources" "compose.yaml" "adj: 100" => "adj: 200": "container ID-web-1";
        "41-stopping" "compose.yaml" "1m30s" => "1m20s": "container ID-b-1";
        "42-extends" "base.yaml" "A: \"1\"" => "A: \"3\"": "container ID-again-1", "container ID-web-1";
        "43-include" "part/part.env" "of-the-part" => "of-another": "container ID-db-1";
        "44-profiles" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-web-1";
        "45-anchors" "compose.yaml" "B: \"2\"" => "B: \"3\"": "container ID-api-1";
        "46-override" "compose.override.yaml" "20462" => "20463": "container ID-web-1";
        "47-name" "compose.yaml" "data:/data" => "data:/other": "container ID-web-1";
        "48-platform" "compose.yaml" "11:00:48" => "11:00:49": "container ID-web-1";
        "49-hooks" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-web-1";
        "50-build" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-web-1";
        "51-several-documents" "compose.yaml" "B: \"2\"" => "B: \"3\"": "container ID-web-1";
        "52-jobs" "compose.yaml" "\"true\"" => "sh -c true": "container ID-migrate-1";
        "53-bridge-links" "compose.yaml" "db:database" => "db:store": "container ID-web-1";
        "54-one-builds-for-all" "compose.yaml" "sleep 1000" => "sleep 1001": "container ID-app-1";
        "55-unset-variables" "compose.yaml" "B=own" => "B=other": "container ID-list-1";
        "56-linked-replicas" "compose.yaml" "named:other" => "named:another": "container ID-web-1", "container ID-web-2";
        "57-equal-priorities" "compose.yaml" "00:39:01" => "00:39:02": "container ID-keys-1";
        "58-variables-everywhere" ".env" "release-58" => "release-59": "network ID_own", "container ID-web-1";
    }
    "newest": {
        "01-networks" "compose.yaml" "gw_priority: 7" => "gw_priority: 8": "container ID-gateway-1";
        "02-mounts" "compose.yaml" "target: /part" => "target: /piece": "container ID-part-1";
        "03-process" "compose.yaml" "example.a: b" => "example.a: c": "container ID-annotated-1";
        "04-addresses" "compose.yaml" "fd00:4::9" => "fd00:4::a": "container ID-six-1";
    }
};
