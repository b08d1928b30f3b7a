//! What a stack from git may ask of the host, and files that are put into containers.

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
";

/// Files of both kinds.
const FILES: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    configs: [{ source: settings, target: /etc/settings, mode: 0440 }]
    secrets: [token]
configs:
  settings: { file: settings.txt }
secrets:
  token: { file: token.txt }
";

#[test]
fn the_host_is_not_gits() {
    let lab = Lab::new("host");
    for (demand, line) in [
        ("bind=/tmp", "volumes: [/tmp:/host]"),
        ("capability=NET_ADMIN", "cap_add: [NET_ADMIN]"),
        (
            "volume=theirs",
            "volumes: [data:/x]\nvolumes: { data: { external: true, name: theirs } }",
        ),
        ("network=theirs", "networks: [x]\nnetworks: { x: { external: true, name: theirs } }"),
        (
            "driver-option=device=/etc",
            "volumes: [data:/x]\nvolumes: { data: { driver_opts: { type: none, o: bind, device: /etc } } }",
        ),
    ] {
        lab.stack("abc", &format!("{WEB}    {line}\n"));
        let url = lab.commit();
        let allow = format!("--allow {}:{demand}", lab.id("abc"));
        lab.run(&["plan", &url]).exits(77).prints(&allow);
        lab.run(&["--once", &url]).exits(77).prints(&allow);
        assert!(lab.names().is_empty(), "{line}: nothing starts");
        let grant = format!("{}:privileged", lab.id("xyz"));
        lab.run(&["--once", "--allow", &grant, &url]).exits(77);
    }
    lab.stack("abc", &format!("{WEB}    cap_add: [NET_ADMIN]\n    volumes: [/tmp:/host:ro]\n"));
    let url = lab.commit();
    let grants = format!("{0}:capability=NET_ADMIN,{0}:bind=/tmp", lab.id("abc"));
    lab.run(&["--once", "--allow", &grants, &url]).exits(0);
    let host = inspect(&lab.of("abc-web-1"))["HostConfig"].clone();
    assert_eq!(host["CapAdd"][0], "NET_ADMIN", "{host}");
    assert_eq!(host["Privileged"], false);
    docker(&["exec", &lab.of("abc-web-1"), "test", "-d", "/host"]);
    lab.run(&["--once", "--allow", &grants, &url]).is_quiet();
}

#[test]
fn a_link_of_the_tree_is_granted_by_where_it_leads() {
    let lab = Lab::new("links");
    lab.stack("abc", &format!("{WEB}    volumes: [./inside:/a:ro, ./link:/host:ro]\n"));
    lab.file("abc", "real/x", "kept");
    let folder = lab.folder_of("abc");
    std::os::unix::fs::symlink("real", folder.join("inside")).unwrap();
    std::os::unix::fs::symlink("../../../../../../../../../../tmp", folder.join("link")).unwrap();
    let source = lab.source();
    let strict =
        |more: &[&str]| lab.run(&[&["--once", "--trust-stacks=false"], more, &[&source]].concat());
    let allow = format!("--allow {}:bind=/tmp", lab.id("abc"));
    strict(&[]).exits(77).prints(&allow);
    assert!(lab.names().is_empty(), "nothing starts");
    let by_name = format!("{}:bind={}/link", lab.id("abc"), folder.display());
    strict(&["--allow", &by_name]).exits(77).prints(&allow);
    let grant = format!("{}:bind=/tmp", lab.id("abc"));
    strict(&["--allow", &grant]).exits(0);
    assert_eq!(docker(&["exec", &lab.of("abc-web-1"), "cat", "/a/x"]), "kept");
    docker(&["exec", &lab.of("abc-web-1"), "test", "-d", "/host"]);
    strict(&["--allow", &grant]).is_quiet();
}

