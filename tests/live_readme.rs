//! Every command of README.md does what it says: those of `reconciler` run here on the
//! private engine, in the order in which a reader meets them; `make demo` plays the same
//! script, and `make test` is what runs this.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The chapter of the first stack, and the README without it.
fn chapters() -> (String, String) {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let (before, rest) = readme.split_once("\n## A first stack\n").expect("a first stack");
    let (first, after) = rest.split_once("\n## ").expect("another chapter");
    (first.to_owned(), format!("{before}\n## {after}"))
}

/// The lines of all blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if let Some(of) = line.strip_prefix("```") {
            in_block = !in_block && of == language;
        } else if in_block {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The lines of the `sh` blocks, without comments.
fn commands(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh").into_iter();
    let commands = lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    commands.filter(|command| !command.is_empty()).collect()
}

fn program(words: &[&str]) -> Command {
    program_in(Path::new(ROOT), words)
}

fn program_in(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
    command.args(words).current_dir(folder);
    // Each folder by an installation of its own: they run at the same time.
    let installation = if folder == Path::new(ROOT) { "readme" } else { "first" };
    command.env("RECONCILER_INSTALLATION", installation);
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

/// What is printed, with `0s` for each span.
fn without_spans(text: &str) -> String {
    let word = |word: &str| {
        let span = word.trim().trim_start_matches('(').trim_end_matches(')');
        let number = span.strip_suffix("ms").or_else(|| span.strip_suffix('s'));
        let is_span = number.is_some_and(|number| number.parse::<f64>().is_ok());
        if is_span { word.replace(span, "0s") } else { word.to_owned() }
    };
    text.trim().split_inclusive([' ', '\n']).map(word).collect()
}

/// The stack of the README, pasted as it stands, does what it says and prints what is shown. The
/// lab reaches no registry: an image of its own bears the name.
#[test]
fn the_first_stack_prints_what_the_readme_shows() {
    assert!(std::env::var_os("RECONCILER_LAB").is_some(), "run this with scripts/with-lab");
    let (first, _) = chapters();
    let folder = std::env::temp_dir().join(format!("rc-readme-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("hello")).expect("a folder");
    let stack = blocks(&first, "yaml").join("\n");
    std::fs::write(folder.join("hello/compose.yaml"), stack + "\n").expect("written");
    let dockerfile = "FROM reconciler.demo/base\nCMD [\"httpd\", \"-f\", \"-p\", \"80\"]\n";
    std::fs::write(folder.join("Dockerfile"), dockerfile).expect("written");
    let mut build = Command::new("docker");
    build.current_dir(&folder).args(["build", "-q", "-t", "nginx:1.27-alpine", "."]);
    succeeds(build);
    let mut printed = String::new();
    for command in commands(&first) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut call = program_in(&folder, &words);
        call.env_remove("CONSUL_HTTP_ADDR").stderr(writer.try_clone().expect("a copy"));
        let mut child = call.stdout(writer).spawn().expect("it starts");
        drop(call);
        printed = std::io::read_to_string(reader).expect("text");
        assert!(child.wait().expect("it ends").success(), "{command}:\n{printed}");
    }
    let expected = blocks(&first, "console").join("\n");
    assert_eq!(without_spans(&expected), without_spans(&printed), "{printed}");
    // What it made goes, also when the README's other commands come next.
    std::fs::remove_file(folder.join("hello/compose.yaml")).expect("removed");
    let mut down = Command::new("docker");
    down.args(["rm", "-f", "hello-web-1"]);
    succeeds(down);
    std::fs::remove_dir_all(&folder).expect("removed");
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
    let commands = commands(&chapters().1);
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
