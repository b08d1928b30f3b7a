//! What a plan prints so that something withheld goes on: each command is carried out as it stands,
//! and it does.

use crate::support::{Finished, Lab, docker};

const SERVICE: &str = "image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL";

/// The commands that are printed to let things go on.
fn printed(finished: &Finished) -> Vec<String> {
    let mut lines = finished.stdout.lines();
    lines
        .by_ref()
        .find(|line| *line == "  to let it go on:")
        .unwrap_or_else(|| panic!("{finished}"));
    let commands = lines.map_while(|line| line.strip_prefix("      "));
    commands.map(str::to_owned).collect()
}

/// Carries out a printed command by a shell, in which `reconciler` is the program under test.
fn follow(lab: &Lab, command: &str) -> Finished {
    let words = command.strip_prefix("reconciler ").unwrap_or_else(|| panic!("{command}"));
    lab.shell(words)
}

#[test]
fn demands_of_the_host_are_granted_by_the_printed_command() {
    let lab = Lab::new("granting");
    let asks = "pid: host, cap_add: [NET_ADMIN], volumes: ['/tmp:/a b:ro'], sysctls: { net.ipv4.ip_forward: '1' }";
    lab.stack("abc", &format!("services:\n  web: {{ {SERVICE}, {asks} }}\n"));
    let plan = lab.run(&["plan", "--trust-stacks=false", &lab.source()]).exits(77);
    let [command] = &printed(&plan)[..] else { panic!("{plan}") };
    assert!(command.starts_with("reconciler --once ") && command.contains("--allow"), "{command}");
    follow(&lab, command).exits(0);
    assert_eq!(docker(&["inspect", "-f", "{{.HostConfig.PidMode}}", &lab.of("abc-web-1")]), "host");
}

#[test]
fn the_removal_of_all_is_approved_by_the_printed_command() {
    let lab = Lab::new("approving");
    lab.stack("abc", &format!("services:\n  web: {{ {SERVICE} }}\n"));
    lab.once().exits(0);
    lab.drop_stack("abc");
    let plan = lab.plan().exits(3);
    let [command] = &printed(&plan)[..] else { panic!("{plan}") };
    follow(&lab, command).exits(0);
    assert!(lab.names().is_empty());
}

#[test]
fn a_local_path_is_trusted_and_the_plan_lists_what_it_takes() {
    let lab = Lab::new("trusting");
    lab.stack(
        "abc",
        &format!("services:\n  web: {{ {SERVICE}, cap_add: [NET_ADMIN], pid: host }}\n"),
    );
    lab.run(&["plan", &lab.commit()]).exits(77);
    lab.plan().exits(0).prints("! takes of the host: namespace=pid=host, capability=NET_ADMIN");
    lab.once().exits(0).prints("! takes of the host: namespace=pid=host, capability=NET_ADMIN");
}
