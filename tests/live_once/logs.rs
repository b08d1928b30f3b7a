//! `logs` and `events`, without a controller.

use std::io::{BufRead as _, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::support::*;

/// What each run of a container prints, and then it waits.
fn talks(words: &str, more: &str) -> String {
    format!(
        "
services:
  web:
    image: reconciler.demo/base
    command: [sh, -c, '{words}; exec sleep 1000']
    stop_signal: SIGKILL
{more}"
    )
}

/// The lines that a program prints, as they come.
struct Lines(Receiver<String>);

impl Lines {
    fn of(stdout: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        Self(lines)
    }

    /// Waits for a line with this text; returns those until then.
    #[track_caller]
    fn until(&self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(text)) {
            match self.0.recv_timeout(Duration::from_mins(1)) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("no `{text}` ({error}) in {seen:#?}"),
            }
        }
        seen
    }
}

fn started(lab: &Lab, words: &[&str]) -> (Child, Lines) {
    let mut child = lab.program(words).start();
    let lines = Lines::of(child.stdout.take().expect("it is piped"));
    (child, lines)
}

fn finish(child: Child) -> Finished {
    child.wait_with_output().unwrap().into()
}

#[test]
fn all_replicas_are_merged_and_named_by_their_place() {
    let lab = Lab::new("logs");
    let counts = "for i in 1 2 3; do echo \"line $$i\"; echo \"error $$i\" >&2; done";
    lab.stack("abc", &talks(counts, "    deploy: { replicas: 2 }\n"));
    lab.stack("xyz", &talks("echo other", ""));
    lab.once().exits(0);
    let [one, two] = ["abc-web-1", "abc-web-2"].map(|name| lab.of(name));
    until("they have spoken", || {
        [&one, &two].iter().all(|name| docker(&["logs", name]).contains("line 3"))
    });

    let all = lab.run(&["logs"]).exits(0).prints(&format!("{one} | line 1"));
    let all = all.prints(&format!("{two} | error 3")).prints("| other");
    assert_eq!(all.stdout.lines().count(), 13, "{all}");
    assert_eq!(all.stderr, "", "{all}");

    let json = lab.run(&["logs", "-o", "json", &lab.id("abc")]).exits(0);
    let lines: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The engine reads both streams of a container at once, notes the time of a line, and then writes
    // it: of one container, what came on different streams may stand the other way round.
    for (slot, stream) in [(1, "stdout"), (1, "stderr"), (2, "stdout"), (2, "stderr")] {
        let of_it = lines.iter().filter(|line| line["slot"] == slot && line["stream"] == stream);
        let times: Vec<&str> = of_it.map(|line| line["time"].as_str().unwrap()).collect();
        assert!(times.len() == 3 && times.is_sorted(), "{json}");
    }
    assert_eq!(lines.len(), 12, "{json}");
    for line in &lines {
        let is_error = line["line"].as_str().unwrap().starts_with("error");
        assert_eq!(line["stream"], if is_error { "stderr" } else { "stdout" }, "{line}");
        assert_eq!(line["container"], lab.of(&format!("abc-web-{}", line["slot"])), "{line}");
        assert_eq!(line["engine"], "local");
    }

    for (word, count) in [
        (lab.id("abc"), 2),
        (format!("{}/web/2", lab.id("abc")), 1),
        (one.clone(), 1),
        ("web".to_owned(), 3),
    ] {
        let tail = lab.run(&["logs", "-n", "1", "--no-log-prefix", &word]).exits(0);
        assert_eq!(tail.stdout.lines().count(), count, "{word}: {tail}");
    }
    let last = lines.iter().map(|line| line["time"].as_str().unwrap()).max().unwrap();
    let last = lab.run(&["logs", "--since", last, "-t", &lab.id("abc")]).exits(0).prints(last);
    assert_eq!(last.stdout.lines().count(), 1, "{last}");
    let before = lines.iter().map(|line| line["time"].as_str().unwrap()).min().unwrap();
    let none = lab.run(&["logs", "--until", before, "-n", "5", &lab.id("abc")]).exits(0);
    assert_eq!(none.stdout.lines().count(), 1, "{none}");

    lab.run(&["logs", "wbe"]).exits(64).says("did you mean `web`?");
    lab.run(&["logs", "--installation", "nobody"]).exits(0).says("no container of installation");
}

