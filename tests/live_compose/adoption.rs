//! Which resources of a Compose project become ours and which do not, on a real engine.

use std::collections::BTreeSet;

use super::project::Project;
use super::support::*;

const PAIR: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: [db]
  db:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    volumes: [data:/data]
volumes:
  data:
";

fn containers(project: &Project) -> BTreeSet<String> {
    let all = project.snapshot();
    all.keys().filter_map(|thing| thing.strip_prefix("container ")).map(str::to_owned).collect()
}

#[test]
fn what_differs_is_adopted_and_then_replaced() {
    let project = Project::new("ad1", PAIR);
    project.compose(&["up", "-d"]);
    let made = project.snapshot();
    project.lab.stack("s", &PAIR.replacen("sleep 1000", "sleep 1001", 1));
    let planned = project.reconciler(&["plan"]).exits(0).prints("into ad1-s");
    let done = project.reconciler(&["--once"]).exits(0);
    assert!(done.stdout.starts_with(&planned.stdout), "planned\n{planned}\ndone\n{done}");
    let after = project.snapshot();
    let changed: Vec<_> = made.iter().filter(|(thing, id)| after.get(*thing) != Some(id)).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0].0, "container ad1-s-web-1");
    project.reconciler(&["--once"]).is_quiet();
}

#[test]
fn what_was_adopted_is_removed_when_it_leaves_the_stack() {
    let project = Project::new("ad2", PAIR);
    project.compose(&["up", "-d"]);
    project.reconciler(&["--once"]).is_quiet();
    let (alone, rest) = PAIR.split_once("  web:").unwrap();
    let (_, rest) = rest.split_once("  db:").unwrap();
    project.lab.stack("s", &format!("{alone}  db:{rest}"));
    project.reconciler(&["--once"]).exits(0).prints("no longer in the stack");
    assert_eq!(containers(&project), BTreeSet::from(["ad2-s-db-1".to_owned()]));
    project.reconciler(&["--once"]).is_quiet();
}

#[test]
fn orphans_one_offs_and_gaps_stay() {
    let scaled = PAIR.replacen("  web:\n", "  web:\n    scale: 3\n", 1);
    let project = Project::new("ad3", &scaled);
    project.compose(&["up", "-d"]);
    project.compose(&["run", "-d", "web", "sleep", "999"]);
    docker(&["rm", "-f", "ad3-s-web-1"]);
    let two = scaled.replace("scale: 3", "scale: 2").replacen("    depends_on: [db]\n", "", 1);
    let (alone, _) = two.split_once("  db:").unwrap();
    project.lab.stack("s", alone);
    let before = project.snapshot();
    project
        .reconciler(&["plan"])
        .is_quiet()
        .prints("adopt container ad3-s-web-2 into ad3-s")
        .prints("adopt container ad3-s-web-3 into ad3-s")
        .prints("left alone in ad3-s: container ad3-s-db-1, whose service db is not in the stack")
        .prints(", which `docker compose run` made");
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), before);
}

#[test]
fn another_folder_of_the_same_name_waits_for_the_operator() {
    let project = Project::new("ad4", PAIR);
    let other = project.lab.folder().join("other").join(&project.id);
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("compose.yaml"), PAIR).unwrap();
    project.compose_in(&other, &["up", "-d"]);
    let before = project.snapshot();
    let grant = format!("{}:project={}", project.id, other.display());
    project.reconciler(&["plan"]).prints(&format!("--allow {grant}"));
    project.reconciler(&["--once"]).exits(3);
    assert_eq!(project.snapshot(), before);
    project.reconciler(&["--once", "--allow", &grant]).is_quiet();
    assert_eq!(project.snapshot(), before);
    project.reconciler(&["--once"]).is_quiet();
}

#[test]
fn names_of_composes_first_version_stay() {
    let project = Project::new("ad5", PAIR);
    project.compose(&["--compatibility", "up", "-d"]);
    assert!(containers(&project).contains("ad5-s_web_1"), "{:?}", containers(&project));
    let before = project.snapshot();
    project.reconciler(&["plan"]).is_quiet().prints("adopt container ad5-s_web_1 into ad5-s");
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), before);
}

