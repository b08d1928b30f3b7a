//! Images are built from the stack's files when their inputs change, and else not.

use super::support::*;

const STACK: &str = "
services:
  base:
    build:
      context: base
      dockerfile_inline: |
        FROM reconciler.demo/base
        COPY greeting /greeting
    command: sleep 1000
    stop_signal: SIGKILL
  web:
    build:
      context: web
      args: { WHO: can4ry-argument }
      additional_contexts: { parent: service:base, files: ./assets }
      secrets: [token]
      network: none
    command: sleep 1000
    stop_signal: SIGKILL
secrets:
  token: { environment: OPERATOR }
";

const DOCKERFILE: &str = "FROM parent
ARG WHO
COPY --from=files . /files
COPY . /app
RUN --mount=type=secret,id=token test -n \"$WHO\" && cut -c1-3 /run/secrets/token >/part
";

fn write(lab: &Lab) {
    lab.stack("abc", STACK);
    lab.file("abc", "base/greeting", "hello\n");
    lab.file("abc", "assets/logo", "a logo\n");
    lab.file("abc", "web/Dockerfile", DOCKERFILE);
    lab.file("abc", "web/page", "a page\n");
    lab.file("abc", "web/notes.md", "notes\n");
    lab.file("abc", "web/.dockerignore", "*.md\n.dockerignore\nDockerfile\n");
}

fn with(lab: &Lab, words: &[&str]) -> Finished {
    let words = [words, &["--env", "OPERATOR"]].concat();
    let program = lab.program(&words).env("RUST_LOG", "trace");
    let finished = program.env("OPERATOR", "xyz-can4ry-secret").run();
    let text = finished.to_string();
    assert!(!text.contains("can4ry"), "{text}");
    finished
}

#[test]
fn an_image_is_built_again_only_when_its_inputs_change() {
    let lab = Lab::new("building");
    write(&lab);
    // Stacks that name the same files share their image: these are of this test alone.
    lab.file("abc", "assets/logo", "a logo of its own\n");
    let source = lab.commit();
    let once = || with(&lab, &["--once", &source]);
    once()
        .exits(0)
        .prints("↓ build building-abc-base, folder \"building-abc/assets\", building-abc-web")
        .says("building-abc-base: 2/2 COPY greeting /greeting")
        .says("image folder \"building-abc/assets\": 1/1 COPY . /")
        .says("building-abc-web: stage-0 2/4 COPY --from=files . /files")
        .says(
            "building-abc-web: stage-0 4/4 RUN --mount=type=secret,id=token test -n \"(masked)\"",
        );
    let read = |words: &[&str]| docker(&[&["exec", &lab.of("abc-web-1")], words].concat());
    assert_eq!(
        read(&["cat", "/greeting", "/files/logo", "/part"]),
        "hello\na logo of its own\nxyz"
    );
    assert_eq!(read(&["ls", "-A", "/app"]), "page");
    let label = "{{index .Config.Labels \"com.docker.compose.project\"}}";
    assert_eq!(docker(&["image", "inspect", "-f", label, &lab.of("abc-web")]), lab.id("abc"));
    let layers = docker(&["history", "--no-trunc", &lab.of("abc-web")]);
    assert!(!layers.contains("can4ry-secret"), "{layers}");

    let (base, web) = (id(&lab.of("abc-base-1")), id(&lab.of("abc-web-1")));
    with(&lab, &["plan", &source]).exits(0).prints("No changes");
    // What is not part of the context builds nothing.
    lab.file("abc", "web/notes.md", "other notes\n");
    lab.commit();
    let plan = with(&lab, &["plan", &source]).exits(0);
    assert!(!plan.stdout.contains("build image"), "{plan}");
    once().exits(0);
    assert_eq!((id(&lab.of("abc-base-1")), id(&lab.of("abc-web-1"))), (base.clone(), web.clone()));

    lab.file("abc", "assets/logo", "A LOGO\n");
    lab.commit();
    once().exits(0);
    assert_eq!(read(&["cat", "/files/logo"]), "A LOGO");
    assert_eq!(id(&lab.of("abc-base-1")), base);
    assert_ne!(id(&lab.of("abc-web-1")), web);
}

#[test]
fn a_build_of_the_same_files_replaces_nothing() {
    let lab = Lab::new("buildsame");
    lab.stack(
        "abc",
        "services: { web: { build: ., command: sleep 1000, stop_signal: SIGKILL } }\n",
    );
    lab.file("abc", "Dockerfile", "FROM reconciler.demo/base\nCOPY page /page\n");
    lab.file("abc", "page", "one\n");
    lab.once().exits(0);
    let web = id(&lab.of("abc-web-1"));
    lab.file("abc", "README.md", "Read me.\n");
    lab.once().exits(0).prints("↓ build");
    assert_eq!(id(&lab.of("abc-web-1")), web);
    lab.once().exits(0).prints("No changes");
    lab.file("abc", "page", "two\n");
    lab.once().exits(0);
    assert_ne!(id(&lab.of("abc-web-1")), web);
    assert_eq!(docker(&["exec", &lab.of("abc-web-1"), "cat", "/page"]), "two");
    lab.once().exits(0).prints("No changes");
}

#[test]
fn a_failed_build_changes_nothing_and_says_why() {
    let lab = Lab::new("badbuild");
    write(&lab);
    lab.file("abc", "web/Dockerfile", "FROM parent\nARG WHO\nRUN echo for $WHO >&2; exit 9\n");
    let failed = with(&lab, &["--once", &lab.source()]).exits(1);
    let text = failed.to_string();
    assert!(text.contains("exit 9`: exit code: 9; it printed: for (masked)"), "{text}");
    assert_eq!(lab.names(), Vec::<String>::new());
}

#[test]
fn from_git_the_hosts_network_and_an_agent_need_a_grant() {
    let lab = Lab::new("buildgrant");
    write(&lab);
    let stack = STACK.replace("network: none", "network: host");
    lab.stack("abc", &stack.replace("secrets: [token]", "ssh: [default]"));
    let source = lab.commit();
    let refused = with(&lab, &["plan", &source]);
    let text = refused.to_string();
    for grant in ["build=networkmode=host", "build=ssh"] {
        assert!(text.contains(&format!("--allow {}:{grant}", lab.id("abc"))), "{text}");
    }
}

#[test]
fn a_signal_ends_a_build_on_the_engine_too() {
    let lab = Lab::new("buildsignal");
    lab.stack("abc", "services: { web: { build: web } }\n");
    lab.file("abc", "web/Dockerfile", "FROM reconciler.demo/base\nRUN sleep 7654\n");
    let child = lab.program(&["--once", &lab.source()]).start();
    let sleeps = || {
        let found = std::process::Command::new("pgrep").args(["-f", "^sleep 7654"]).output();
        found.unwrap().status.success()
    };
    until("it is built", sleeps);
    kill(&child, "-TERM");
    let ended: Finished = child.wait_with_output().unwrap().into();
    ended.exits(143);
    until("the engine gave the build up", || !sleeps());
    assert_eq!(lab.names(), Vec::<String>::new());
}
