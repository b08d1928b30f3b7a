//! What is foreign is never touched, whatever its name or labels.

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
  side:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
";

#[test]
fn a_colliding_name_blocks_what_needs_it() {
    let lab = Lab::new("collide");
    let web = lab.of("abc-web-1");
    docker(&["run", "-d", "--name", &web, IMAGE, "sleep", "1000"]);
    let before = lab.containers();
    lab.stack("abc", WEB);
    let started = started_at(&web);
    lab.once().exits(3).prints("until the name is free");
    assert_eq!(lab.names(), ["abc-side-1", "abc-web-1"].map(|name| lab.of(name)));
    assert_eq!(lab.containers()[&web], before[&web], "what is foreign stays");
    assert_eq!(started_at(&web), started);
}

#[test]
fn a_replacement_made_by_hand_is_somebody_elses() {
    let lab = Lab::new("byhand");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    docker(&["rm", "-f", &web]);
    docker(&["run", "-d", "--name", &web, "-e", "BY=hand", IMAGE, "sleep", "1000"]);
    let before = lab.containers();
    lab.once().exits(3).prints("until the name is free");
    assert_eq!(lab.containers(), before);
    docker(&["rm", "-f", &web]);
    lab.once().exits(0);
    lab.once().is_quiet();
}

#[test]
fn a_copy_of_our_labels_is_not_ours() {
    let lab = Lab::new("copied");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let (image, copy) = (lab.of("copy"), lab.of("copy-1"));
    docker(&["commit", &lab.of("abc-web-1"), &image]);
    docker(&["run", "-d", "--name", &copy, &image, "sleep", "1000"]);
    let labels = inspect(&copy)["Config"]["Labels"].clone();
    assert_eq!(labels["reconciler.deployment"], lab.id("abc").as_str(), "it bears our labels");
    let before = lab.containers();
    lab.once().exits(0);
    assert_eq!(lab.containers(), before);

    // Not even when everything of the deployment goes.
    lab.stack("xyz", WEB);
    lab.once().exits(0);
    lab.drop_stack("abc");
    lab.once().exits(0);
    assert_eq!(lab.names(), ["copy-1", "xyz-side-1", "xyz-web-1"].map(|name| lab.of(name)));
    assert_eq!(lab.containers()[&copy], before[&copy]);
    assert_eq!(inspect(&copy)["State"]["Running"], true);
}

#[test]
fn a_network_made_by_hand_is_not_taken_over() {
    let lab = Lab::new("foreignnet");
    let network = lab.of("abc_default");
    docker(&["network", "create", &network]);
    let before = docker(&["network", "inspect", "-f", "{{.Id}}", &network]);
    lab.stack("abc", WEB);
    lab.once().exits(3).prints("it exists and is not ours");
    assert!(lab.names().is_empty());
    assert_eq!(docker(&["network", "inspect", "-f", "{{.Id}}", &network]), before);
}

#[test]
fn another_folder_touches_nothing_of_the_first() {
    let lab = Lab::new("folders");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    let other = lab.folder().join("other");
    let folder = other.join(lab.id("xyz"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("compose.yaml"), WEB).unwrap();
    lab.run(&["--once", other.to_str().unwrap()]).exits(0);
    let both = lab.containers();
    assert_eq!(both.len(), 4);
    assert!(before.iter().all(|(name, id)| both.get(name) == Some(id)));
    lab.once().is_quiet();

    // A file that is named alone says nothing about the others of its folder.
    let file = lab.folder_of("abc").join("compose.yaml");
    lab.run(&["--once", file.to_str().unwrap()]);
    assert_eq!(lab.containers(), both);
}

#[test]
fn a_second_source_is_kept_out() {
    let lab = Lab::new("second");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    let folder = lab.folder().join("other").join(lab.id("abc"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("compose.yaml"), WEB.replace("1000", "1001")).unwrap();
    let other = lab.folder().join("other").display().to_string();
    lab.run(&["--once", &other]).exits(3).prints("lets go of the deployment's id");
    assert_eq!(lab.containers(), before);
}

/// The port is known before anything moves: what needs it stays as it is, on both engines.
#[test]
fn a_port_of_a_foreign_container_is_found_before_anything_moves() {
    let lab = Lab::new("ports");
    let old = lab.of("old");
    docker(&["run", "-d", "--name", &old, "-p", "127.0.0.1:28471:80", IMAGE, "sleep", "1000"]);
    // Neither holds a port: one is stopped, one has the host's network.
    let (stopped, host) = (lab.of("stopped"), lab.of("host"));
    docker(&["create", "--name", &stopped, "-p", "28473:80", IMAGE, "sleep", "1000"]);
    docker(&["run", "-d", "--name", &host, "--network", "host", IMAGE, "sleep", "1000"]);
    let wanted = |port: &str| {
        WEB.replacen("    command", &format!("    ports: [\"{port}:80\"]\n    command"), 1)
    };
    lab.stack("abc", &wanted("28471"));
    let remedy = format!("docker stop {old}");
    lab.plan().exits(3).prints("until port 28471/tcp is free").prints(&remedy);
    lab.once().exits(3).prints(&remedy);
    let web = lab.of("abc-web-1");
    assert!(!lab.names().contains(&web), "nothing of it is made: {:?}", lab.names());
    assert!(lab.names().contains(&lab.of("abc-side-1")), "what does not need it is");

    // Another port, another address, another protocol: nothing is in the way.
    for port in ["28472", "28473", "127.0.0.2:28471", "127.0.0.1:28471-28472"] {
        lab.stack("abc", &wanted(port));
        lab.once().exits(0);
        let made = &lab.containers()[&web];
        lab.stack("abc", &wanted("28471"));
        lab.once().exits(3).prints(&remedy);
        assert_eq!(&lab.containers()[&web], made, "what runs goes on as it is");
    }
    docker(&["stop", "-t", "0", &old]);
    lab.once().exits(0);
    lab.once().is_quiet();
}
