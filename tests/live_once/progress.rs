//! What a person sees while a pass runs, and what is left of it: at terminals of two widths, with
//! and without colours, and where there is no terminal.

use super::support::*;

/// One service that is replaced, one whose new container fails, and one that waits for that.
const STACK: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { TAG: \"1\" }
    healthcheck: { test: [CMD, \"true\"], interval: 500ms }
    deploy: { replicas: 3, update_config: { parallelism: 3 } }
  bad:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, \"true\"], interval: 500ms }
    deploy: { update_config: { order: start-first } }
  last:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, \"true\"], interval: 500ms }
    depends_on: { bad: { condition: service_healthy, restart: true } }
  other:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, \"true\"], interval: 500ms }
";

/// It waits for a while and says why it ends.
fn failing() -> String {
    let fails = "sh -c 'echo starting; sleep 2; echo no route to db; exit 3'";
    let (head, rest) = STACK.split_once("  bad:").unwrap();
    // It has no health check any more: so it must run for a while.
    let rest = rest.replacen("sleep 1000", fails, 1);
    let rest = rest.replacen("healthcheck: { test: [CMD, \"true\"], interval: 500ms }", "", 1);
    format!("{}  bad:{rest}", head.replace("TAG: \"1\"", "TAG: \"2\""))
}

/// A pass with one failing replica at a terminal.
fn recorded(name: &'static str, columns: u16, options: &[&str], colour: bool) {
    let lab = Lab::new(name);
    lab.stack("abc", STACK);
    let first = lab.once().exits(0);
    let web = format!("{}/web", lab.id("abc"));
    assert!(first.stderr.contains(&format!("{web}/1: started, waiting for health\n")), "{first}");
    assert!(first.stderr.contains(&format!("{web}/3: created (")), "{first}");
    assert!(!first.to_string().contains('\u{1b}'), "no terminal, no escapes: {first}");

    lab.stack("abc", &failing());
    let source = lab.source();
    let words = [&["--once"], options, &[source.as_str()]].concat();
    let program = lab.program(&words).env("TERM", "xterm-256color");
    let program = if colour { program } else { program.env("NO_COLOR", "1") };
    let mut terminal = program.at_terminal(columns);
    terminal.until("a row for each replica", |screen| {
        let rows = screen.lines().filter(|line| line.contains("  ~ replace  ")).count();
        rows == 4 && screen.contains("waiting for health") && screen.contains("under way")
    });
    let ended = terminal.end();
    let text = ended.text();
    assert_eq!(ended.code, Some(1), "{text}");
    let bad = format!("{}/bad", lab.id("abc"));
    for expected in [
        format!("  ~ replaced {web} ×3 ("),
        format!("  ! failed {bad}/1: replace, waiting for health ("),
        format!("error: {bad}/1 failed: it exited with code 3"),
        "  | no route to db".to_owned(),
        format!("  = {} was rolled back to revision ", lab.id("abc")),
        format!("  = help: `reconciler history {}`", lab.id("abc")),
    ] {
        let found = text.lines().filter(|line| line.starts_with(&expected)).count();
        assert_eq!(found, 1, "{expected}\n{text}");
    }
    // Nothing of the view is left, whatever was printed meanwhile.
    assert!(!text.contains("under way"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("  ~ replace  ")).count(), 0, "{text}");
    assert_eq!(ended.raw.contains("\u{1b}[3"), colour, "{:?}", ended.raw);
    assert_eq!(ended.raw.contains("\u{1b}[1m"), colour, "{:?}", ended.raw);
    let (row, line) = ended
        .screen
        .rows(0, columns)
        .enumerate()
        .find(|(_, line)| line.contains("! failed"))
        .unwrap();
    let at = u16::try_from(line.chars().position(|c| c == '!').unwrap()).unwrap();
    let cell = ended.screen.cell(u16::try_from(row).unwrap(), at).unwrap();
    let red = vt100::Color::Idx(1);
    assert_eq!(cell.fgcolor() == red, colour, "{text}");
}

#[test]
fn a_pass_at_80_columns_in_colour() {
    recorded("progressa", 80, &[], true);
}

#[test]
fn a_pass_at_80_columns_without_colour() {
    recorded("progressb", 80, &[], false);
}

#[test]
fn a_pass_at_120_columns_in_colour_with_a_log_meanwhile() {
    recorded("progressc", 120, &["--log-level", "debug"], true);
}

#[test]
fn a_pass_at_120_columns_without_colour() {
    recorded("progressd", 120, &[], false);
}

/// It never becomes healthy, and something waits for it.
const UNREADY: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, test, -e, /tmp/ready], interval: 1s, start_period: 5m }
  last:
    image: reconciler.demo/base
    command: sleep 1000
    depends_on: { web: { condition: service_healthy } }
";

#[test]
fn a_signal_at_a_terminal_says_what_is_given_up_and_what_does_not_begin() {
    let lab = Lab::new("progresse");
    lab.stack("abc", UNREADY);
    let source = lab.source();
    let program = lab.program(&["--once", &source]).env("TERM", "xterm");
    let mut terminal = program.at_terminal(100);
    let (web, last) = (format!("{}/web/1", lab.id("abc")), format!("{}/last/1", lab.id("abc")));
    terminal.until("one waits for the other", |screen| {
        let row = |name: &str, phase: &str| {
            screen.lines().any(|line| line.starts_with(name) && line.contains(phase))
        };
        row(&web, "waiting for health") && row(&last, &format!("waits for {web}"))
    });
    // The view follows the width of its terminal.
    terminal.resize(130);
    kill(terminal.child(), "-INT");
    let ended = terminal.end();
    let text = ended.text();
    assert_eq!(ended.code, Some(130), "{text}");
    for expected in [
        "stopping; a second signal ends the program at once".to_owned(),
        format!("  is given up: {web}, waiting for health"),
        format!("  does not go on: {last}"),
        format!("  ! not finished {web}: create ("),
        format!("  ! not finished {last}: create ("),
    ] {
        assert!(text.lines().any(|line| line.starts_with(&expected)), "{expected}\n{text}");
    }
    assert!(!text.contains("under way"), "{text}");
    assert!(text.contains("The same command goes on from here"), "{text}");
}

#[test]
fn a_dumb_terminal_gets_lines_without_escapes() {
    let lab = Lab::new("progressf");
    lab.stack("abc", STACK);
    let source = lab.source();
    let dumb = lab.program(&["sim", &source]).env("TERM", "dumb").at_terminal(80).end();
    assert_eq!(dumb.code, Some(0), "{}", dumb.text());
    assert!(!dumb.raw.contains('\u{1b}'), "{:?}", dumb.raw);
    assert!(dumb.text().contains("/web/1: started, waiting for health"), "{}", dumb.text());
}

#[test]
fn a_probe_that_fails_is_quoted_without_its_secrets() {
    let lab = Lab::new("progressg");
    lab.stack(
        "abc",
        "
services:
  ill:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { DB_PASSWORD: can4ry-probe }
    healthcheck:
      { test: [CMD-SHELL, 'echo no route for $$DB_PASSWORD; exit 1'], interval: 300ms, retries: 2 }
",
    );
    let text = lab.once().exits(1);
    text.says("its health check printed:").says("| no route for (masked)");
    docker(&["rm", "-f", &lab.of("abc-ill-1")]);
    let json = lab.run(&["--once", "-o", "json", &lab.source()]).exits(1);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let steps = report["steps"].as_array().unwrap();
    let ending = steps.iter().map(|step| &step["ending"]).find(|end| end["kind"] == "failed");
    let ending = ending.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(ending["health_output"][0], "no route for (masked)", "{ending}");
    let name = format!("{}/ill/1", lab.id("abc"));
    assert_eq!(ending["object"], name.as_str(), "{ending}");
    assert_eq!(ending["next"], format!("reconciler logs {name}"), "{ending}");
}

/// Its stop takes seconds.
const SLOW: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'trap \"sleep 3; exit 0\" TERM; while true; do sleep 0.1; done'
    environment: { TAG: \"1\" }
    deploy: { update_config: { order: stop-first } }
";

#[test]
fn a_second_signal_says_what_is_left_under_way() {
    let lab = Lab::new("progressh");
    lab.stack("abc", SLOW);
    lab.once().exits(0);
    lab.stack("abc", &SLOW.replace("\"1\"", "\"2\""));
    let source = lab.source();
    let program = lab.program(&["--once", &source]).env("TERM", "xterm");
    let mut terminal = program.at_terminal(100);
    let stopping = format!("{}/web/1, stopping the old one", lab.id("abc"));
    terminal.until("the old one is stopped", |screen| screen.contains("stopping the old one  "));
    kill(terminal.child(), "-INT");
    terminal.until("it is reported", |screen| screen.contains("goes on to its end"));
    kill(terminal.child(), "-TERM");
    let ended = terminal.end();
    let text = ended.text();
    assert_eq!(ended.code, Some(143), "{text}");
    assert!(text.contains(&format!("\n  goes on to its end: {stopping}")), "{text}");
    assert!(text.contains(&format!("\n  left under way: {stopping}")), "{text}");
    assert!(!text.contains("1 under way"), "{text}");
    lab.once().exits(0);
}