#[test]
fn no_secret_leaves_with_a_log_however_long_its_line_is() {
    let lab = Lab::new("logsecrets");
    // With a terminal and without one, a message of the engine ends after 16384 bytes: in the
    // midst of the secret.
    let words = "head -c 16380 /dev/zero | tr \"\\\\0\" x; echo \" $$DB_PASSWORD \"; \
                 cat /run/secrets/token; echo \" said ${OPERATOR}\"; \
                 head -c 70000 /dev/zero | tr \"\\\\0\" y; echo; printf \"\\033[31mend\\n\"";
    let more = "    environment: { DB_PASSWORD: can4ry-by-name }
    secrets: [token]
    tty: TTY
secrets: { token: { file: token.txt } }
";
    for (name, tty) in [("abc", "false"), ("xyz", "true")] {
        lab.stack(name, &talks(words, &more.replace("TTY", tty)));
        lab.file(name, "token.txt", "can4ry-token");
    }
    let source = lab.source();
    let once = lab.program(&["--once", &source]).env("OPERATOR", "can4ry-operator");
    once.run().exits(0);
    for name in ["abc", "xyz"] {
        let web = lab.of(&format!("{name}-web-1"));
        until("it has spoken", || docker(&["logs", &web]).contains("31mend"));
        assert!(
            docker(&["logs", &web]).contains("can4ry-operator"),
            "the container itself says it"
        );
        for format in ["text", "json"] {
            let words = ["logs", "-o", format, &lab.id(name)];
            let logs = lab.program(&words).env("OPERATOR", "can4ry-operator");
            let logs = logs.env("RECONCILER_SOURCE", &source).run().exits(0);
            assert!(!logs.to_string().contains("can4ry"), "{format}: {logs}");
            let logs = logs.prints("xxxx (masked)").prints("(masked) said (masked)");
            let lines: Vec<&str> = logs.stdout.lines().collect();
            assert_eq!(lines.len(), 4, "{logs}");
            assert!(lines[2].len() < 66_000 && lines[2].contains("70000"), "{}", lines[2].len());
            assert!(lines[3].contains("\\u{1b}[31mend") || format == "json", "{logs}");
        }
    }
}

#[test]
fn a_follower_sees_the_successor_of_what_it_follows() {
    let lab = Lab::new("logsfollow");
    let stack = |tag: u32| talks(&format!("echo I am {tag}"), "");
    lab.stack("abc", &stack(1));
    lab.once().exits(0);
    let (mut child, lines) = started(&lab, &["logs", "-f"]);
    let notes = Lines::of(child.stderr.take().expect("it is piped"));
    lines.until("I am 1");
    // A deployment of the same id, of another installation: what happens there is seen.
    let others = Lab::new("logsothers");
    let (id, labels) = (lab.id("abc"), inspect(&lab.of("abc-web-1"))["Config"]["Labels"].clone());
    let labels = labels.as_object().unwrap().iter().map(|(name, value)| {
        let value = value.as_str().unwrap();
        let is_whose = name == "reconciler.installation";
        format!("--label={name}={}", if is_whose { "another" } else { value })
    });
    let mut run = vec!["run".to_owned(), "-d".to_owned(), format!("--name={}", others.of(&id))];
    run.extend(labels.chain([IMAGE, "echo", "I am not ours"].map(str::to_owned)));
    docker(&run.iter().map(String::as_str).collect::<Vec<_>>());
    lab.stack("abc", &stack(2));
    lab.once().exits(0);
    let seen = lines.until("I am 2");
    assert_eq!(seen.len(), 1, "nothing is printed twice: {seen:?}");
    // Started again, it goes on where it was.
    docker(&["restart", &lab.of("abc-web-1")]);
    let seen = lines.until("I am 2");
    assert_eq!(seen.len(), 1, "nothing is printed twice: {seen:?}");
    lab.stack("xyz", &talks("echo I am another one", ""));
    lab.once().exits(0);
    lines.until("I am another one");
    docker(&["kill", &lab.of("xyz-web-1")]);
    notes.until(&format!("{} ended with 137 (killed)", lab.of("xyz-web-1")));
    kill(&child, "-INT");
    finish(child).exits(130);
}

#[test]
fn a_follower_ends_quietly_when_nobody_reads() {
    let lab = Lab::new("logspipe");
    lab.stack("abc", &talks("while true; do echo again; sleep 0.1; done", ""));
    lab.once().exits(0);
    let piped = lab.shell("logs -f --no-log-prefix | head -n 1").exits(0);
    assert_eq!((piped.stdout.as_str(), piped.stderr.as_str()), ("again\n", ""));
    let ended = lab.run(&["logs", "-f", "-n", "1", "--until", "0s"]).exits(0);
    assert!(ended.stderr.is_empty(), "{ended}");
    // Nor does it take another line to notice.
    lab.stack("abc", &talks("echo once", ""));
    lab.once().exits(0);
    let piped = lab.shell("logs -f --no-log-prefix | head -n 1").exits(0);
    assert_eq!((piped.stdout.as_str(), piped.stderr.as_str()), ("once\n", ""));
    let piped = lab.shell("events -f | head -n 1").exits(0);
    assert_eq!(piped.stdout.lines().count(), 1, "{piped}");
}

#[test]
fn a_log_that_cannot_be_read_keeps_no_other_from_being_read() {
    let lab = Lab::new("logsdriver");
    lab.stack("abc", &talks("echo unheard", "    logging: { driver: none }\n"));
    lab.stack("xyz", &talks("echo heard", ""));
    lab.once().exits(0);
    until("it has spoken", || docker(&["logs", &lab.of("xyz-web-1")]).contains("heard"));
    let logs = lab.run(&["logs"]).exits(1).prints("heard").says("its logging driver is `none`");
    let logs = logs.says("help: write `logging: { driver: local }`");
    assert!(logs.stderr.contains("abc-web-1") && !logs.stdout.contains("unheard"), "{logs}");
    // There is nothing to wait for.
    let follow = lab.run(&["logs", "-f", &lab.id("abc")]).exits(1);
    follow.says("its logging driver is `none`");
}

