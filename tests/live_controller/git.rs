//! Git: a push runs soon, a rewritten branch is followed, a lost one changes nothing, and
//! a controller that is asked to end says what it leaves undone.

use std::time::Duration;

use crate::controller::{Controller, Setup, service, stack};
use crate::engine::{Events, containers, has_variable, id, is_running};
use crate::http::{Behaviour, Request, Server};
use crate::repository::Repository;
use crate::temp::Temp;
use crate::time::{eventually, figures, looks_again, now};

const POLL: Duration = Duration::from_secs(2);
const FILE: &str = "stack/compose.yaml";

/// Follows `main` below `stack/`, as the deployment of that name.
fn follow(url: &str, cache: &Temp, name: &str) -> Controller {
    let cache = cache.path().to_str().unwrap();
    // No look but that of a poll comes before a test gives up.
    let args = ["--resync", "10m", "--poll", "2s", "--ref", "main", "--path", FILE];
    let args = [&args[..], &["--cache-dir", cache]].concat();
    Setup { args: &args, ..Setup::of(name, url, &[name]) }.start()
}

/// The stack under the deployment's name.
fn named(name: &str, text: &str) -> String {
    format!("name: {name}\n{text}")
}

/// From the end of each of five pushes to the start of the container with its change.
fn measure(repository: &Repository, name: &str, what: &str, server: Option<&Server>) {
    let container = format!("{name}-web-1");
    let events = Events::follow();
    let mut spans = Vec::new();
    for push in 1..=5 {
        repository.push(FILE, named(name, &stack(&format!("push-{push}"))));
        let pushed = now();
        let asked = server.map_or(0, |server| server.requests().len());
        let wanted = format!("V=push-{push}");
        let surge = || containers(name).into_iter().find(|one| has_variable(one, &wanted));
        eventually("the push runs", || surge().is_some());
        // The newest start of any container of the deployment is its.
        eventually("the replacement has its name", || has_variable(&container, &wanted));
        let started = events.starts_of(name, pushed);
        spans.push(started.saturating_sub(pushed));
        if let Some(server) = server {
            fetched_at_once(&server.requests()[asked..]);
        }
    }
    figures(what, spans);
}

/// The first poll after a push fetches it: it asks what there is, and again as it fetches. The
/// first question may come between the push and the count of the questions before it.
fn fetched_at_once(since: &[Request]) {
    let lines: Vec<_> = since.iter().map(|one| format!("{} {}", one.method, one.target)).collect();
    let questions = lines.iter().position(|line| line.starts_with("POST "));
    assert!(questions.is_some_and(|count| count <= 2), "{lines:#?}");
}

#[test]
fn a_push_to_a_file_url_runs_soon() {
    let (repository, cache) = (Repository::new(), Temp::new());
    repository.push(FILE, named("pushfile", &stack("0")));
    let url = format!("file://{}", repository.bare().display());
    let controller = follow(&url, &cache, "pushfile");
    controller.settles("pushfile");
    measure(&repository, "pushfile", "from a push (file://, poll 2s) to the start", None);
}

#[test]
fn a_push_over_http_runs_soon() {
    let (repository, cache) = (Repository::new(), Temp::new());
    repository.push(FILE, named("pushhttp", &stack("0")));
    let root = repository.root().to_owned();
    let server = Server::start(Behaviour { root, ..Behaviour::default() });
    let controller = follow(&server.url("127.0.0.1", "repo.git"), &cache, "pushhttp");
    controller.settles("pushhttp");
    let what = "from a push (http, poll 2s) to the start";
    measure(&repository, "pushhttp", what, Some(&server));
}

#[test]
fn a_rewritten_branch_is_followed_and_a_deleted_one_removes_nothing() {
    let (repository, cache) = (Repository::new(), Temp::new());
    repository.push(FILE, named("rewrite", &stack("1")));
    repository.push(FILE, named("rewrite", &stack("2")));
    let url = format!("file://{}", repository.bare().display());
    let controller = follow(&url, &cache, "rewrite");
    controller.settles("rewrite");
    assert!(has_variable("rewrite-web-1", "V=2"));

    repository.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repository.git(&["push", "-qf", "origin", "HEAD"]);
    eventually("the branch as it is now runs", || has_variable("rewrite-web-1", "V=1"));
    controller.settles("rewrite");

    let before = id("rewrite-web-1");
    repository.git_bare(&["update-ref", "-d", "refs/heads/main"]);
    controller.says("the source cannot be read");
    looks_again(POLL);
    assert_eq!(id("rewrite-web-1"), before);
    assert!(is_running("rewrite-web-1"));
    assert!(controller.status()["source_error"].as_str().unwrap().contains("main"));

    repository.push(FILE, named("rewrite", &stack("3")));
    eventually("the branch that is back runs", || has_variable("rewrite-web-1", "V=3"));
}

#[test]
fn on_sigterm_the_current_call_finishes_and_the_rest_is_named() {
    let folder = Temp::new();
    // Deaf to SIGTERM: the stop takes the whole grace period.
    let deaf = |v: &str| {
        service(&format!("environment: {{ V: \"{v}\" }}\n    stop_grace_period: 6s"))
            .replace("[sleep, \"3600\"]", "[sh, -c, \"trap '' TERM; while :; do sleep 1; done\"]")
            .replace("    init: true\n", "")
    };
    folder.write("sigterm/compose.yaml", deaf("1"));
    let mut controller = Setup::folder("sigterm", folder.path(), &["sigterm"]).start();
    controller.settles("sigterm");
    let old = id("sigterm-web-1").unwrap();
    folder.write("sigterm/compose.yaml", deaf("2"));
    controller.says("begin stop sigterm-web-1");
    assert!(is_running(&old));
    let status = controller.terminate();
    assert_eq!(status.code(), Some(143));
    assert!(!is_running(&old), "the call that ran was not finished");
    controller.says("The same command goes on from here.");
    let log = controller.log();
    assert!(id(&old).is_some(), "a call began after the signal");
    let remains = log.split("interrupted;").nth(1).unwrap_or_default();
    for step in ["remove sigterm-web-1", "rename sigterm-web-1-"] {
        assert!(remains.contains(step), "the log does not name what remains:\n{log}");
    }
    drop(controller);

    let controller = Setup::folder("sigterm", folder.path(), &["sigterm"]).start();
    controller.settles("sigterm");
    eventually("the next one goes on from there", || {
        has_variable("sigterm-web-1", "V=2") && containers("sigterm").len() == 1
    });
}
