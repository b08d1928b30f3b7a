//! What new users get wrong on the first day: of each call the message names a place or an
//! object, the cause, and a remedy.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A call in a folder of its own.
struct Mistake {
    /// Files of the folder.
    files: &'static [(&'static str, &'static str)],
    /// Variables of the environment, apart from an engine that is away.
    env: &'static [(&'static str, &'static str)],
    call: &'static str,
    exit: i32,
    /// Where, or what it is about.
    place: &'static str,
    /// What is wrong with it.
    cause: &'static str,
    /// What to do.
    help: &'static str,
}

const GOOD: &[(&str, &str)] = &[("compose.yaml", "services: {web: {image: 'web:1'}}\n")];

/// A mistake in the stack itself.
const fn stack(
    files: &'static [(&'static str, &'static str)],
    place: &'static str,
    cause: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { files, env: &[], call: "validate", exit: 65, place, cause, help }
}

/// A mistake in the command line, where there is a stack.
const fn call(
    call: &'static str,
    exit: i32,
    place: &'static str,
    cause: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { files: GOOD, env: &[], call, exit, place, cause, help }
}

/// A mistake in the configuration.
const fn config(
    files: &'static [(&'static str, &'static str)],
    place: &'static str,
    cause: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { files, env: &[], call: "validate --config config.yaml", exit: 65, place, cause, help }
}

#[rustfmt::skip]
const MISTAKES: &[Mistake] = &[
    // Stacks.
    stack(&[("composer.yaml", "services: {}\n")], "`.`", "there is no stack", "`compose.yaml`"),
    stack(&[("compose.yaml", "services:\n\tweb:\n\t\timage: a\n")], "compose.yaml:2:1", "tab", "spaces"),
    stack(&[("compose.yaml", "services:\n  web:\n    image: a\n   ports: ['80:80']\n")], "compose.yaml:4", "not valid YAML", "this was read while"),
    stack(&[("compose.yaml", "services: {web: {image: a, prots: ['80:80']}}\n")], "compose.yaml:1:28", "unknown key `prots`", "`ports`"),
    stack(&[("compose.yaml", "service: {web: {image: a}}\n")], "compose.yaml:1:1", "`service`", "`services`"),
    stack(&[("compose.yaml", "services: {web: {image: a, ports: ['80:8O80']}}\n")], "compose.yaml:1:36", "no port or range", "host:container"),
    stack(&[("compose.yaml", "services: {web: {image: a, ports: ['80:80:80:80:80']}}\n")], "compose.yaml:1:36", "80:80:80:80:80", "host:container"),
    stack(&[("compose.yaml", "services: {web: {image: 'Web App:1'}}\n")], "compose.yaml:1:25", "Web App:1", "in lower case"),
    stack(&[("compose.yaml", "services: {web: {image: 'nginx:'}}\n")], "compose.yaml:1:25", "no tag", "`NAME:TAG`"),
    stack(&[("compose.yaml", "services: {web: {ports: ['80:80']}}\n")], "compose.yaml:1:12", "neither", "`image:`"),
    stack(&[("compose.yaml", "services: {web: {image: a, env_file: prod.env}}\n")], "compose.yaml:1:38", "prod.env", "required: false"),
    stack(&[("compose.yaml", "services: {web: {image: a, depends_on: [bd]}, db: {image: b}}\n")], "compose.yaml:1:41", "no service `bd`", "`db`"),
    stack(&[("compose.yaml", "services: {web: {image: a, restart: sometimes}}\n")], "compose.yaml:1:37", "sometimes", "`unless-stopped`"),
    stack(&[("compose.yaml", "services: {web: {image: a, volumes: ['data:/x']}}\n")], "compose.yaml:1:38", "`data`", "volumes"),
    stack(&[("compose.yaml", "services: {web: {image: a, networks: [front]}}\n")], "compose.yaml:1:39", "`front`", "networks"),
    stack(&[("compose.yaml", "services: {web: {image: 'a:${VERSION:?which}'}}\n")], "compose.yaml:1:", "VERSION", ".env"),
    stack(&[("compose.yaml", "services: {web: {image: 'a:${VERSION'}}\n")], "compose.yaml:1:", "not a valid reference", "`$$`"),
    stack(&[("compose.yaml", "services: {web: {image: a, healthcheck: {test: 'true', interval: 10}}}\n")], "compose.yaml:1:66", "10", "`10s`"),
    stack(&[("compose.yaml", "services: {web: {image: a, mem_limit: 64 megs}}\n")], "compose.yaml:1:39", "64 megs", "`512m`"),
    stack(&[("compose.yaml", "services: {web: {image: a}, web: {image: b}}\n")], "compose.yaml:1:29", "twice", "first one"),
    stack(&[("compose.yaml", "services: [web]\n")], "compose.yaml:1:11", "must be a map", "NAME"),
    stack(&[("compose.yaml", "")], "compose.yaml", "services", "services"),
    stack(&[("deployments.yaml", "deployments: {shop: {stack: shop}}\n")], "deployments.yaml:1:", "shop", "compose.yaml"),
    stack(&[("deployments.yaml", "deployments: {shop: {stak: shop}}\n"), ("shop/compose.yaml", "services: {web: {image: a}}\n")], "deployments.yaml:1:22", "is not a key", "`stack`"),
    // Calls.
    call("compose up -d", 64, "`compose`", "neither a verb nor a folder", "reconciler --once"),
    call("up", 64, "`up`", "neither a verb nor a folder", "reconciler --once"),
    call("validat", 64, "`validat`", "neither a verb nor a folder", "`validate`"),
    call(".", 64, "`.`", "there is no verb", "reconciler plan ."),
    call("plan -f compose.yaml", 64, "'-f'", "unexpected argument", "--help"),
    call("plan . --env DB_PASS=hunter2", 64, "`--env`", "without its value", "--env NAME"),
    call("plan --onec", 64, "'--onec'", "unexpected argument", "--help"),
    call("validate nowhere", 3, "nowhere`", "does not exist", "removes nothing"),
    call("--once nowhere", 3, "nowhere`", "does not exist", "removes nothing"),
    call("plan . --git", 69, "rc-mistakes-", "could not find repository", "without `--git`"),
    call("plan --ref main", 64, "`--ref`", "read as a folder", "`--git`"),
    call("plan --engine web1", 65, "`web1`", "not configured", "engines:"),
    call("plan --allow web:/srv", 64, "'web:/srv'", "there is no demand", "--help"),
    call("plan --allow bind=/srv", 64, "'bind=/srv'", "no grant", "abc:bind=/srv/data"),
    call("run --poll 10", 64, "'10'", "no unit", "`10s`"),
    call("run --poll soon", 64, "'soon'", "not a time span", "`10s`"),
    call("plan", 69, "unix:///nonexistent/docker.sock", "does not exist", "systemctl start docker"),
    call("status --listen 127.0.0.1:1", 69, "127.0.0.1:1", "no controller", "reconciler run"),
    call("explain E9999", 64, "`E9999`", "there is no code", "lists all codes"),
    call("plan compose.yml", 3, "compose.yml`", "does not exist", "removes nothing"),
    call("fmt nowhere.yaml", 65, "`nowhere.yaml`", "cannot be read", "standard input"),
    call("plan --config nowhere.yaml", 65, "`nowhere.yaml`", "cannot be read", "--config FILE"),
    // Configurations.
    config(&[("config.yaml", "pol: 10s\n")], "config.yaml:1:1", "`pol`", "`poll`"),
    config(&[("config.yaml", "poll: 10\n")], "config.yaml:1:7", "no unit", "`poll: 10s`"),
    config(&[("config.yaml", "prune_share: half\n")], "config.yaml:1:14", "whole number from 0 to 100", "prune_share: 50"),
    config(&[("config.yaml", "allow: shop:privileged\n")], "config.yaml:1:8", "list", "allow: ["),
    config(&[("config.yaml", "engines: {web1: tcp://10.0.0.1}\n")], "config.yaml:1:17", "`web1`", "url"),
    config(&[("config.yaml", "- poll: 10s\n")], "config.yaml:1:1", "name: value", "poll: 10s"),
];

