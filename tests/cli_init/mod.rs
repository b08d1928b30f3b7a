//! What `init` writes holds: the configuration is read, the stacks are valid, and each command of a
//! pipeline is one that exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Case;

/// A folder of one test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("rc-init-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn play(call: &str) -> String {
    Case { call: call.to_owned(), env: vec!["DOCKER_HOST=unix:///nonexistent".to_owned()] }.play()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Calls the program as a pipeline does, in the folder.
fn in_folder(folder: &Path, command: &str) -> (i32, String) {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("reconciler"), "{command}");
    let output =
        Case { call: String::new(), env: vec!["DOCKER_HOST=unix:///nonexistent".to_owned()] }
            .command()
            .args(words.take_while(|word| *word != ">"))
            .current_dir(folder)
            .output()
            .expect("it starts");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code().expect("a code"), text.join("\n"))
}

#[test]
fn what_is_written_is_valid_and_its_commands_exist() {
    let folder = folder("whole");
    let printed = play(&format!("init {}", folder.display()));
    assert!(printed.contains("exit: 0") && !printed.contains("left as it is"), "{printed}");
    for (command, code) in [
        ("reconciler validate --config reconciler.yaml desired-state", 0),
        ("reconciler validate compose.controller.yaml", 0),
        ("reconciler fmt --check desired-state/hello/compose.yaml", 0),
        ("reconciler sim desired-state", 0),
    ] {
        let (exit, text) = in_folder(&folder, command);
        assert_eq!(exit, code, "{command}: {text}");
        assert!(!text.contains("warning"), "{command}: {text}");
    }
    let stack = read(&folder.join("desired-state/hello/compose.yaml"));
    let schema =
        stack.lines().next().and_then(|line| line.split_once("$schema=")).expect("a schema").1;
    let schema = folder.join("desired-state/hello").join(schema);
    assert!(read(&schema).contains("json-schema.org"));

    let mut commands = BTreeSet::new();
    for path in [".github/workflows/reconciler.yaml", "ci/gitlab.yaml"] {
        let text = read(&folder.join(path));
        let _: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
        let lines = text.lines().filter_map(|line| line.find("reconciler ").map(|at| &line[at..]));
        let of_pipeline = text.lines().filter(|line| line.trim_start().starts_with("- "));
        assert!(of_pipeline.count() > 3, "{text}");
        commands.extend(
            lines.filter(|line| line.contains("--config")).map(str::to_owned).collect::<Vec<_>>(),
        );
    }
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let (code, text) = in_folder(&folder, &command);
        // Without an engine a pass ends with 69, or with what is not granted; a command line that
        // is wrong with 64.
        assert!([0, 3, 69].contains(&code), "{command}: {code} {text}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn every_setting_is_in_the_configuration_and_can_be_taken_as_it_stands() {
    let folder = folder("settings");
    play(&format!("init {}", folder.display()));
    let text = read(&folder.join("reconciler.yaml"));
    let is_setting = |line: &&str| {
        let key = line.split(':').next().unwrap_or_default();
        line.contains(": ")
            && !key.contains(' ')
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let settings: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    let config = folder.join("all.yaml");
    std::fs::write(&config, settings.join("\n")).expect("written");
    let printed = play(&format!("fmt --check fmt/even.yaml --config {}", config.display()));
    assert!(printed.contains("exit: 0"), "{printed}\n{text}");

    // Each setting of the docs is one of the file, and the reverse.
    let docs = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md"));
    let rows = docs.lines().skip_while(|line| !line.starts_with("| setting in the file"));
    let rows = rows.skip(2).take_while(|line| line.starts_with("| "));
    let documented: BTreeSet<&str> = rows
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split(',').map(|key| key.trim().trim_matches('`')))
        .collect();
    let written: BTreeSet<&str> =
        settings.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(written, documented);
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What `init` prints to go on with is done in the folder where it was called.
#[test]
fn the_commands_that_it_prints_work_where_it_was_called() {
    let above = folder("next");
    for (call, into) in [("init", "."), ("init", "."), ("init 'my stacks'", "my stacks")] {
        let mut command = Case { call: String::new(), env: Vec::new() }.command();
        let words = call.split(" '").map(|word| word.trim_end_matches('\''));
        let output = command.args(words).current_dir(&above).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let place = Path::new(into).join("desired-state");
        let place = place.strip_prefix(".").unwrap_or(&place).display().to_string();
        for verb in ["validate", "plan", "apply"] {
            let prefix = format!("reconciler {verb} ");
            let next = stderr.lines().find_map(|line| line.trim().strip_prefix(&prefix));
            let next = next.and_then(|line| line.split("  ").next()).expect("a command");
            assert_eq!(next.trim_matches('\''), place, "{stderr}");
        }
        let mut validate = Case { call: "validate".to_owned(), env: Vec::new() }.command();
        let status = validate.arg(&place).current_dir(&above).output().expect("it starts").status;
        assert!(status.success(), "{stderr}");
    }
    std::fs::remove_dir_all(&above).expect("removed");
}

#[test]
fn a_verb_in_a_folder_whose_stacks_lie_deeper_says_what_to_type() {
    let folder = folder("deeper");
    play(&format!("init {}", folder.display()));
    for verb in ["plan", "validate", "--once", "sim"] {
        let (exit, text) = in_folder(&folder, &format!("reconciler {verb}"));
        assert_ne!(exit, 0, "{text}");
        assert!(text.contains("there is no stack in"), "{text}");
        let help = format!("`reconciler {verb} desired-state`");
        assert!(text.contains(&help), "{help}: {text}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn what_is_there_stays_and_print_writes_nothing() {
    let folder = folder("stays");
    std::fs::create_dir_all(folder.join("shop")).expect("a folder");
    std::fs::write(folder.join("shop/compose.yaml"), "services: {}\n").expect("written");
    let printed = play(&format!("init --print {}", folder.display()));
    assert!(printed.contains("# ==== ci/gitlab.yaml"), "{printed}");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1);

    std::fs::write(folder.join("reconciler.yaml"), "poll: 5s\n").expect("written");
    std::os::unix::fs::symlink("nowhere", folder.join("compose.controller.yaml")).expect("a link");
    let output = Case { call: format!("init -o json {}", folder.display()), env: Vec::new() }
        .command()
        .output()
        .expect("it starts");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["left"], serde_json::json!(["reconciler.yaml", "compose.controller.yaml"]));
    // There is a stack: no other is made.
    let written = [".github/workflows/reconciler.yaml", "ci/gitlab.yaml", ".gitignore"];
    assert_eq!(result["written"], serde_json::json!(written));
    assert_eq!(read(&folder.join("reconciler.yaml")), "poll: 5s\n");
    assert!(!folder.join("nowhere").exists());
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What the pipelines and the controller leave in the repository is not committed by accident; the
/// files of stacks are, and a list that is there stays.
#[test]
fn git_ignores_what_belongs_to_one_machine_and_no_file_of_a_stack() {
    let folder = folder("ignored");
    play(&format!("init {}", folder.display()));
    let git = |words: &[&str]| {
        let mut command = std::process::Command::new("git");
        let output = command.args(words).current_dir(&folder).output().expect("git runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(git(&["init", "-q"]).0);
    for (path, ignored) in [
        (".env", true),
        ("plan.md", true),
        ("shop.plan", true),
        ("web1.key", true),
        ("key.pem", true),
        ("desired-state/hello/tls.key", false),
        ("desired-state/hello/.env", false),
        ("desired-state/hello/compose.yaml", false),
        ("reconciler.yaml", false),
        ("compose.controller.yaml", false),
        ("stack.schema.json", false),
    ] {
        assert_eq!(git(&["check-ignore", path]).0, ignored, "{path}");
    }
    std::fs::write(folder.join(".gitignore"), "mine\n").expect("written");
    let again = play(&format!("init {}", folder.display()));
    assert!(again.contains(".gitignore") && again.contains("left as it is"), "{again}");
    assert_eq!(read(&folder.join(".gitignore")), "mine\n");
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// The commands of `docs/moving-in.md`, for definitions of one repository.
#[test]
fn what_import_prints_for_one_repository_is_a_valid_list() {
    let folder = folder("imported");
    std::fs::create_dir_all(folder.join("web")).expect("a folder");
    let stack = "services: { web: { image: 'web:1' } }\n";
    std::fs::write(folder.join("web/compose.yaml"), stack).expect("written");
    std::fs::write(folder.join(".doco-cd.yaml"), "name: shop\nworking_dir: web\n")
        .expect("written");
    let docs = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/moving-in.md"));
    let documented = ["reconciler import . > deployments.yaml", "reconciler validate ."];
    assert!(documented.iter().all(|line| docs.lines().any(|it| it == *line)));
    // As a shell does: the file is there, empty, before the program starts.
    std::fs::write(folder.join("deployments.yaml"), "").expect("written");
    let (exit, text) = in_folder(&folder, documented[0]);
    assert_eq!(exit, 0, "{text}");
    let (list, message) = text.split_once("\n\n").expect("a list, and what is said of it");
    assert!(message.contains("Keep it as deployments.yaml"), "{text}");
    std::fs::write(folder.join("deployments.yaml"), list).expect("written");
    let (exit, text) = in_folder(&folder, documented[1]);
    assert_eq!(exit, 0, "{text}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
