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
    assert_eq!(rollouts.len(), 2, "{history}");
    assert_eq!(rollouts[0]["attempts"], 2, "{history}");
    assert_eq!(rollouts[0]["result"]["kind"], "failed", "{history}");
    assert_eq!(rollouts[1]["result"]["kind"], "done", "{history}");
    let text = lab.run(&["history", &lab.id("abc")]).exits(0);
    text.prints("✗ failed").prints("attempt 2").prints("exited with code 3").prints("replace web");
}