/// What a call prints on both outputs, and its exit code.
fn made(folder: &Path, mistake: &Mistake) -> (Option<i32>, String) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder");
    for (name, text) in mistake.files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_reconciler"))
        .args(mistake.call.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .envs(mistake.env.iter().copied())
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// What a message says that a person should do. A call that is not understood, and the short help,
/// say it in the message itself.
fn remedies(text: &str) -> String {
    if text.contains("For more information, try ") || text.contains("what shall become of") {
        return text.to_owned();
    }
    let lines: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("= help: ")).map(|(_, help)| help).collect();
    lines.join("\n")
}

#[test]
fn the_first_mistakes_are_met_with_a_place_a_cause_and_a_remedy() {
    let folder = std::env::temp_dir().join(format!("rc-mistakes-{}", std::process::id()));
    assert!(MISTAKES.len() >= 30);
    let mut lacking = String::new();
    for mistake in MISTAKES {
        let (exit, text) = made(&folder, mistake);
        let remedies = remedies(&text);
        let has = [
            ("its exit code", exit == Some(mistake.exit)),
            ("its place", text.contains(mistake.place)),
            ("its cause", text.contains(mistake.cause)),
            ("a remedy", remedies.contains(mistake.help)),
        ];
        let lacks: Vec<_> = has.iter().filter(|(_, has)| !has).map(|(what, _)| *what).collect();
        if !lacks.is_empty() {
            let call = mistake.call;
            let _ = write!(lacking, "\n`{call}` ({exit:?}) lacks {}:\n{text}", lacks.join(", "));
        }
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(lacking.is_empty(), "{lacking}");
}

#[test]
fn events_of_the_future_are_refused_before_an_engine_is_asked() {
    for since in ["2500-01-01", "2999-01-01"] {
        let case = super::Case { call: format!("events --since {since}"), env: Vec::new() };
        let printed = case.play();
        assert!(printed.contains("exit: 64\n"), "{printed}");
        assert!(printed.contains("error: `--since` is in the future: by this"), "{printed}");
        assert!(printed.contains("= help: write an earlier time"), "{printed}");
    }
}
