//! A watched folder: what is changed in it happens, and nothing else does.

use std::fs;
use std::time::Duration;

use crate::controller::{Setup, program, stack};
use crate::engine::{IMAGE, containers, docker, has_variable, id, is_running, tidy};
use crate::temp::Temp;
use crate::time::{eventually, figures, looks_again, now, pause};

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

/// The ids of all containers of these deployments.
fn ids(deployments: &[&str]) -> Vec<String> {
    let filter = |id: &&str| format!("label=com.docker.compose.project={id}");
    let list = |id: &&str| docker(&["ps", "-aq", "--no-trunc", "--filter", &filter(id)]);
    deployments.iter().map(list).collect()
}

#[test]
fn a_stack_that_is_moved_away_and_back_or_cut_for_a_moment_keeps_its_containers() {
    let folder = Temp::new();
    let both = format!("{}  db:\n    image: {IMAGE}\n    command: [sleep, \"3600\"]\n", stack("1"));
    let deployments = ["move-a", "move-b", "move-c"];
    for deployment in deployments {
        folder.write(&format!("{deployment}/compose.yaml"), &both);
    }
    let controller = Setup::folder("move", folder.path(), &deployments).start();
    for deployment in deployments {
        controller.settles(deployment);
    }
    let before = ids(&deployments);
    let file = folder.path().join("move-b/compose.yaml");
    for (milliseconds, text) in [(150, ""), (600, ""), (2500, ""), (2500, both.as_str())] {
        if text.is_empty() {
            let away = folder.path().with_extension("away");
            fs::rename(folder.path().join("move-a"), &away).unwrap();
            pause(Duration::from_millis(milliseconds));
            fs::rename(&away, folder.path().join("move-a")).unwrap();
        } else {
            fs::write(&file, stack("1")).unwrap();
            pause(Duration::from_millis(milliseconds));
            fs::write(&file, text).unwrap();
        }
        // Longer than an absence has to last: nothing is left of it.
        pause(Duration::from_secs(7));
        assert_eq!(ids(&deployments), before, "{}", controller.log());
    }
    controller.says("until what the folder lacks has been absent for 5s");
    fs::write(&file, stack("1")).unwrap();
    eventually("a service that is gone for good is removed", || {
        containers("move-b") == ["move-b-web-1"]
    });
    assert_eq!(ids(&["move-a", "move-c"]), [before[0].clone(), before[2].clone()]);
}

#[test]
fn a_folder_that_goes_away_is_stale_and_read_when_it_is_back() {
    let folder = Temp::new();
    folder.write("state/lost/compose.yaml", stack("1"));
    let (state, away) = (folder.path().join("state"), folder.path().join("away"));
    let args = ["--resync", "10m"];
    let controller = Setup { args: &args, ..Setup::folder("lost", &state, &["lost"]) }.start();
    controller.settles("lost");
    eventually("it is ready", || controller.get("/readyz").0 == 200);
    fs::rename(&state, &away).unwrap();
    eventually("the source is stale", || {
        let (code, body) = controller.get("/readyz");
        code == 503 && body.contains("stale")
    });
    // The pauses between attempts grow meanwhile.
    pause(Duration::from_secs(20));
    folder.write("away/lost/compose.yaml", stack("2"));
    fs::rename(&away, &state).unwrap();
    let back = now();
    eventually("it is ready again", || controller.get("/readyz").0 == 200);
    eventually("what it says now is applied", || has_variable("lost-web-1", "V=2"));
    figures("from a folder that is back to its change applied", vec![now().saturating_sub(back)]);
}
