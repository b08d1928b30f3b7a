//! Plan files: what was planned is applied as it was, or not at all. And `apply` without one, which
//! asks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::support::*;

const STACK: &str = "services:\n  web: { image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL }\n";

/// Writes the plan of a source to a file.
fn out(lab: &Lab, source: &str) -> Finished {
    lab.run(&["plan", "--out", "shop.plan", source])
}

/// Applies the file, or not.
fn apply(lab: &Lab, source: &str) -> Finished {
    lab.run(&["apply", "shop.plan", source])
}

#[test]
fn a_plan_file_is_shown_and_applied_as_the_plan_that_it_is() {
    for lab in [Lab::new("planfile"), Lab::with_consul("planfilecat")] {
        lab.stack("abc", STACK);
        let source = lab.source();
        let planned = out(&lab, &source).exits(0);
        planned.clone().says(&format!("`reconciler apply shop.plan {source}` applies this plan"));
        let mode = fs::metadata(lab.folder().join("shop.plan")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(lab.run(&["show", "shop.plan"]).exits(0).stdout, planned.stdout);
        assert!(lab.names().is_empty(), "planning and showing change nothing");
        let applied = apply(&lab, &source).exits(0);
        assert!(applied.stdout.starts_with(&planned.stdout), "{applied}");
        assert_eq!(lab.names(), [lab.of("abc-web-1")]);
        lab.plan().is_quiet();
        // Once it was applied it is out of date.
        let before = lab.containers();
        apply(&lab, &source).exits(75).says("+No changes: everything is as the source says.");
        // With nothing to do there is nothing to agree to.
        out(&lab, &source).exits(0);
        apply(&lab, &source).is_quiet();
        assert_eq!(lab.containers(), before);
    }
}

#[test]
fn what_moved_on_an_engine_is_named_and_nothing_is_changed() {
    let lab = Lab::new("planfilemoved");
    lab.stack("abc", STACK);
    lab.once().exits(0);
    lab.stack("abc", &STACK.replace("1000", "2000"));
    let source = lab.source();
    out(&lab, &source).exits(0).prints("~ replace web");
    let web = lab.of("abc-web-1");
    docker(&["rm", "-f", &web]);
    let moved = apply(&lab, &source).exits(75).says("no longer what was agreed to");
    let moved = moved.says("-  ~ replace web").says("+  + create web");
    assert!(moved.stdout.is_empty() && !moved.stderr.contains("revision "), "{moved}");
    assert!(lab.names().is_empty());
    // A container that took its place meanwhile is another one.
    lab.stack("abc", STACK);
    lab.once().exits(0);
    lab.drop_stack("abc");
    lab.stack("xyz", STACK);
    let approve = out(&lab, &source).exits(3).word_after("--approve ");
    let approved = ["--approve", &approve, &source];
    lab.run(&[&["plan", "--out", "shop.plan"], &approved[..]].concat()).exits(0);
    let labels = inspect(&web)["Config"]["Labels"].clone();
    docker(&["rm", "-f", &web]);
    let labels = labels.as_object().unwrap().iter();
    let labels: Vec<_> =
        labels.map(|(name, value)| format!("--label={name}={}", value.as_str().unwrap())).collect();
    let run = ["run", "-d", "--name", &web];
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    docker(&[&run[..], &labels, &["reconciler.demo/base", "sleep", "1000"]].concat());
    let own = id(&web);
    lab.run(&[&["apply", "shop.plan"], &approved[..]].concat()).exits(75);
    assert_eq!(id(&web), own);
}

#[test]
fn a_newer_commit_is_named_and_nothing_is_changed() {
    let lab = Lab::new("planfilecommit");
    lab.stack("abc", STACK);
    let url = lab.commit();
    out(&lab, &url).exits(0);
    lab.stack("abc", &STACK.replace("web:", "api:"));
    lab.commit();
    let moved = apply(&lab, &url).exits(75).says("revision ").says(" -> ");
    moved.says("-  + create web").says("+  + create api");
    assert!(lab.names().is_empty());
    // A commit that changes nothing is another revision, too.
    out(&lab, &url).exits(0);
    lab.commit();
    let moved = apply(&lab, &url).exits(75).says("revision ");
    assert!(!moved.stderr.contains("create"), "{moved}");
    out(&lab, &url).exits(0);
    apply(&lab, &url).exits(0);
    assert_eq!(lab.names(), [lab.of("abc-api-1")]);
}

#[test]
fn a_plan_file_in_the_source_makes_no_other_revision_of_it() {
    let lab = Lab::new("planfileinside");
    lab.stack("abc", STACK);
    let source = lab.source();
    let file = format!("{source}/shop.plan");
    lab.run(&["plan", "--out", &file, &source]).exits(0);
    lab.run(&["apply", &file, &source]).exits(0);
    lab.plan().is_quiet();
}

#[test]
fn no_secret_is_in_a_plan_file_and_another_secret_is_another_plan() {
    let lab = Lab::new("planfilesecret");
    let stack = "services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    env_file: web.env
    environment: { DB_PASSWORD: can4ry-by-name, SEEN: \"${OPERATOR}\" }
    secrets: [{ source: token, mode: 0440 }]
secrets:
  token: { file: token.txt }
";
    lab.stack("abc", stack);
    lab.file("abc", "web.env", "FROM_FILE=can4ry-env-file\n");
    lab.file("abc", "token.txt", "can4ry-secret");
    let url = lab.commit();
    let run = |words: &[&str], value: &str| {
        lab.program(&[words, &["--env", "OPERATOR", &url]].concat()).env("OPERATOR", value).run()
    };
    run(&["plan", "--out", "shop.plan"], "can4ry-one").exits(0);
    let text = fs::read_to_string(lab.folder().join("shop.plan")).unwrap();
    assert!(text.contains("abc-web-1") && !text.contains("can4ry"), "{text}");
    let printed = lab.run(&["show", "shop.plan", "-o", "json"]).exits(0).to_string();
    assert!(printed.contains("abc-web-1") && !printed.contains("can4ry"), "{printed}");
    let moved = run(&["apply", "shop.plan"], "can4ry-two").exits(75);
    assert!(!moved.to_string().contains("can4ry"), "{moved}");
    assert!(lab.names().is_empty());
    run(&["apply", "shop.plan"], "can4ry-one").exits(0);
    assert_eq!(lab.names(), [lab.of("abc-web-1")]);
}

#[test]
fn apply_without_a_file_needs_a_yes() {
    let lab = Lab::new("applyasks");
    lab.stack("abc", &STACK.replace("command", "pid: host, command"));
    let source = lab.source();
    lab.run(&["apply", &source]).exits(64).says("--yes").says("--once");
    assert!(lab.names().is_empty());
    lab.run(&["apply", "--yes", &source]).exits(0).prints("+ create web");
    assert_eq!(lab.names(), [lab.of("abc-web-1")]);
    lab.run(&["apply", "--yes", &source]).is_quiet();
}

#[test]
fn at_a_terminal_apply_asks_and_does_what_is_answered() {
    let lab = Lab::new("applyterminal");
    lab.stack("abc", STACK);
    let source = lab.source();
    let question = "Apply this plan? [y/N]";
    let answer = |input| lab.terminal(&["apply", &source], question, || input);
    let no = answer("n\n").exits(1);
    let no = no.prints("+ create web").prints(question).prints("Nothing was changed.");
    assert!(lab.names().is_empty(), "{no}");
    answer("y\n").exits(0).prints(question);
    assert_eq!(lab.names(), [lab.of("abc-web-1")]);
    let quiet = answer("").is_quiet();
    assert!(!quiet.stdout.contains(question), "{quiet}");
    // Ctrl-C ends it at once.
    lab.stack("abc", &STACK.replace("1000", "2000"));
    let before = lab.containers();
    answer("\u{3}").exits(130).prints(question);
    assert_eq!(lab.containers(), before);
}

#[test]
fn what_changes_before_the_answer_is_not_applied() {
    let lab = Lab::new("applymeanwhile");
    lab.stack("abc", STACK);
    lab.once().exits(0);
    lab.stack("abc", &STACK.replace("1000", "2000"));
    let (source, web) = (lab.source(), lab.of("abc-web-1"));
    let question = "Apply this plan? [y/N]";
    let moved = lab.terminal(&["apply", &source], question, || {
        docker(&["rm", "-f", &web]);
        "y\n"
    });
    moved.exits(75).prints("-  ~ replace web").prints("+  + create web");
    assert!(lab.names().is_empty());
}
