//! A container that dies after a while is never reported as done, whatever restarts it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Lab;

#[test]
fn what_dies_within_its_first_seconds_has_failed_under_each_restart_policy() {
    let lab = Lab::new("crashing");
    let mut stack = "services:\n".to_owned();
    let mut names = Vec::new();
    for (name, policy) in [
        ("none", ""),
        ("no", "\"no\""),
        ("on-failure", "on-failure"),
        ("always", "always"),
        ("unless", "unless-stopped"),
    ] {
        let restart =
            if policy.is_empty() { String::new() } else { format!("restart: {policy}, ") };
        for (after, seconds) in [("soon", "0.5"), ("later", "2"), ("late", "4")] {
            let command = format!("sh -c 'sleep {seconds}; exit 7'");
            writeln!(
                stack,
                "  {name}-{after}: {{ image: reconciler.demo/base, {restart}stop_signal: SIGKILL, \
                 command: \"{command}\" }}"
            )
            .unwrap();
            names.push(format!("{name}-{after}"));
        }
    }
    lab.stack("abc", &stack);
    let once = lab.run(&["--once", "-o", "json", &lab.source()]).exits(1);
    let report: Value = serde_json::from_str(&once.stdout).unwrap();
    let steps = report["steps"].as_array().unwrap();
    for name in names {
        let begins = format!("await {} ", lab.of(&format!("abc-{name}-1")));
        let mut waits =
            steps.iter().filter(|step| step["action"].as_str().unwrap().starts_with(&begins));
        let ending =
            &waits.next().unwrap_or_else(|| panic!("no wait for {name}: {once}"))["ending"];
        assert_eq!(ending["kind"], "failed", "{name}: {ending}");
        // It may run again whenever it is looked at: then nobody knows how it ended.
        let error = ending["error"].as_str().unwrap();
        let ended = ["it exited with code 7", "it ended, and again after each of"];
        assert!(ended.iter().any(|ended| error.starts_with(ended)), "{name}: {ending}");
    }
    let health = &report["deployments"][lab.id("abc")]["health"];
    assert_ne!(health, "Healthy", "{once}");
}

#[test]
fn what_is_no_text_fills_no_screen() {
    let lab = Lab::new("zeros");
    let command = "head -c 65000 /dev/zero; echo; echo the end; exit 3";
    let stack = format!(
        "services:\n  web: {{ image: reconciler.demo/base, command: [sh, -c, '{command}'] }}\n"
    );
    lab.stack("abc", &stack);
    let once = lab.once().exits(1);
    let all = once.to_string();
    assert!(all.contains("\\u{0}…") && all.contains("the end"), "{once}");
    assert!(all.len() < 8000, "{} bytes: {once}", all.len());
}
