//! docs/runbook.md: each of its situations is made, and its commands are carried out as they stand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::support::*;

const SHOP: &str = "
services:
  web:
    image: reconciler.demo/base
    command: httpd -f -p 80
    stop_signal: SIGKILL
    volumes: [data:/data]
    deploy: { replicas: 2 }
    x-reconciler: { min_healthy: 50ms }
volumes: { data: {} }
";

/// The commands of a section of the runbook, of this lab's deployment `abc`.
fn commands(lab: &Lab, section: &str) -> String {
    block(section, "sh").replace("abc", &lab.id("abc"))
}

/// The blocks of a section of the runbook that are in this language.
fn block(section: &str, language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbook.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("## {section}\n")).unwrap();
    let rest = rest.split("\n## ").next().unwrap();
    let blocks = rest.split("```").skip(1).step_by(2);
    let commands: String =
        blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).collect();
    assert!(!commands.is_empty(), "{section} has no commands");
    commands
}

/// Carries out the commands of a section, in a shell where all that they name is at hand.
fn follow(lab: &Lab, section: &str, variables: &[(&str, &str)]) -> String {
    let folder = lab.folder();
    let (bin, plugins) = (folder.join("bin"), folder.join("docker/cli-plugins"));
    for (folder, name, program) in [
        (&bin, "reconciler", env!("CARGO_BIN_EXE_reconciler").to_owned()),
        (&bin, "consul", variable("RECONCILER_LAB_CONSUL")),
        (&plugins, "docker-compose", variable("RECONCILER_LAB_COMPOSE")),
    ] {
        fs::create_dir_all(folder).unwrap();
        symlink(program, folder.join(name)).unwrap();
    }
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &commands(lab, section)]).current_dir(folder).env_clear();
    shell.env("PATH", format!("{}:{}", bin.display(), variable("PATH")));
    shell.env("HOME", folder).env("DOCKER_CONFIG", folder.join("docker"));
    shell.env("DOCKER_HOST", variable("DOCKER_HOST")).env("RECONCILER_SOURCE", lab.source());
    shell.env("RECONCILER_INSTALLATION", lab.installation());
    shell.envs(variables.iter().copied());
    let output = shell.output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
    assert!(output.status.success(), "{section}:\n{stdout}{stderr}");
    stdout.into_owned()
}

/// A lab in which `abc` runs.
fn running(mut lab: Lab, consul: bool) -> Lab {
    if consul {
        lab.consul_at(&variable("CONSUL_HTTP_ADDR"));
    }
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    lab
}

fn remove(kind: &str, filter: &str) {
    let found = docker(&[kind, "ls", "-q", "--filter", filter]);
    for name in found.lines() {
        docker(&[kind, "rm", name]);
    }
}

/// Removes all that the lab has on the engine, as if it was another one.
fn lose_engine(lab: &Lab) {
    let ours = format!("label=reconciler.installation={}", lab.installation());
    let found = docker(&["ps", "-aq", "--filter", &ours]);
    for id in found.lines() {
        docker(&["rm", "-fv", id]);
    }
    remove("network", &ours);
    remove("volume", &ours);
    assert!(lab.names().is_empty() && lab.volumes().is_empty() && lab.ledgers().is_empty());
}

#[test]
fn the_ledger_is_lost() {
    let lab = running(Lab::new("rblost"), false);
    let before = lab.containers();
    let ours = format!("label=reconciler.installation={}", lab.installation());
    docker(&["container", "prune", "--force", "--filter", &ours]);
    assert!(lab.ledgers().is_empty());
    let printed = follow(&lab, "The ledger is lost", &[]);
    assert!(printed.contains("forgot: no record of"), "{printed}");
    assert_eq!((lab.containers(), lab.ledgers().len()), (before, 1));
}

#[test]
fn consul_was_wiped() {
    let lab = running(Lab::new("rbwiped"), true);
    let (before, name) = (lab.containers(), format!("web.{}", lab.id("abc")));
    let entries = Consul::ids(&name);
    assert_eq!(entries.len(), 2);
    let installation = lab.installation();
    Consul::put("/v1/catalog/deregister", &json!({ "Node": format!("rc-{installation}-local") }));
    Consul::delete(&format!("/v1/kv/reconciler/{installation}/?recurse"));
    assert!(Consul::ids(&name).is_empty());
    let consul = variable("CONSUL_HTTP_ADDR");
    follow(&lab, "Consul was wiped", &[("CONSUL_HTTP_ADDR", &consul)]);
    assert_eq!((lab.containers(), Consul::ids(&name)), (before, entries));
    lab.once().is_quiet();
}

