//! `doctor` beside an engine and Consul that work, and what runs left there.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::support::*;

const STACK: &str = "
services:
  web: { image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL }
";

/// The findings of a check: verdict and text.
fn found(lab: &Lab, words: &[&str], check: &str) -> Vec<(String, String)> {
    let source = lab.source();
    let finished = lab.run(&[&["doctor", "-o", "json"], words, &[&source]].concat());
    let report: Value =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error} {finished}"));
    let findings = report["findings"].as_array().unwrap().clone();
    let of = findings.into_iter().filter(|finding| finding["check"] == check);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of.map(|finding| (text(&finding["verdict"]), text(&finding["text"]))).collect()
}

#[track_caller]
fn is(lab: &Lab, check: &str, verdict: &str) {
    let found = found(lab, &[], check);
    assert_eq!(
        found.iter().map(|(verdict, _)| verdict).collect::<Vec<_>>(),
        [verdict],
        "{found:?}"
    );
}

#[test]
fn where_all_is_well_doctor_says_so() {
    let lab = Lab::with_consul("doctor");
    lab.stack("abc", STACK);
    lab.once().exits(0);
    let key = lab.folder().join("mask.key");
    std::fs::write(&key, "a key").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let doctor = lab.run(&["doctor", "--mask-key-file", key.to_str().unwrap(), &lab.source()]);
    let doctor = doctor.exits(0).prints("engine local: answers").prints("Consul: answers");
    assert!(doctor.stdout.contains("0 fail"), "{doctor}");
    for check in ["clock", "consul-clock", "consul-token", "source", "unexplained"] {
        is(&lab, check, "ok");
    }
    let git = lab.commit();
    let doctor = lab.run(&["doctor", &git]).exits(0).prints("can be read; it is at");
    assert!(doctor.stdout.contains("only the branches are read"), "{doctor}");
}

#[test]
fn what_was_left_on_an_engine_is_told() {
    let lab = Lab::new("doctorleft");
    lab.stack("abc", STACK);
    lab.stack("xyz", STACK);
    lab.once().exits(0);
    is(&lab, "leftovers", "ok");
    lab.drop_stack("xyz");
    is(&lab, "unexplained", "warn");
    let lock = format!("reconciler-lock-{}", lab.installation());
    let installation = format!("reconciler.installation={}", lab.installation());
    let holder = "reconciler.lock={\"holder\":\"a run\",\"until\":1}";
    docker(&["create", "--name", &lock, "--label", &installation, "--label", holder, IMAGE, "x"]);
    is(&lab, "lock", "warn");
    let doctor = lab.run(&["doctor", &lab.source()]).exits(0);
    doctor
        .prints("the lock of a run, which runs no more, is left")
        .prints(&format!("docker rm {lock}"));
    // What helps, helps.
    docker(&["rm", &lock]);
    lab.once().exits(0);
    is(&lab, "leftovers", "ok");
    is(&lab, "unexplained", "ok");
}