#[test]
fn a_controller_adopts_too() {
    let project = Project::new("ad6", PAIR);
    project.compose(&["up", "-d"]);
    let before = project.snapshot();
    let source = project.source();
    let mut running = project.lab.program(&["run", "--trust-stacks", &source]).start();
    until("the ledger is written", || !project.lab.ledgers().is_empty());
    kill(&running, "-TERM");
    running.wait().unwrap();
    assert_eq!(project.snapshot(), before);
    let after = project.reconciler(&["plan"]).is_quiet();
    assert!(!after.stdout.contains("adopt"), "{after}");
}

#[test]
fn an_image_that_compose_built_stays_until_git_changes() {
    let stack = "
services:
  web:
    build: web
    command: sleep 1000
    stop_signal: SIGKILL
";
    let project = Project::new("ad9", stack);
    project.lab.file("s", "web/Dockerfile", "FROM reconciler.demo/base\nENV A=1\n");
    project.compose(&["up", "-d"]);
    let made = project.snapshot();
    project.reconciler(&["plan"]).is_quiet();
    project.reconciler(&["--once"]).is_quiet();
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), made);
    // A change elsewhere is none of the image.
    project.lab.stack("s", &stack.replace("sleep 1000", "sleep 1001"));
    let changed = project.reconciler(&["--once"]).exits(0).prints("~ replace web");
    assert!(!changed.stdout.contains("↓ build"), "{changed}");
    project.lab.file("s", "web/Dockerfile", "FROM reconciler.demo/base\nENV A=2\n");
    project.reconciler(&["--once"]).exits(0).prints("↓ build ad9-s-web");
    let env = inspect("ad9-s-web-1")["Config"]["Env"].to_string();
    assert!(env.contains("A=2"), "{env}");
    project.reconciler(&["--once"]).is_quiet();
}

#[test]
fn compose_shows_the_logs_of_ours() {
    let stack = "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'echo something to read; sleep 1000'
    stop_signal: SIGKILL
    scale: 2
";
    let project = Project::new("ad10", stack);
    project.reconciler(&["--once"]).exits(0);
    let logs = project.compose(&["logs", "--no-color"]);
    for replica in ["web-1", "web-2"] {
        let of_replica =
            |line: &&str| line.starts_with(replica) && line.ends_with("| something to read");
        assert!(logs.lines().any(|line| of_replica(&line)), "{logs}");
    }
    project.compose(&["restart", "web"]);
    project.reconciler(&["--once"]).is_quiet();
}

#[test]
fn a_project_that_its_env_file_names_is_the_one_that_compose_made() {
    let text = PAIR.replace("  db:\n", "  db:\n    profiles: [data]\n");
    let project = Project::new("adenv", &text)
        .named("other", "COMPOSE_PROFILES=data\nCOMPOSE_FILE=compose.yaml:more.yaml\n");
    project.lab.file("s", "more.yaml", "services: { web: { environment: { A: b } } }\n");
    project.compose(&["up", "-d"]);
    let made = project.snapshot();
    assert!(made.contains_key("container adenv-other-db-1"), "{made:?}");
    let planned = project.reconciler(&["plan", "--detailed-exitcode"]).is_quiet();
    for thing in made.keys() {
        let line = format!("adopt {thing} into adenv-other");
        assert!(planned.stdout.lines().any(|l| l == line), "no `{line}` in\n{planned}");
    }
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), made);
    assert_eq!(project.lab.names(), ["adenv-other-db-1", "adenv-other-web-1"]);
    project.up_only_runs();
}

#[test]
fn a_project_whose_file_is_lost_is_taken_over_by_what_adopt_prints() {
    let scaled = PAIR.replacen("  web:\n", "  web:\n    scale: 2\n", 1);
    let project = Project::new("adscaled", &scaled);
    project.compose(&["up", "-d"]);
    let made = project.snapshot();
    let names: Vec<String> = containers(&project).into_iter().collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let adopted = project.lab.run(&[&["adopt"][..], &words].concat()).exits(0);
    adopted.clone().says("3 containers are of Compose's project adscaled-s");
    assert!(!adopted.stdout.contains("not carried"), "{adopted}");
    project.lab.stack("s", &adopted.stdout);
    project
        .reconciler(&["plan"])
        .exits(0)
        .prints("adopt container adscaled-s-web-2 into adscaled-s");
    project.reconciler(&["--once"]).is_quiet();
    assert_eq!(project.snapshot(), made);
}
