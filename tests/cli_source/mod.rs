//! The source is given in one of two ways, at every verb that reads one: as `--source`, and without
//! it where no other words can be meant.

use super::Case;

fn play(call: &str, env: &[&str]) -> String {
    let env = env.iter().map(|pair| (*pair).to_owned());
    let env = env.chain(["DOCKER_HOST=unix:///nonexistent".to_owned()]).collect();
    Case { call: call.to_owned(), env }.play()
}

/// What a call printed, without the call.
fn printed(call: &str, env: &[&str]) -> String {
    let text = play(call, env);
    let of_call = |line: &&str| !line.starts_with("$ ") && !line.starts_with("env: ");
    text.lines().filter(of_call).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_flag_and_the_argument_mean_the_same() {
    for verb in ["validate", "sim", "plan", "diff", "grants", "--once", "apply --yes"] {
        let argument = printed(&format!("{verb} bad"), &[]);
        let named = printed(&format!("{verb} --source bad"), &[]);
        let repeated = named.replace("--source bad", "bad");
        assert_eq!(argument, repeated, "{verb}");
        assert!(!named.contains("exit: 64"), "{named}");
        let over = printed(&format!("{verb} --source bad"), &["RECONCILER_SOURCE=good"]);
        assert_eq!(over, named, "a flag counts before a variable");
    }
}

#[test]
fn every_verb_that_reads_a_source_takes_the_flag() {
    for verb in [
        "run",
        "plan",
        "diff",
        "apply",
        "validate",
        "grants",
        "sim",
        "doctor",
        "status",
        "ps",
        "history",
        "stack ls",
        "service ls",
        "wait",
        "explain web",
        "logs",
        "events",
    ] {
        let text = play(&format!("{verb} --source nowhere --help"), &[]);
        assert!(text.contains("exit: 0"), "{verb}: {text}");
        // One way is taught at each.
        let flag = text.lines().any(|line| line.trim_start().starts_with("--source <"));
        let argument = text.lines().any(|line| line.contains("PATH|URL]"));
        assert!(!(flag && argument), "{verb}: {text}");
    }
}

#[test]
fn two_sources_are_one_too_many() {
    for call in ["plan good --source bad", "doctor --source bad good", "validate good --source bad"]
    {
        let text = play(call, &[]);
        assert!(text.contains("exit: 64") && text.contains("given twice"), "{text}");
    }
    let text = play("apply --source bad plans/none.plan", &[]);
    assert!(text.contains("plans/none.plan"), "the first word is the plan file: {text}");
}

#[test]
fn a_place_where_a_deployment_is_meant_leads_to_the_flag() {
    for place in ["good", "./good", "https://git.example/ops.git"] {
        for verb in ["status", "ps", "service ls"] {
            let text = play(&format!("{verb} {place}"), &[]);
            assert!(text.contains(&format!("`--source {place}`")), "{text}");
        }
    }
}
