//! The built program as a process: run to its end, killed, or stopped.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use super::proxy::Proxy;
use super::until::until;

/// A call of the program.
pub(crate) struct Program(pub(super) Command);

/// How a call ended, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Results.
    pub(crate) stdout: String,
    /// Progress, complaints and logs.
    pub(crate) stderr: String,
}

impl Program {
    /// With a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Finished {
        self.0.stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs it to its end, and gives it the answer as soon as its results contain the question.
    pub(super) fn answer(
        mut self,
        question: &str,
        answer: impl FnOnce() -> &'static str,
    ) -> Finished {
        let piped = self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut printed, mut part, mut answer) = (Vec::new(), [0; 4096], Some(answer));
        loop {
            let read = stdout.read(&mut part).unwrap();
            if read == 0 {
                break;
            }
            printed.extend_from_slice(&part[..read]);
            if String::from_utf8_lossy(&printed).contains(question)
                && let Some(answer) = answer.take()
            {
                stdin.write_all(answer().as_bytes()).unwrap();
            }
        }
        Output { status: child.wait().unwrap(), stdout: printed, stderr: Vec::new() }.into()
    }

    /// Starts it; what it says is kept.
    pub(crate) fn start(mut self) -> Child {
        self.0.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts it and kills it as soon as the proxy has had its call. Returns whether it
    /// came to that.
    pub(crate) fn run_until_crash(mut self, proxy: &Proxy) -> bool {
        let quiet = self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().unwrap();
        let mut ended = None;
        until("the program ends or comes to the call", || {
            ended = child.try_wait().unwrap();
            ended.is_some() || proxy.crashed()
        });
        if ended.is_none() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        ended.is_none()
    }
}

/// Sends a signal to a process that the test started.
pub(crate) fn kill(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Finished {
    /// It must have ended so.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Its results must contain this.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        // Wherever its lines end.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&self.stdout).contains(&words(text)), "no `{text}` in\n{self}");
        self
    }

    /// What it says on stderr must contain this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no `{text}` in\n{self}");
        self
    }

    /// There must have been nothing to do.
    #[track_caller]
    #[expect(clippy::wrong_self_convention, reason = "reads as a sentence")]
    pub(crate) fn is_quiet(self) -> Self {
        self.exits(0).prints("No changes: everything is as the source says.")
    }

    /// What follows a word in the results: a digest after `--approve `.
    #[track_caller]
    pub(crate) fn word_after(&self, text: &str) -> String {
        let rest =
            self.stdout.split_once(text).unwrap_or_else(|| panic!("no `{text}` in\n{self}")).1;
        rest.split_whitespace().next().expect("a word").to_owned()
    }
}
