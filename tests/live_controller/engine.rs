//! The lab's engine, asked beside the controller: through the docker command, and its
//! events as they come.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::time::eventually;

/// The image that every lab has.
pub(crate) const IMAGE: &str = "reconciler.demo/base";

/// A variable of the lab.
pub(crate) fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the lab speaks through variables")]
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this in with-lab"))
}

/// Runs the docker command; an error is its stderr.
pub(crate) fn try_docker(args: &[&str]) -> Result<String, String> {
    // Never the user's own engine.
    let _ = variable("RECONCILER_LAB");
    let output = Command::new("docker").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Runs the docker command, which must succeed.
pub(crate) fn docker(args: &[&str]) -> String {
    try_docker(args).unwrap_or_else(|error| panic!("docker {args:?}: {error}"))
}

/// A container's id; `None` if there is none of that name.
pub(crate) fn id(name: &str) -> Option<String> {
    try_docker(&["inspect", "--type", "container", "-f", "{{.Id}}", name]).ok()
}

pub(crate) fn is_running(name: &str) -> bool {
    let asked = ["inspect", "--type", "container", "-f", "{{.State.Running}}", name];
    try_docker(&asked).is_ok_and(|text| text == "true")
}

/// What a container says of itself, by a template of `docker inspect`.
pub(crate) fn inspect(name: &str, template: &str) -> String {
    docker(&["inspect", "--type", "container", "-f", template, name])
}

/// Whether the running container has this variable, written `NAME=VALUE`.
pub(crate) fn has_variable(name: &str, variable: &str) -> bool {
    let asked =
        ["inspect", "--type", "container", "-f", "{{.State.Running}} {{json .Config.Env}}", name];
    try_docker(&asked)
        .is_ok_and(|text| text.starts_with("true") && text.contains(&format!("\"{variable}\"")))
}

/// The names of the containers of a Compose project, stopped ones too.
pub(crate) fn containers(project: &str) -> Vec<String> {
    let filter = format!("label=com.docker.compose.project={project}");
    let names = docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]);
    names.lines().map(str::to_owned).collect()
}

/// Removes what a test made, and the ledger of its installation.
pub(crate) fn tidy(projects: &[&str], installation: &str) {
    let filters: Vec<String> = projects
        .iter()
        .map(|project| format!("label=com.docker.compose.project={project}"))
        .chain([format!("name=reconciler-ledger-{installation}")])
        .collect();
    for filter in &filters {
        for (list, remove) in
            [(["ps", "-aq"], ["rm", "-fv"]), (["network", "ls"], ["network", "rm"])]
        {
            let mut ask = list.to_vec();
            ask.extend(["--filter", filter]);
            if list[0] == "network" {
                ask.push("-q");
            }
            let found = try_docker(&ask).unwrap_or_default();
            for one in found.lines() {
                let mut remove = remove.to_vec();
                remove.push(one);
                let _ = try_docker(&remove);
            }
        }
    }
}

/// One event of the engine.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// For example `die` or `health_status: healthy`.
    pub(crate) action: String,
    /// The container's name.
    pub(crate) name: String,
    /// When, since 1970.
    pub(crate) at: Duration,
}

/// The container events since this was made.
pub(crate) struct Events {
    child: Child,
    seen: Arc<Mutex<Vec<Event>>>,
}

impl Events {
    pub(crate) fn follow() -> Self {
        let mut child = Command::new("docker")
            .args([
                "events",
                "--filter",
                "type=container",
                "--format",
                "{{json .}}",
                "--since",
                "0s",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                kept.lock().unwrap().push(Event {
                    action: text(&event["Action"]),
                    name: text(&event["Actor"]["Attributes"]["name"]),
                    at: Duration::from_nanos(event["timeNano"].as_u64().unwrap()),
                });
            }
        });
        Self { child, seen }
    }

    /// When something happened to a container, after `since`.
    pub(crate) fn times(&self, name: &str, action: &str, since: Duration) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        let of = seen.iter().filter(|event| event.name == name && event.action == action);
        of.map(|event| event.at).filter(|at| *at > since).collect()
    }

    /// When it happened first after `since`; waits for it.
    pub(crate) fn first(&self, name: &str, action: &str, since: Duration) -> Duration {
        let mut first = None;
        eventually(&format!("{action} of {name}"), || {
            first = self.times(name, action, since).first().copied();
            first.is_some()
        });
        first.unwrap()
    }

    /// The first start of any container of a deployment after `since`.
    pub(crate) fn starts_of(&self, deployment: &str, since: Duration) -> Duration {
        let mut first = None;
        eventually(&format!("a start in {deployment}"), || {
            let seen = self.seen.lock().unwrap();
            let prefix = format!("{deployment}-");
            let of = |event: &&Event| event.name.starts_with(&prefix) && event.action == "start";
            first = seen.iter().filter(of).map(|event| event.at).find(|at| *at > since);
            first.is_some()
        });
        first.unwrap()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