#[test]
fn a_failed_copy_is_named_beside_the_replica() {
    let lab = Lab::new("logscopy");
    lab.stack("abc", &talks("echo good", ""));
    lab.once().exits(0);
    let stays = "    deploy: { update_config: { failure_action: pause } }\n";
    lab.stack("abc", &talks("echo bad; exit 3", stays));
    lab.once().exits(1);
    let web = lab.of("abc-web-1");
    let logs = lab.run(&["logs", &lab.id("abc")]).exits(0);
    let of = |text: &str| {
        let line = logs.stdout.lines().find(|line| line.ends_with(text));
        let prefix = line.and_then(|line| line.split_once(" | ")).map(|(prefix, _)| prefix.trim());
        prefix.unwrap_or_else(|| panic!("no `{text}` in {logs}")).to_owned()
    };
    assert_eq!(of("good"), web);
    assert!(of("bad").starts_with(&format!("{web}-")), "{logs}");
}

#[test]
fn the_previous_run_is_what_was_printed_before_the_last_start() {
    let lab = Lab::new("logsprevious");
    lab.stack(
        "abc",
        &talks(
            "cat /proc/sys/kernel/random/uuid; cat /run/n; echo x >> /run/n",
            "    tmpfs: [/unused]\n",
        ),
    );
    lab.once().exits(0);
    lab.run(&["logs", "--previous"]).exits(1).says("there is no run before the current one");
    let web = lab.of("abc-web-1");
    let lines = || docker(&["logs", &web]).lines().filter(|line| line.len() == 36).count();
    until("it has spoken", || lines() == 1);
    let first = docker(&["logs", &web]);
    let first = first.lines().find(|line| line.len() == 36).unwrap().to_owned();
    docker(&["restart", &web]);
    until("it has spoken again", || lines() == 2);
    let words = ["logs", "--previous", "--no-log-prefix"];
    let previous = lab.run(&words).exits(0).prints(&first);
    let ids = previous.stdout.lines().filter(|line| line.len() == 36).count();
    assert_eq!(ids, 1, "{previous}");
    let last = lab.run(&[&words[..], &["-n", "1"]].concat()).exits(0);
    assert_eq!(last.stdout.lines().count(), 1, "{last}");
}

#[test]
fn events_tell_what_happened_in_plain_words() {
    let lab = Lab::new("events");
    lab.stack("abc", &talks("echo hello", "    restart: always\n"));
    lab.stack("xyz", &talks("echo hello", ""));
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    let (child, lines) = started(&lab, &["events", "-f", "--since", "10m", &lab.id("abc")]);
    let seen = lines.until(" started").join("\n");
    let id = lab.id("abc");
    assert!(seen.contains(&format!("local  {id}/web/1  created")), "{seen}");
    assert!(seen.contains(&format!("network {id}_default created")), "{seen}");
    assert!(!seen.contains("reconciler-ledger"), "{seen}");
    docker(&["exec", &web, "kill", "-9", "1"]);
    docker(&["kill", &web]);
    lines.until("ended with 137 (killed)");
    docker(&["start", &web]);
    lines.until("started again");
    lab.drop_stack("abc");
    lab.once().exits(0);
    let rest = lines.until(&format!("network {id}_default removed")).join("\n");
    assert!(rest.contains("removed") && !rest.contains(&lab.id("xyz")), "{rest}");
    kill(&child, "-INT");
    finish(child).exits(130);

    // What is gone is still known by its name.
    let json = lab.run(&["events", "-o", "json", &id]).exits(0);
    let events: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let died = events.iter().find(|event| event["event"] == "die").unwrap();
    assert_eq!((&died["exit_code"], &died["service"]), (&137.into(), &"web".into()), "{died}");
    assert!(events.iter().all(|event| event["deployment"] == id.as_str()), "{json}");
    lab.run(&["events", "nothing"]).exits(64).says("there is no deployment, service or container");
}

#[test]
fn events_say_from_when_on_an_engine_remembers_them() {
    let lab = Lab::new("eventsfull");
    lab.stack("abc", &talks("echo hello", ""));
    lab.once().exits(0);
    // Signals that it ignores: each of them is an event.
    let web = lab.of("abc-web-1");
    docker(&[&["kill", "-s", "URG"], &vec![web.as_str(); 300][..]].concat());
    let events = lab.run(&["events", "--since", "10m", &lab.id("abc")]).exits(0);
    events.says("note: engine local remembers its last 256 events only: nothing of before 20");
    let events = lab.run(&["events", "--since", "0s", &lab.id("abc")]).exits(0);
    assert!(!events.stderr.contains("remembers"), "{events}");
    lab.run(&["events", "--since", "2500-01-01"]).exits(64).says("is in the future");
}
