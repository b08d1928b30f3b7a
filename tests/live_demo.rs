//! `make demo` on an engine that runs already: the user's, who must find it afterwards as it
//! was, however the demo ended.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the lab speaks through variables")]
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run this with scripts/with-lab --consul"))
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().expect("docker runs");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {words:?}: {printed}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn demo(path: &str) -> Output {
    let mut command = Command::new(Path::new(ROOT).join("scripts/demo"));
    command.env("RECONCILER_BIN", env!("CARGO_BIN_EXE_reconciler")).env("PATH", path);
    command.output().expect("it runs")
}

fn rendered(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

/// All that is on the engine, by id, and what Consul has.
fn everything() -> String {
    let consul = variable("CONSUL_HTTP_ADDR");
    let of_consul = |path: &str| {
        let address = format!("{consul}/v1/{path}");
        let output = Command::new("busybox").args(["wget", "-qO-", &address]).output();
        String::from_utf8_lossy(&output.expect("busybox runs").stdout).into_owned()
    };
    let mut lines: Vec<String> = [
        &["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}"][..],
        &["image", "ls", "-a", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"],
        &["network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"],
        &["volume", "ls", "--format", "{{.Name}}"],
    ]
    .iter()
    .flat_map(|words| docker(words).lines().map(str::to_owned).collect::<Vec<_>>())
    .collect();
    lines.sort();
    lines.push(of_consul("catalog/services"));
    lines.push(of_consul("kv/?keys"));
    lines.join("\n")
}

/// A folder whose `docker` cannot kill, and nothing else is wrong with it.
fn docker_that_cannot_kill(path: &str) -> PathBuf {
    let real = path.split(':').map(|folder| Path::new(folder).join("docker"));
    let real = real.into_iter().find(|program| program.exists()).expect("docker is in PATH");
    let folder = PathBuf::from(variable("RECONCILER_LAB")).join("cannot-kill");
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("docker");
    let text = format!("#!/bin/sh\n[ \"$1\" != kill ] || exit 9\nexec {} \"$@\"\n", real.display());
    fs::write(&program, text).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    folder
}

#[test]
fn an_engine_that_runs_already_is_left_as_it_was() {
    assert!(!variable("RECONCILER_LAB").is_empty());
    let path = variable("PATH");
    // The user's own: a container, and an image under a name that the demo uses, too.
    docker(&["run", "-d", "--name", "theirs", "reconciler.demo/base", "sleep", "1000"]);
    docker(&["tag", "reconciler.demo/base", "reconciler.demo/redis"]);
    let before = everything();

    let done = demo(&path);
    assert!(done.status.success(), "{}", rendered(&done));
    for part in ["five of them run", "abc-pricing-2 runs again", "apples: 3"] {
        assert!(rendered(&done).contains(part), "no `{part}` in\n{}", rendered(&done));
    }
    assert_eq!(everything(), before, "after the demo");

    // It fails while the controller runs, which would make again what is removed.
    let path_without = format!("{}:{path}", docker_that_cannot_kill(&path).display());
    let failed = demo(&path_without);
    assert_eq!(failed.status.code(), Some(9), "{}", rendered(&failed));
    assert!(
        rendered(&failed).contains("the controller has seen everything"),
        "{}",
        rendered(&failed)
    );
    assert_eq!(everything(), before, "after a demo that failed");

    // The user's image, container or network of a name that it would make.
    docker(&["tag", "reconciler.demo/base", "xyz-auth"]);
    docker(&["network", "create", "abc_default"]);
    docker(&["run", "-d", "--name", "abc-web-1", "reconciler.demo/base", "sleep", "1000"]);
    let before = everything();
    let refused = demo(&path);
    assert_eq!(refused.status.code(), Some(3), "{}", rendered(&refused));
    for name in ["xyz-auth", "abc_default", "abc-web-1"] {
        assert!(rendered(&refused).contains(name), "no `{name}` in\n{}", rendered(&refused));
    }
    assert_eq!(everything(), before, "after a demo that refused");
    docker(&["rm", "-f", "theirs", "abc-web-1"]);
    docker(&["network", "rm", "abc_default"]);
    docker(&["rmi", "xyz-auth", "reconciler.demo/redis"]);
}
