//! What something else has: a failure that says by what, and no call to try again.

use std::net::TcpListener;

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
";

#[test]
fn a_port_of_a_foreign_container_is_reported_with_its_name() {
    let lab = Lab::new("heldport");
    let other = lab.of("other");
    docker(&["run", "-d", "--name", &other, "-p", "127.0.0.1:28080:80", IMAGE, "sleep", "1000"]);
    // Of a range a plan does not know which port the engine takes: this one tries the first, whose
    // other address is in the way.
    lab.stack("abc", &format!("{WEB}    ports: [\"28080-28081:80\"]\n"));
    let ended = lab.once().exits(1).says("port 0.0.0.0:28080/tcp is published by container");
    assert!(ended.stderr.contains(&other) && ended.stderr.contains("stop it"), "{ended}");
    lab.stack("abc", &format!("{WEB}    ports: [\"28080:80\"]\n"));
    for _ in 0..2 {
        // What the first pass left could not be started: it is degraded, too.
        lab.once().exits(1).prints(&format!("docker stop {other}"));
    }
    docker(&["rm", "-f", &other]);
    lab.once().exits(0);
    lab.once().is_quiet();
}

#[test]
fn a_port_of_a_program_of_the_host_is_reported_as_such() {
    let lab = Lab::new("heldhost");
    let listener = TcpListener::bind("0.0.0.0:28081").unwrap();
    lab.stack("abc", &format!("{WEB}    ports: [\"28081:80\"]\n"));
    let ended = lab.once().exits(1).says("port 0.0.0.0:28081/tcp is held by a program");
    assert!(ended.stderr.contains("ss -lntp sport = :28081"), "{ended}");
    drop(listener);
    lab.once().exits(0);
    lab.once().is_quiet();
}

#[test]
fn a_subnet_of_another_network_is_reported_with_its_name() {
    let lab = Lab::new("heldnet");
    let other = lab.of("other");
    docker(&["network", "create", "--subnet", "10.213.0.0/16", &other]);
    lab.stack(
        "abc",
        &format!(
            "{WEB}networks:\n  default: {{ ipam: {{ config: [{{ subnet: 10.213.7.0/24 }}] }} }}\n"
        ),
    );
    let message = format!("the subnet 10.213.7.0/24 overlaps 10.213.0.0/16 of the network {other}");
    lab.once().exits(1).says(&message);
    docker(&["network", "rm", &other]);
    lab.once().exits(0);
    lab.once().is_quiet();
}

#[test]
fn a_fixed_address_that_another_container_has_is_reported_with_its_name() {
    let lab = Lab::new("heldip");
    let (network, other) = (lab.of("shared"), lab.of("other"));
    docker(&["network", "create", "--subnet", "10.214.0.0/24", &network]);
    let at = ["--network", &network, "--ip", "10.214.0.9"];
    docker(&[&["run", "-d", "--name", &other][..], &at, &[IMAGE, "sleep", "1000"]].concat());
    lab.stack("abc", &format!(
        "{WEB}    networks: {{ shared: {{ ipv4_address: 10.214.0.9 }} }}\nnetworks:\n  shared: {{ external: true, name: {network} }}\n"
    ));
    let message = format!("container {other} has the address 10.214.0.9 on the network {network}");
    lab.run(&["--once", "--trust-stacks", &lab.source()]).exits(1).says(&message);
    docker(&["rm", "-f", &other]);
    lab.run(&["--once", "--trust-stacks", &lab.source()]).exits(0);
}
