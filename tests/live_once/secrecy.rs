//! No secret leaves: not in results, progress, logs, complaints or labels.

use super::support::*;

const STACK: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    env_file: web.env
    environment:
      FROM_OPERATOR: ${OPERATOR}
      DB_PASSWORD: can4ry-by-name
    configs: [{ source: settings, target: /etc/settings, mode: 0440 }]
    secrets: [token]
configs:
  settings: { file: settings.txt }
secrets:
  token: { file: token.txt }
";

#[track_caller]
fn has_no_canary(finished: &Finished) {
    let text = finished.to_string();
    if let Some(at) = text.find("can4ry") {
        let from = text[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
        panic!("…{}", text[from..].chars().take(500).collect::<String>());
    }
}

fn traced(lab: &Lab, words: &[&str]) -> Finished {
    let program = lab.program(words).env("RUST_LOG", "trace");
    let finished = program.env("OPERATOR", "can4ry-operator").run();
    has_no_canary(&finished);
    finished
}

fn write(lab: &Lab, round: u32) {
    lab.stack("abc", &STACK.replace("can4ry-by-name", &format!("can4ry-by-name-{round}")));
    lab.file("abc", "web.env", &format!("FROM_FILE=can4ry-env-file-{round}\n"));
    lab.file("abc", "settings.txt", &format!("can4ry-config-{round}"));
    lab.file("abc", "token.txt", &format!("can4ry-secret-{round}"));
}

#[test]
fn no_secret_leaves() {
    let lab = Lab::with_consul("secrecy");
    write(&lab, 1);
    let url = lab.commit();
    let with = |words: &[&str]| {
        let words = [words, &["--env", "OPERATOR"]].concat();
        traced(&lab, &words)
    };
    with(&["plan", &url]).exits(0);
    with(&["--once", &url]).exits(0);
    let env = inspect(&lab.of("abc-web-1"))["Config"]["Env"].to_string();
    for value in ["can4ry-operator", "can4ry-by-name-1", "can4ry-env-file-1"] {
        assert!(env.contains(value), "the container itself has {value}: {env}");
    }
    write(&lab, 2);
    lab.commit();
    with(&["plan", "-o", "json", &url]).exits(0);
    with(&["--once", "-o", "json", &url]).exits(0);
    with(&["--once", &url]).is_quiet();
    let labels = inspect(&lab.of("abc-web-1"))["Config"]["Labels"].to_string();
    assert!(!labels.contains("can4ry"), "{labels}");
    let catalog = Consul::service(&lab.id("abc"));
    assert!(!format!("{catalog:?}").contains("can4ry"));
    let key = format!("reconciler/{}/ledger/local/{}", lab.installation(), lab.id("abc"));
    let ledger = Consul::get(&format!("/v1/kv/{key}?raw"));
    assert!(ledger.to_string().contains("applied"), "{ledger}");
    assert!(!ledger.to_string().contains("can4ry"), "{ledger}");
}

#[test]
fn no_secret_leaves_with_a_complaint() {
    let lab = Lab::new("complaint");
    write(&lab, 1);
    let source = lab.source();
    // A variable that is set and not passed; an env file with an error; a value that is
    // of no use where it stands.
    traced(&lab, &["--once", "--trust-stacks=false", &source]).exits(65).says("OPERATOR");
    lab.file("abc", "web.env", "export 'can4ry-broken\n");
    traced(&lab, &["--once", "--env", "OPERATOR", &source]).exits(65);
    write(&lab, 1);
    lab.stack("abc", &STACK.replace("command: sleep 1000", "mem_limit: ${OPERATOR}"));
    traced(&lab, &["--once", "--env", "OPERATOR", &source]).exits(65);
    assert!(lab.names().is_empty());
}

/// It tells all it knows and dies, at first and when it is started again.
const TALKS: &str = "
services:
  web:
    image: reconciler.demo/base
    command: [sh, -c, 'for i in 1 2; do echo \"heard $$FROM_OPERATOR $$DB_PASSWORD $$FROM_FILE\"; done;
      cat /run/secrets/token; echo; cat /etc/bound; echo; cat /run/secrets/key; echo last; exit 1']
    restart: always
    env_file: web.env
    environment:
      FROM_OPERATOR: ${OPERATOR}
      DB_PASSWORD: can4ry-by-name-and-more
    secrets: [token, { source: key, mode: 0440 }, { source: token, target: /etc/bound }]
secrets:
  token: { file: token.txt }
  key: { file: key.txt }
";

#[test]
fn no_secret_leaves_with_the_last_words_of_a_container() {
    // From a folder the token is bound, from git all secrets are uploaded.
    for name in ["lastwords", "lastwordsgit"] {
        let lab = Lab::new(name);
        lab.stack("abc", TALKS);
        lab.file("abc", "web.env", "FROM_FILE=can4ry-by-name\n");
        lab.file("abc", "token.txt", "can4ry-bound");
        lab.file("abc", "key.txt", "-----\ncan4ry-line-one\ncan4ry-line-two\n");
        let source = if name.ends_with("git") { lab.commit() } else { lab.source() };
        let once = |words: &[&str]| {
            let words = [&["--once", "--env", "OPERATOR"], words, &[&source]].concat();
            traced(&lab, &words).exits(1)
        };
        once(&[]).says("| heard (masked) (masked) (masked)").says("| (masked)").says("| last");
        let web = lab.of("abc-web-1");
        let printed = docker(&["logs", &web]);
        for word in ["can4ry-operator", "can4ry-by-name-and-more", "can4ry-bound", "line-two"] {
            assert!(printed.contains(word), "the container itself says {word}: {printed}");
        }
        docker(&["rm", "-f", &web]);
        once(&["-o", "json"]).prints("heard (masked) (masked) (masked)");
    }
}

#[test]
fn no_value_of_the_operator_leaves_wherever_the_stack_has_it() {
    let lab = Lab::new("lastvalues");
    let talks = "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'cat /text /value; echo heard ${OPERATOR} $$0 $$A; exit 1' in-${OPERATOR}
    stop_signal: SIGKILL
    environment: [\"A=x ${OPERATOR} y\"]
    configs: [{ source: text, target: /text }, { source: value, target: /value }]
configs:
  text: { content: \"plain words ${OPERATOR}\\n\" }
  value: { environment: OPERATOR }
";
    lab.stack("abc", talks);
    let once = traced(&lab, &["--once", "--env", "OPERATOR", &lab.source()]).exits(1);
    once.says("| plain words (masked)").says("heard (masked) in-(masked) (masked)");
    let log = docker(&["logs", &lab.of("abc-web-1")]);
    assert_eq!(log.matches("can4ry-operator").count() % 5, 0, "{log}");
    assert!(log.contains("can4ry-operator"), "the container itself says it: {log}");
}

#[test]
fn no_secret_leaves_in_an_address() {
    let lab = Lab::new("userinfo");
    for url in [
        "http://ann:can4ry-password@127.0.0.1:9/ops.git",
        "https://can4ry-token@127.0.0.1:9/ops.git",
        "ssh://ann:can4ry-password@127.0.0.1:9/ops.git",
    ] {
        let finished = traced(&lab, &["--once", url]);
        assert!(!matches!(finished.code, None | Some(0)), "{finished}");
        traced(&lab, &["plan", "-o", "json", url]);
    }
    let token = lab.program(&["--once", "http://127.0.0.1:9/ops.git"]);
    let token = token.env("RUST_LOG", "trace").env("RECONCILER_GIT_TOKEN", "can4ry-token");
    has_no_canary(&token.run());
    let consul = lab.program(&["--once", "--consul", "http://127.0.0.1:9", &lab.source()]);
    let consul = consul.env("RUST_LOG", "trace").env("CONSUL_HTTP_TOKEN", "can4ry-token");
    has_no_canary(&consul.run());
}
