//! Each stack of `stacks/` twice: what we make, `docker compose up` leaves as it is; what
//! `docker compose up` makes, we adopt as it is.

use std::collections::BTreeMap;
use std::fs;

use super::changes;
use super::project::{Project, stacks_of};

/// Stacks whose jobs `docker compose up` runs anew each time, by whomever they were made.
pub(super) const RUN_ANEW: &[&str] = &["52-jobs"];

/// Stacks whose config hashes hold containers' ids, so that each run has its own.
const HASH_OF_IDS: &[&str] = &["36-network-of-a-service", "37-namespaces", "38-volumes-from"];

/// Both ways of one stack.
pub(super) fn both(name: &'static str, set: &str, stack: &str) {
    let project = Project::of_stack(name, set, stack);
    project.make_external();
    forward(&project, stack);
    let ours = project.labels();
    project.compose(&["down", "-v"]);
    assert_eq!(project.snapshot(), BTreeMap::new(), "`docker compose down` ends what we made");
    back(&project);
    let [ours, theirs] = [ours, project.labels()].map(|labels| comparable(labels, stack));
    assert_eq!(ours, theirs, "labels of ours and of Compose");
    changes::change(&project, set, stack);
    project.compose(&["down", "-v"]);
}

fn forward(project: &Project, stack: &str) {
    project.reconciler(&["--once"]).exits(0);
    let made = project.snapshot();
    assert!(!made.is_empty());
    if !RUN_ANEW.contains(&stack) {
        project.up_only_runs();
        assert_eq!(project.snapshot(), made, "`docker compose up` changed something");
    }
    let rendered = project.compose(&["ps", "-a"]);
    for container in made.keys().filter_map(|thing| thing.strip_prefix("container ")) {
        assert!(rendered.contains(container), "`docker compose ps` does not show {container}");
    }
    let listed = project.compose(&["ls", "-a"]);
    let row = listed.lines().find(|line| line.split(' ').next() == Some(&project.id));
    assert!(row.is_some_and(|row| row.contains(&project.source())), "{listed}");
    project.reconciler(&["--once"]).is_quiet();
}

fn back(project: &Project) {
    project.compose(&["up", "-d"]);
    let made = project.snapshot();
    let planned = project.reconciler(&["plan", "--detailed-exitcode"]).is_quiet();
    for thing in made.keys() {
        let line = format!("adopt {thing} into {}", project.id);
        assert!(planned.stdout.lines().any(|l| l == line), "no `{line}` in\n{planned}");
    }
    assert_eq!(project.snapshot(), made, "a plan changed something");
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), made, "adoption changed something");
    let again = project.reconciler(&["--once"]).is_quiet();
    assert!(!again.stdout.contains("adopt"), "{again}");
    assert_eq!(project.snapshot(), made);
}

/// Labels without those whose value is another one each time, or comes in no order.
fn comparable(
    all: BTreeMap<String, BTreeMap<String, String>>,
    stack: &str,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let sorted = |(name, value): (String, String)| {
        let mut parts: Vec<&str> = value.split(',').collect();
        if name.ends_with(".depends_on") {
            parts.sort_unstable();
        }
        (name, parts.join(","))
    };
    let tells = |(name, _): &(String, String)| {
        !(HASH_OF_IDS.contains(&stack) && name.ends_with(".config-hash"))
    };
    all.into_iter()
        .map(|(thing, labels)| (thing, labels.into_iter().filter(tells).map(sorted).collect()))
        .collect()
}

/// Every folder of a set must be among these.
pub(super) fn all_are_known(set: &str, known: &[&str]) {
    for entry in fs::read_dir(stacks_of(set)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name.as_str()), "{name} is not listed");
    }
    changes::all_are_changed(set, known);
}

/// One test per stack of a set, and a test that none is forgotten.
macro_rules! stacks {
    ($set:literal: $($name:ident $stack:literal),+ $(,)?) => {
        $(#[test] fn $name() { $crate::both::both(stringify!($name), $set, $stack); })+

        #[test]
        fn no_stack_is_forgotten() {
            $crate::both::all_are_known($set, &[$($stack),+]);
        }
    };
}
pub(super) use stacks;

stacks! { "stacks":
    c01 "01-plain",
    c02 "02-depends-on",
    c03 "03-replicas",
    c04 "04-words",
    c05 "05-environment",
    c06 "06-env-file",
    c07 "07-labels",
    c08 "08-names",
    c09 "09-process",
    c10 "10-healthcheck",
    c11 "11-no-healthcheck",
    c12 "12-ports",
    c13 "13-expose",
    c14 "14-networks",
    c15 "15-network-options",
    c16 "16-static-addresses",
    c17 "17-external-network",
    c18 "18-volumes",
    c19 "19-anonymous-volumes",
    c20 "20-binds",
    c21 "21-tmpfs",
    c22 "22-volume-options",
    c23 "23-external-volume",
    c24 "24-config-files",
    c25 "25-config-content",
    c26 "26-secrets",
    c27 "27-limits",
    c28 "28-restart",
    c29 "29-capabilities",
    c30 "30-privileges",
    c31 "31-dns",
    c32 "32-logging",
    c33 "33-kernel",
    c34 "34-devices",
    c35 "35-network-mode",
    c36 "36-network-of-a-service",
    c37 "37-namespaces",
    c38 "38-volumes-from",
    c39 "39-links",
    c40 "40-resources",
    c41 "41-stopping",
    c42 "42-extends",
    c43 "43-include",
    c44 "44-profiles",
    c45 "45-anchors",
    c46 "46-override",
    c47 "47-name",
    c48 "48-platform",
    c49 "49-hooks",
    c50 "50-build",
    c51 "51-several-documents",
    c52 "52-jobs",
    c53 "53-bridge-links",
    c54 "54-one-builds-for-all",
    c55 "55-unset-variables",
    c56 "56-linked-replicas",
    c57 "57-equal-priorities",
    c58 "58-variables-everywhere",
}
