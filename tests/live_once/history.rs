//! `history` after real rollouts: what was done, what failed and how, and the plan's word on how long
//! the last one took.

use serde_json::Value;

use crate::support::Lab;

#[test]
fn history_says_how_each_rollout_ended() {
    let lab = Lab::new("history");
    let stack = |command: &str| {
        format!("services:\n  web: {{ image: reconciler.demo/base, command: \"{command}\" }}\n")
    };
    lab.stack("abc", &stack("sleep 1000"));
    lab.once().exits(0);
    lab.run(&["plan", &lab.source()]).exits(0).prints("No changes");
    lab.stack("abc", &stack("sh -c 'exit 3'"));
    let plan = lab.run(&["plan", &lab.source()]).exits(0);
    assert!(plan.stdout.contains(", last rollout took "), "{plan}");
    lab.once().exits(1);
    lab.once().exits(1);
    let history = lab.run(&["history", &lab.id("abc"), "-o", "json"]).exits(0);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let rollouts = history["deployments"][0]["rollouts"].as_array().unwrap();
    // The return, what failed, and what worked before: it is not tried again.
    let kinds: Vec<_> = rollouts.iter().map(|it| it["result"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["done", "failed", "done"], "{history}");
    assert_eq!(rollouts[0]["back_from"], rollouts[1]["revision"], "{history}");
    assert_eq!(rollouts[1]["attempts"], 1, "{history}");
    let text = lab.run(&["history", &lab.id("abc")]).exits(0);
    text.prints("✗ failed")
        .prints("rolled back")
        .prints("exited with code 3")
        .prints("replace web");
}