#[test]
fn an_engine_is_replaced() {
    let lab = running(Lab::new("rbengine"), false);
    let (volume, web) = (lab.of("abc_data"), lab.of("abc-web-1"));
    docker(&["exec", &web, "sh", "-c", "echo kept > /data/file"]);
    let folder = format!("{}:/backup", lab.folder().display());
    let archive = format!("/backup/{volume}.tar");
    let mount = format!("{volume}:/data");
    let tar = ["tar", "-cf", &archive, "-C", "/data", "."];
    docker(&[&["run", "--rm", "-v", &mount, "-v", &folder, IMAGE][..], &tar].concat());
    lose_engine(&lab);
    let printed = follow(&lab, "An engine is replaced", &[]);
    assert!(printed.contains("+ create web: 2 replicas"), "{printed}");
    assert_eq!(docker(&["exec", &web, "cat", "/data/file"]), "kept");
    lab.once().is_quiet();
}

#[test]
fn an_engine_gets_another_name() {
    let lab = running(Lab::new("rbrenamed"), false);
    let (config, engine) = (lab.folder().join("config.yaml"), variable("DOCKER_HOST"));
    let text = format!("engine: web1\nengines: {{ web1: {{ url: \"{engine}\" }} }}\n");
    fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    let section = "An engine gets another name or address";
    let before = lab.containers();
    let printed = follow(&lab, section, &[("RECONCILER_CONFIG", &config)]);
    assert!(printed.contains("remembers what was applied\nPlan: 1 step."), "{printed}");
    assert_eq!((lab.containers(), lab.ledgers().len()), (before, 1));
}

#[test]
fn the_controller_moves() {
    let lab = running(Lab::new("rbmoved"), false);
    let moved = lab.folder().join("elsewhere");
    fs::rename(lab.source(), &moved).unwrap();
    let moved = moved.display().to_string();
    lab.run(&["plan", &moved]).exits(3);
    let section = "The controller moves to another machine";
    let printed = follow(&lab, section, &[("RECONCILER_SOURCE", &moved)]);
    assert!(printed.starts_with("No changes"), "{printed}");
}

/// Its commands are for a machine with systemd; here, the lab stops and starts the engine.
#[test]
fn a_host_was_cloned() {
    let lab = running(Lab::new("rbcloned"), false);
    let engine = || docker(&["info", "-f", "{{.ID}}"]);
    let (before, root) = (engine(), variable("RECONCILER_LAB"));
    let systemctl = format!(
        "systemctl() {{ case $1 in\nstop) kill $(cat {root}/run/dockerd.pid)\n\
         while kill -0 $(cat {root}/run/dockerd.pid) 2>/dev/null; do sleep 0.1; done ;;\n\
         start) {root}/bin/start-dockerd; until docker version >/dev/null 2>&1; do sleep 0.1; done ;;\n\
         esac; }}\n"
    );
    let commands = block("A host was cloned", "text")
        .replace("/var/lib/docker/", &format!("{root}/docker/"))
        .replace("/etc/docker/", &format!("{root}/docker/"))
        .replace("=default", &format!("={}", lab.installation()));
    let (renew, remove) = commands.split_once("ours=").unwrap();
    let shell = |commands: String| {
        let output = Command::new("bash").args(["-euc", &commands]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    shell(format!("{systemctl}{renew}"));
    assert_ne!(engine(), before);
    // The copies are nobody's: their names are in the way, and nothing is done to them.
    let copies = lab.containers();
    lab.once().exits(3).prints("it exists and is not ours");
    assert_eq!(lab.containers(), copies);
    shell(format!("ours={remove}"));
    lab.once().exits(0);
    lab.once().is_quiet();
}

#[test]
fn leaving() {
    for (name, consul) in [("rbleaving", false), ("rbleavingconsul", true)] {
        let lab = running(Lab::new(name), consul);
        let before = lab.containers();
        assert_eq!(lab.ledgers().len(), usize::from(!consul));
        follow(&lab, "Leaving", &[("CONSUL_HTTP_ADDR", &variable("CONSUL_HTTP_ADDR"))]);
        assert_eq!(lab.containers(), before);
        assert!(lab.ledgers().is_empty());
        assert!(keys(&lab).is_empty(), "{:?}", keys(&lab));
        assert!(Consul::ids(&format!("web.{}", lab.id("abc"))).is_empty());
    }
}

/// What Consul remembers for the lab.
fn keys(lab: &Lab) -> Vec<String> {
    // Without any key, it would call the question an error.
    Consul::put("/v1/kv/runbook", &json!("there is a key"));
    let all: Vec<String> = serde_json::from_value(Consul::get("/v1/kv/?keys")).unwrap();
    let prefix = format!("reconciler/{}/", lab.installation());
    all.into_iter().filter(|key| key.starts_with(&prefix)).collect()
}
