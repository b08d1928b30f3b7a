//! A controller of a test: the program itself, its log, its answers and its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::engine::{IMAGE, tidy, variable};
use crate::time::{SOON, eventually, now, pause, print};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_reconciler");

/// The program with nothing of the test's own settings.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).env_remove("CONSUL_HTTP_ADDR").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

/// A stack of one service `web` that sleeps, with a variable `V`.
pub(crate) fn stack(version: &str) -> String {
    service(&format!("environment: {{ V: \"{version}\" }}"))
}

/// A stack of one service `web` that sleeps, with one more line.
pub(crate) fn service(line: &str) -> String {
    format!(
        "services:\n  web:\n    image: {IMAGE}\n    command: [sleep, \"3600\"]\n    init: true\n    {line}\n"
    )
}

/// How a controller is started.
pub(crate) struct Setup<'a> {
    pub(crate) installation: &'a str,
    pub(crate) source: &'a str,
    /// The deployments that are removed when the test ends.
    pub(crate) projects: &'a [&'a str],
    pub(crate) consul: bool,
    pub(crate) args: &'a [&'a str],
    /// Instead of the lab's.
    pub(crate) engine: Option<&'a str>,
}

impl<'a> Setup<'a> {
    pub(crate) fn of(installation: &'a str, source: &'a str, projects: &'a [&'a str]) -> Self {
        Self { installation, source, projects, consul: false, args: &[], engine: None }
    }

    pub(crate) fn folder(installation: &'a str, source: &'a Path, projects: &'a [&'a str]) -> Self {
        Self::of(installation, source.to_str().unwrap(), projects)
    }

    pub(crate) fn start(self) -> Controller {
        Controller::start(&self)
    }
}

/// A running controller. What it deployed is removed when it is dropped.
pub(crate) struct Controller {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    listen: String,
    installation: String,
    projects: Vec<String>,
}

impl Controller {
    fn start(setup: &Setup<'_>) -> Self {
        // Free now; nobody else in the lab takes ports in between.
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = program(&["run", "--installation", setup.installation]);
        command.args(["--listen", &listen, "--color", "never"]).args(setup.args).arg(setup.source);
        if setup.consul {
            command.env("CONSUL_HTTP_ADDR", variable("CONSUL_HTTP_ADDR"));
        }
        if let Some(engine) = setup.engine {
            command.env("DOCKER_HOST", engine);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self {
            child,
            log,
            listen,
            installation: setup.installation.to_owned(),
            projects: setup.projects.iter().map(|project| (*project).to_owned()).collect(),
        }
    }

    pub(crate) fn listen(&self) -> &str {
        &self.listen
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits for a line of its log.
    pub(crate) fn says(&self, text: &str) {
        eventually(&format!("the log says `{text}`"), || self.log().contains(text));
    }

    /// The code and body of `GET path`; code 0 if nobody answers.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(&self.listen, path)
    }

    /// `GET /status`; null if nobody answers.
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").1).unwrap_or_default()
    }

    /// Waits until a deployment is `Synced` and `Healthy`.
    pub(crate) fn settles(&self, deployment: &str) {
        eventually(&format!("{deployment} is synced and healthy"), || {
            let state = &self.status()["deployments"][deployment];
            state["sync"] == "Synced" && state["health"] == "Healthy"
        });
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        let deadline = now() + SOON;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(now() < deadline, "the controller does not end");
            pause(Duration::from_millis(20));
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            print(&self.log());
        }
        let projects: Vec<&str> = self.projects.iter().map(String::as_str).collect();
        tidy(&projects, &self.installation);
    }
}

/// The code and body of `GET http://address/path`; code 0 if nobody answers.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let Ok(answer) = ask() else { return (0, String::new()) };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (code, body.to_owned())
}
