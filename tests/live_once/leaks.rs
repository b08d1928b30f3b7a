//! Errors repeat what an engine was given and what commands printed: never a secret, in no output,
//! and not in what is remembered.

use crate::support::{Lab, docker};

/// The values that must not show.
const CANARIES: [&str; 6] = [
    "canary-password",
    "canary-envfile",
    "canary-operator",
    "canary-secretfile",
    "canary-mount",
    "canary-dotenv",
];

/// Lets a pass fail, and looks for the values in all that shows or is kept.
fn fails_quietly(lab: &Lab, deployment: &str, says: &str) {
    let pass = |words: &[&str]| {
        let source = lab.folder_of(deployment).display().to_string();
        let words = [words, &["--env", "OPERATOR", &source]].concat();
        lab.program(&words).env("OPERATOR", "canary-operator").run()
    };
    let once = pass(&["--once", "--deadline", "20s"]).exits(1);
    assert!(once.stderr.contains(says), "the failure that is meant: {once}");
    let json = pass(&["--once", "--deadline", "20s", "-o", "json"]).exits(1);
    let id = lab.id(deployment);
    let history = lab.run(&["history", &id]).exits(0).prints("✗ failed");
    let kept: String = lab.ledgers().iter().map(|ledger| docker(&["inspect", ledger])).collect();
    for text in [once.to_string(), json.to_string(), history.to_string(), kept] {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{deployment}: {canary} in {text}");
        }
    }
}

#[test]
fn what_a_hook_prints_shows_no_secret() {
    let lab = Lab::new("leaks-hook");
    lab.file("hook", "a.env", "ENVFILE=canary-envfile\n");
    lab.file("hook", "s.txt", "canary-secretfile\n");
    lab.stack(
        "hook",
        "services:
  web:
    image: reconciler.demo/base
    command: [sleep, '1000']
    stop_signal: SIGKILL
    env_file: a.env
    secrets: [s]
    environment: { DB_PASSWORD: canary-password }
    post_start:
      - command: [sh, -c, 'echo $$DB_PASSWORD $$ENVFILE ${OPERATOR}; cat /run/secrets/s; exit 3']
secrets: { s: { file: ./s.txt } }
",
    );
    fails_quietly(&lab, "hook", "it said: (masked)");
}

#[test]
fn what_an_engine_repeats_shows_no_secret() {
    let lab = Lab::new("leaks-engine");
    let stack = |field: &str| {
        format!(
            "services:\n  a: {{ image: reconciler.demo/base, {field}, command: [sleep, '9'] }}\n"
        )
    };
    lab.stack("user", &stack("user: '${OPERATOR}'"));
    fails_quietly(&lab, "user", "(masked)");
    lab.file("dir", ".env", "USER_TOKEN=canary-dotenv\n");
    lab.stack("dir", &stack("working_dir: '/etc/passwd/${USER_TOKEN}'"));
    fails_quietly(&lab, "dir", "(masked)");
    lab.stack(
        "mount",
        "services:
  a: { image: reconciler.demo/base, command: [sleep, '9'], volumes: ['share:/srv/share'] }
volumes:
  share: { driver_opts: { type: cifs, device: //127.0.0.1/x, o: 'username=u,password=canary-mount' } }
",
    );
    fails_quietly(&lab, "mount", "(masked)");
}
