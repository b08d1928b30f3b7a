//! `diff` from outside, beside an engine that answers from canned text.

use super::cli_engine::Engine;
use super::{CANARY, Case};

/// Calls `diff` on one container whose password is not what its stack says.
fn play(name: &str, options: &str) -> String {
    let folder = std::env::temp_dir().join(format!("reconciler-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("engine.sock");
    let engine = Engine::listen(&socket, CANARY);
    let call = format!("diff traced --source-name test {options}");
    let case = Case { call, env: vec![format!("DOCKER_HOST=unix://{}", socket.display())] };
    let printed = case.play();
    let asked = engine.asked.lock().expect("no panic holds it");
    assert!(!asked.is_empty() && asked.iter().all(|request| request.starts_with("GET ")));
    assert!(!printed.contains(CANARY), "the secret is shown: {printed}");
    assert!(!printed.contains("another"), "the secret of the stack is shown: {printed}");
    std::fs::remove_dir_all(&folder).expect("removed");
    printed
}

/// The text without masks, which depend on the installation's key.
fn unmasked(text: &str) -> String {
    let mut parts = text.split("(masked ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = |part: &str| part.split_once(')').map_or("", |(_, rest)| rest).to_owned();
    parts.fold(first, |all, part| all + "(masked)" + &rest(part))
}

#[test]
fn both_sides_are_in_normal_form_and_masked() {
    let printed = play("diff-text", "-U 1");
    let diff = "\
--- live shop/web/1 (engine local, container 4f2a4f2a4f2a)
+++ desired shop/web/1 (compose.yaml:3)
@@ -3,4 +3,3 @@
 environment:
-  DB_PASSWORD: (masked)
-  DSN: db://(masked)@db/x
+  DB_PASSWORD: (masked)
   PATH: /bin
stderr:
0 objects as the stacks say, 1 not.
";
    let unmasked = unmasked(&printed);
    assert!(unmasked.contains("exit: 0\n"), "{unmasked}");
    assert!(unmasked.ends_with(diff), "{unmasked}");
    let masks: Vec<&str> = printed.lines().filter(|line| line.contains("DB_PASSWORD")).collect();
    let [live, desired] = masks[..] else { panic!("{printed}") };
    assert_ne!(live[1..], desired[1..], "the masks of different values differ");
}

#[test]
fn a_difference_has_an_exit_code_if_it_is_asked_for() {
    assert!(play("diff-code", "--detailed-exitcode --only web").contains("exit: 2\n"));
    assert!(play("diff-none", "--detailed-exitcode --only shop/api").contains("exit: 64\n"));
}

#[test]
fn colours_mark_what_goes_and_what_comes() {
    let printed = play("diff-colour", "--color always");
    assert!(printed.contains("\u{1b}[31m-  DB_PASSWORD: (masked "), "{printed}");
    assert!(printed.contains("\u{1b}[32m+  DB_PASSWORD: (masked "), "{printed}");
}

#[test]
fn programs_get_the_fields_that_differ() {
    let printed = play("diff-json", "-o json");
    let json = printed.split("stdout:\n").nth(1).and_then(|rest| rest.split("stderr:").next());
    let value: serde_json::Value = serde_json::from_str(json.expect("a result")).expect("JSON");
    assert_eq!(value["schema_version"], 1);
    let object = &value["objects"][0];
    assert_eq!(object["fields"], serde_json::json!(["environment.DB_PASSWORD", "environment.DSN"]));
    assert_eq!(object["live"]["containers"][0]["name"], "shop-web-1");
    assert_eq!(value["objects"].as_array().map(Vec::len), Some(1));
}