#[test]
fn files_from_git_are_in_the_container_before_it_starts() {
    let lab = Lab::new("files");
    lab.stack("abc", FILES);
    lab.file("abc", "settings.txt", "colour=blue\n");
    lab.file("abc", "token.txt", "s3cret");
    let url = lab.commit();
    lab.run(&["--once", &url]).exits(0);
    let web = lab.of("abc-web-1");
    let read = |path: &str| docker(&["exec", &web, "cat", path]);
    assert_eq!(read("/etc/settings"), "colour=blue");
    assert_eq!(read("/run/secrets/token"), "s3cret");
    assert_eq!(docker(&["exec", &web, "stat", "-c", "%a", "/etc/settings"]), "440");
    let before = id(&web);
    lab.run(&["--once", &url]).is_quiet();

    lab.file("abc", "settings.txt", "colour=red\n");
    lab.run(&["--once", &url]).is_quiet();
    lab.commit();
    lab.run(&["--once", &url]).exits(0);
    assert_ne!(id(&web), before, "other content, another container");
    assert_eq!(read("/etc/settings"), "colour=red");
    let before = id(&web);

    lab.file("abc", "token.txt", "s3cret2");
    lab.commit();
    let done = lab.run(&["--once", &url]).exits(0);
    assert!(!done.to_string().contains("s3cret"), "{done}");
    assert_ne!(id(&web), before);
    assert_eq!(read("/run/secrets/token"), "s3cret2");
    lab.run(&["--once", &url]).is_quiet();
}

#[test]
fn files_of_a_folder_are_followed_too() {
    let lab = Lab::new("folderfiles");
    lab.stack("abc", FILES);
    lab.file("abc", "settings.txt", "colour=blue\n");
    lab.file("abc", "token.txt", "s3cret");
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    let before = id(&web);
    lab.once().is_quiet();
    lab.file("abc", "token.txt", "s3cret2");
    lab.once().exits(0);
    assert_ne!(id(&web), before, "the content counts, not only the name");
    assert_eq!(docker(&["exec", &web, "cat", "/run/secrets/token"]), "s3cret2");
    lab.once().is_quiet();
}

#[test]
fn a_container_whose_files_are_not_proven_is_made_again() {
    let mut lab = Lab::new("unproven");
    lab.stack("abc", FILES);
    lab.file("abc", "settings.txt", "colour=blue\n");
    lab.file("abc", "token.txt", "s3cret");
    let url = lab.commit();
    let web = lab.of("abc-web-1");
    let engine = variable("DOCKER_HOST");
    let mut made = None;
    // The create is one of the first few calls.
    for call in 1..9 {
        let dying = Proxy::crash_after(&format!("unproven-{call}"), call);
        lab.engine_at(&dying.address);
        assert!(lab.program(&["--once", &url]).run_until_crash(&dying));
        if lab.names().contains(&web) {
            made = Some(id(&web));
            break;
        }
    }
    let made = made.expect("a call that makes the container");
    assert_eq!(inspect(&web)["State"]["Status"], "created");
    lab.engine_at(&engine);
    lab.run(&["--once", &url]).exits(0).prints("nothing proves that its files were put into it");
    assert_ne!(id(&web), made);
    assert_eq!(docker(&["exec", &web, "cat", "/etc/settings"]), "colour=blue");
    assert_eq!(lab.names(), [web]);
    lab.run(&["--once", &url]).is_quiet();
}

#[test]
fn a_bound_file_that_is_replaced_is_seen() {
    let lab = Lab::new("replaced");
    lab.stack("abc", &format!("{WEB}    volumes: [./net.conf:/etc/net.conf]\n"));
    lab.file("abc", "net.conf", "one");
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    let before = id(&web);
    let read = || docker(&["exec", &web, "cat", "/etc/net.conf"]);
    lab.once().is_quiet();

    lab.file("abc", "net.conf", "two");
    lab.once().is_quiet();
    assert_eq!((read(), id(&web)), ("two".to_owned(), before.clone()), "written in place");

    let replace = |text: &str| {
        lab.file("abc", "net.conf.new", text);
        let folder = lab.folder_of("abc");
        std::fs::rename(folder.join("net.conf.new"), folder.join("net.conf")).unwrap();
    };
    replace("three");
    assert_eq!(read(), "two", "it still has the old file");
    lab.once().exits(0).prints("volumes./etc/net.conf.content");
    assert_eq!(read(), "three");
    assert_ne!(id(&web), before);
    lab.once().is_quiet();

    // A restart by another client binds what is there.
    let before = id(&web);
    replace("four");
    docker(&["restart", &web]);
    assert_eq!((read(), id(&web)), ("four".to_owned(), before));
}
