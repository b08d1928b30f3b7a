//! `plan --only` from outside, beside an engine that answers from canned text: what is printed is of
//! what was asked for, and says what it leaves out; what is planned is whole.

use super::cli_engine::Engine;
use super::{CANARY, Case};

const STACK: &str = "\
name: shop
services:
  web: { image: reconciler.demo/web, environment: { DB_PASSWORD: another } }
  api: { image: reconciler.demo/web }
  db: { image: reconciler.demo/web }
";

/// Calls `plan` on a stack of which one service of three runs.
fn play(name: &str, options: &str) -> (i32, String, String) {
    let folder = std::env::temp_dir().join(format!("rc-only-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("engine.sock");
    let _engine = Engine::listen(&socket, CANARY);
    std::fs::write(folder.join("compose.yaml"), STACK).expect("written");
    let call = format!("plan {} --source-name test {options}", folder.display());
    let env = vec![format!("DOCKER_HOST=unix://{}", socket.display())];
    let output = Case { call, env }.command().output().expect("it starts");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    std::fs::remove_dir_all(&folder).expect("removed");
    (output.status.code().expect("a code"), stdout, stderr)
}

#[test]
fn of_one_service_only_that_is_printed_and_the_rest_is_counted() {
    let (exit, whole, _) = play("whole", "");
    assert_eq!(exit, 0, "{whole}");
    let summary = whole.lines().last().expect("a summary");
    assert!(whole.contains("create db") && whole.contains("web") && whole.contains("api"));

    let (exit, printed, stderr) = play("text", "--only shop/db");
    assert_eq!(exit, 0, "{stderr}");
    assert!(printed.contains("create db") && !printed.contains("api"), "{printed}");
    let last: Vec<&str> = printed.lines().rev().take(2).collect();
    let all = format!("Of everything, which is what is applied: {summary}");
    assert_eq!(last, [all.as_str(), "Of shop/db: 1 to create."]);

    let (_, steps, _) = play("steps", "--steps --only db,api");
    assert!(steps.contains("create container shop-db-1"), "{steps}");
    assert!(steps.contains("shop-api-1") && !steps.contains("shop-web-1"), "{steps}");
    assert!(steps.ends_with(&format!("{all}\n")), "{steps}");

    let (_, comment, _) = play("markdown", "-o markdown --only db");
    assert!(comment.contains("**Of db: 1 to create.**") && comment.contains(summary), "{comment}");
}

#[test]
fn programs_are_told_what_the_steps_are_of() {
    let (exit, stdout, stderr) = play("json", "-o json --only db --detailed-exitcode");
    assert_eq!(exit, 2, "{stderr}");
    let plan: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(plan["only"], serde_json::json!(["db"]));
    let all = plan["summary_of_all"].as_str().expect("a text");
    assert!(all.starts_with("Plan: ") && all != plan["summary"], "{plan}");
    let objects = plan["changes"][0]["objects"].as_array().expect("objects");
    assert!(objects.iter().all(|it| it["object"]["service"] == "db"), "{objects:?}");
    let (_, stdout, _) = play("json-whole", "-o json");
    assert!(!stdout.contains("\"only\""), "{stdout}");
}

#[test]
fn the_plan_file_the_exit_code_and_the_command_are_of_the_whole() {
    let out = std::env::temp_dir().join(format!("rc-only-{}.plan", std::process::id()));
    let options = format!("--only web --detailed-exitcode --out {}", out.display());
    let (exit, _, stderr) = play("out", &options);
    assert_eq!(exit, 2, "{stderr}");
    assert!(stderr.contains("apply") && !stderr.contains("--only"), "{stderr}");
    let written = std::fs::read_to_string(&out).expect("a plan file");
    assert!(written.contains("create db") && written.contains("create api"), "{written}");
    std::fs::remove_file(&out).expect("removed");
}

#[test]
fn a_word_that_names_nothing_is_a_mistake() {
    let (exit, stdout, stderr) = play("nothing", "--only shop/cache");
    assert_eq!((exit, stdout.as_str()), (64, ""));
    assert!(
        stderr.contains("there is no deployment, service or container `shop/cache`"),
        "{stderr}"
    );
}
