//! Every command of README.md does what it says: those of `reconciler` run here on the
//! private engine, in the order in which a reader meets them; `make demo` plays the same
//! script, and `make test` is what runs this.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The lines of the README's `sh` blocks, without comments.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let mut commands = Vec::new();
    let mut in_block = false;
    for line in readme.lines() {
        if let Some(language) = line.strip_prefix("```") {
            in_block = !in_block && language == "sh";
        } else if in_block {
            let command = line.split(" #").next().unwrap_or_default().trim();
            commands.extend((!command.is_empty()).then(|| command.to_owned()));
        }
    }
    commands
}

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
    command.args(words).current_dir(ROOT).env("RECONCILER_INSTALLATION", "readme");
    command
}

fn succeeds(mut command: Command) {
    let output = command.output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{printed}");
}

/// A controller that is stopped when the test ends.
struct Controller(Child);

impl Drop for Controller {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        self.0.wait().expect("it ends");
    }
}

/// A controller becomes ready: it has seen everything once.
fn becomes_ready(command: &mut Command) {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let _controller = Controller(child);
    #[expect(clippy::disallowed_methods, reason = "a test of a real process waits for real")]
    let began = Instant::now();
    loop {
        let mut status = program(&["status", "--listen", "127.0.0.1:8620"]);
        if status.output().expect("it runs").status.success() {
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the controller did not become ready");
        #[expect(clippy::disallowed_methods, reason = "a test of a real process waits for real")]
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    assert!(std::env::var_os("RECONCILER_LAB").is_some(), "run this with scripts/with-lab");
    for image in ["catalogue", "redis"] {
        let mut build = Command::new("docker");
        build.current_dir(ROOT).args(["build", "-q", "-t", &format!("reconciler.demo/{image}")]);
        build.arg(format!("desired-state/images/{image}"));
        succeeds(build);
    }
    let commands = commands();
    assert!(commands.len() >= 5, "the README's commands were not found: {commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["make", target] => {
                let mut make = Command::new("make");
                make.current_dir(ROOT).args(["-n", target]);
                succeeds(make);
            }
            ["reconciler", "run", rest @ ..] => {
                becomes_ready(&mut program(&[&["run"], rest].concat()));
            }
            ["reconciler", rest @ ..] => succeeds(program(rest)),
            _ => panic!("the README has a command that this test does not know: {command}"),
        }
    }
}
