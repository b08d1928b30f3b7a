//! A watched folder: what is changed in it happens, and nothing else does.

use std::fs;
use std::time::Duration;

use crate::controller::{Setup, program, stack};
use crate::engine::{IMAGE, containers, docker, has_variable, id, is_running, tidy};
use crate::temp::Temp;
use crate::time::{eventually, looks_again};

#[test]
fn a_changed_file_is_applied_and_a_removed_stack_is_gone() {
    let (ours, theirs) = (Temp::new(), Temp::new());
    for deployment in ["fold-a", "fold-b", "fold-c"] {
        ours.write(&format!("{deployment}/compose.yaml"), stack("1"));
    }
    theirs.write("fold-theirs/compose.yaml", stack("1"));
    let other = ["--once", "--installation", "folder", theirs.path().to_str().unwrap()];
    let once = program(&other).output().unwrap();
    assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
    // It says that it is of fold-b, and nobody proves it.
    let label = "com.docker.compose.project=fold-b";
    let stranger =
        docker(&["run", "-d", "--name", "fold-stranger", "-l", label, IMAGE, "sleep", "600"]);
    let projects = ["fold-a", "fold-b", "fold-c", "fold-theirs"];
    let controller = Setup::folder("folder", ours.path(), &projects).start();
    for deployment in ["fold-a", "fold-b", "fold-c"] {
        controller.settles(deployment);
    }
    let kept = (id("fold-c-web-1"), id("fold-theirs-web-1"));
    assert!(kept.0.is_some() && kept.1.is_some());

    ours.write("fold-a/compose.yaml", stack("2"));
    eventually("the change is applied", || has_variable("fold-a-web-1", "V=2"));
    fs::remove_dir_all(ours.path().join("fold-b")).unwrap();
    eventually("fold-b is gone", || containers("fold-b") == ["fold-stranger"]);
    eventually("its network is gone", || {
        docker(&["network", "ls", "-q", "--filter", "name=fold-b_default"]).is_empty()
    });

    docker(&["rm", "-f", "fold-c-web-1"]);
    eventually("what was removed by hand is made again", || is_running("fold-c-web-1"));
    assert!(has_variable("fold-a-web-1", "V=2"));
    assert_ne!(id("fold-c-web-1"), kept.0);
    assert_eq!(id("fold-theirs-web-1"), kept.1, "another source's deployment was touched");
    assert_eq!(id("fold-stranger").unwrap(), stranger, "a stranger was touched");
    assert!(is_running("fold-stranger"));
    drop(controller);
    tidy(&["fold-b"], "folder");
}

#[test]
fn an_invalid_edit_is_reported_and_leaves_things_as_they_run() {
    let folder = Temp::new();
    folder.write("edit-a/compose.yaml", stack("1"));
    folder.write("edit-b/compose.yaml", stack("1"));
    let controller = Setup::folder("edit", folder.path(), &["edit-a", "edit-b"]).start();
    controller.settles("edit-a");
    controller.settles("edit-b");
    let before = id("edit-a-web-1");

    folder.write("edit-a/compose.yaml", stack("2").replace("environment", "enviroment"));
    controller.says("edit-a/compose.yaml:6:5");
    assert!(controller.log().contains("enviroment"), "the log names the key");
    // The other deployment is not held up by it, and its change proves that the invalid
    // state was acted on.
    folder.write("edit-b/compose.yaml", stack("2"));
    eventually("edit-b is changed", || has_variable("edit-b-web-1", "V=2"));
    assert_eq!(id("edit-a-web-1"), before);
    assert!(is_running("edit-a-web-1"));

    folder.write("edit-a/compose.yaml", stack("3"));
    eventually("the next good edit is applied", || has_variable("edit-a-web-1", "V=3"));
}

#[test]
fn an_emptied_or_vanished_folder_removes_nothing() {
    let folder = Temp::new();
    folder.write("state/vanish/compose.yaml", stack("1"));
    let state = folder.path().join("state");
    let args = ["--poll", "1s", "--resync", "1s"];
    let controller = Setup { args: &args, ..Setup::folder("vanish", &state, &["vanish"]) }.start();
    controller.settles("vanish");
    // Polls that find nothing make nobody deaf.
    looks_again(Duration::from_secs(1));
    let before = id("vanish-web-1");

    fs::rename(state.join("vanish"), folder.path().join("kept")).unwrap();
    controller.says("blocked: ");
    looks_again(Duration::from_secs(1));
    assert_eq!(id("vanish-web-1"), before, "an empty folder removed something");
    assert!(is_running("vanish-web-1"));

    fs::remove_dir(&state).unwrap();
    controller.says("the source cannot be read");
    looks_again(Duration::from_secs(1));
    assert_eq!(id("vanish-web-1"), before, "a vanished folder removed something");
    assert!(is_running("vanish-web-1"));

    folder.write("state/vanish/compose.yaml", stack("2"));
    eventually("what comes back is applied", || has_variable("vanish-web-1", "V=2"));
}
