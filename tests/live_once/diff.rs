//! `diff` beside a real engine: what was changed in the source, by hand, and what stays unseen.

use super::support::*;

const STACK: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    mem_limit: 64m
    deploy: { replicas: 2 }
    environment:
      TAG: \"1.7\"
      DB_PASSWORD: can4ry-1
    volumes: [data:/data]
volumes:
  data:
";

/// The lines of a diff that are on one side only, without headings.
fn changed(finished: &Finished) -> Vec<&str> {
    let is_one_sided = |line: &&str| {
        line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
    };
    finished.stdout.lines().filter(is_one_sided).collect()
}

fn diff(lab: &Lab, words: &[&str]) -> Finished {
    let source = lab.source();
    let words = [&["diff", "--detailed-exitcode"], words, &[&*source]].concat();
    let finished = lab.run(&words);
    assert!(!finished.to_string().contains("can4ry"), "{finished}");
    finished
}

#[test]
fn what_git_and_a_hand_changed_differs_and_nothing_else() {
    let lab = Lab::new("differ");
    lab.stack("abc", STACK);
    let missing = diff(&lab, &[]).exits(2);
    assert!(missing.stdout.contains(", missing)"), "{missing}");
    assert!(missing.stdout.contains("\n+image: reconciler.demo/base\n"), "{missing}");
    assert!(changed(&missing).iter().all(|line| line.starts_with('+')), "{missing}");
    lab.once().exits(0);
    let before = lab.containers();

    let same = diff(&lab, &[]).exits(0);
    assert_eq!(same.stdout, "", "{same}");

    lab.stack("abc", &STACK.replace("1.7", "1.8"));
    let by_git = diff(&lab, &[]).exits(2);
    assert_eq!(changed(&by_git), ["-  TAG: 1.7", "+  TAG: 1.8"], "{by_git}");
    let id = lab.id("abc");
    let heading = format!("--- live {id}/web 1, 2 (engine local, containers ");
    assert!(by_git.stdout.starts_with(&heading), "{by_git}");

    lab.stack("abc", STACK);
    docker(&["update", "--memory", "32m", "--memory-swap", "-1", &lab.of("abc-web-2")]);
    let by_hand = diff(&lab, &[]).exits(2);
    let lines = changed(&by_hand);
    assert!(lines.contains(&"-mem_limit: 33554432"), "{by_hand}");
    assert!(lines.contains(&"+mem_limit: 67108864"), "{by_hand}");
    assert!(by_hand.stdout.starts_with(&format!("--- live {id}/web/2 ")), "{by_hand}");
    let source = lab.source();
    let plan = |of: &str| lab.run(&["plan", "--only", &format!("{id}/{of}"), &source]).exits(0);
    let all = "Of everything, which is what is applied: Plan: 1 to update in place.";
    let (quiet, moved) = (plan("web/1").stdout, plan("web/2").stdout);
    assert_eq!(quiet, format!("Of {id}/web/1: no changes.\n{all}\n"));
    assert!(moved.contains("update in place web: replica 2 (1 of 2)"), "{moved}");
    assert!(moved.ends_with(&format!("Of {id}/web/2: 1 to update in place.\n{all}\n")), "{moved}");
    assert_eq!(diff(&lab, &["--only", &format!("{id}/web/1")]).exits(0).stdout, "");
    assert_eq!(lab.containers(), before, "nothing was changed");

    lab.once().exits(0);
    assert_eq!(diff(&lab, &[]).exits(0).stdout, "");

    // What is no field differs in no form.
    docker(&["kill", &lab.of("abc-web-2")]);
    let down = diff(&lab, &[]).exits(2);
    assert_eq!(down.stdout, "");
    down.says(&format!("which no form shows: {id}/web/2"));
    assert_eq!(diff(&lab, &["--only", &format!("{id}/web/1")]).exits(0).stdout, "");
}

#[test]
fn a_changed_secret_shows_two_masks_and_no_value() {
    let lab = Lab::new("diffmask");
    lab.stack("abc", STACK);
    lab.once().exits(0);
    lab.stack("abc", &STACK.replace("can4ry-1", "can4ry-2"));
    let changed_secret = diff(&lab, &[]).exits(2);
    let lines = changed(&changed_secret);
    let [live, desired] = lines[..] else { panic!("{changed_secret}") };
    assert!(live.starts_with("-  DB_PASSWORD: (masked "), "{changed_secret}");
    assert!(desired.starts_with("+  DB_PASSWORD: (masked "), "{changed_secret}");
    assert_ne!(live[1..], desired[1..]);

    // A service that left: nothing says where its values came from.
    lab.stack("abc", &STACK.replace("  web:", "  api:"));
    let left = diff(&lab, &["--only", &format!("{}/web", lab.id("abc"))]).exits(2);
    assert!(left.stdout.contains("(not wanted)"), "{left}");
    assert!(left.stdout.contains("-  DB_PASSWORD: (masked "), "{left}");
    assert!(!left.stdout.contains("can4ry"), "{left}");
    assert!(left.stdout.contains("-image: reconciler.demo/base"), "{left}");
}
