//! A folder as a source: what is seen, what is refused, what wakes the loop.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::time::Duration;

use adapters::dir::DirSource;
use model::id::SourceId;
use tokio::sync::watch;
use world::{Snapshot, Source as _, SourceError, TreeError, TreeKind};

use crate::temp::Temp;

const LIMIT: u64 = 1 << 20;
/// Longer than any test takes: a wake-up within it is not the rescan's.
const NEVER: Duration = Duration::from_mins(10);
/// What a wake-up may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

fn source(temp: &Temp) -> DirSource {
    DirSource::new(temp.path(), None).unwrap().rescan_every(NEVER)
}

async fn fetch(temp: &Temp) -> Snapshot {
    source(temp).fetch().await.unwrap()
}

/// Waits until the folder has been looked at once more: a wait for changes is under way then,
/// and what has happened before has been examined.
async fn next_look(looks: &mut watch::Receiver<u64>) {
    tokio::time::timeout(SOON, looks.changed()).await.expect("it is looked at").unwrap();
}

fn shop() -> Temp {
    let temp = Temp::new();
    temp.write("shop/compose.yaml", "services: {}\n");
    temp.write("shop/.env", "TAG=1\n");
    temp
}

#[tokio::test]
async fn a_folder_is_read_and_named_by_its_canonical_path() {
    let temp = shop();
    let snapshot = fetch(&temp).await;
    let path = temp.path().to_str().unwrap();
    assert_eq!(snapshot.source.as_str(), format!("dir:{path}"));
    assert_eq!(snapshot.start, "");
    assert_eq!(snapshot.tree.host_path(), Some(path));
    assert_eq!(snapshot.tree.read("shop/.env", LIMIT).unwrap(), b"TAG=1\n");
    let names: Vec<String> =
        snapshot.tree.list("shop").unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, [".env", "compose.yaml"]);
    let missing = TreeError::Missing("shop/none".to_owned());
    assert_eq!(snapshot.tree.read("shop/none", LIMIT), Err(missing));
}

#[tokio::test]
async fn a_single_stack_file_starts_in_its_folder() {
    let temp = shop();
    let file = temp.path().join("shop/compose.yaml");
    let source = DirSource::new(&file, None).unwrap();
    let snapshot = source.fetch().await.unwrap();
    assert_eq!(source.id().as_str(), format!("file:{}", file.display()));
    assert_eq!(snapshot.start, "compose.yaml");
    assert_eq!(snapshot.tree.read(".env", LIMIT).unwrap(), b"TAG=1\n");
    fs::remove_file(&file).unwrap();
    assert!(matches!(source.fetch().await, Err(SourceError::Missing(_))));
}

#[tokio::test]
async fn the_operators_name_is_the_id() {
    let temp = shop();
    let source = DirSource::new(temp.path(), Some(SourceId::from("prod"))).unwrap();
    assert_eq!(source.fetch().await.unwrap().source, SourceId::from("prod"));
}

#[tokio::test]
async fn the_revision_is_a_function_of_the_files() {
    let temp = shop();
    let twin = shop();
    let first = fetch(&temp).await.revision;
    assert_eq!(first.as_str().len(), 64);
    assert_eq!(fetch(&temp).await.revision, first);
    assert_eq!(fetch(&twin).await.revision, first, "the place does not count");

    temp.write("shop/.compose.yaml.swp", "editor");
    temp.write("shop/app.log", "line");
    temp.write("shop.plan", "{}");
    temp.write(".git/index", "state");
    assert_eq!(fetch(&temp).await.revision, first, "noise does not count");

    temp.write("shop/.env", "TAG=2\n");
    let second = fetch(&temp).await.revision;
    assert_ne!(second, first, "content counts");
    fs::rename(temp.path().join("shop/.env"), temp.path().join("shop/env")).unwrap();
    let third = fetch(&temp).await.revision;
    assert_ne!(third, second, "names count");
    let file = temp.path().join("shop/env");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let fourth = fetch(&temp).await.revision;
    assert_ne!(fourth, third, "the executable bit counts");
    fs::create_dir(temp.path().join("fresh")).unwrap();
    assert_ne!(fetch(&temp).await.revision, fourth, "a folder counts, also an empty one");
}

/// A folder is there before the files in it are.
#[tokio::test]
async fn a_file_in_a_folder_that_was_just_made_wakes_the_loop() {
    let temp = shop();
    let source = source(&temp);
    let read = |snapshot: &Snapshot| {
        for folder in snapshot.tree.list("").unwrap() {
            snapshot.tree.list(&folder.name).unwrap();
        }
    };
    let mut known = source.fetch().await.unwrap();
    read(&known);
    for change in [
        |temp: &Temp| fs::create_dir(temp.path().join("fresh")).unwrap(),
        |temp: &Temp| {
            temp.write("fresh/compose.yaml", "services: {}\n");
        },
    ] {
        change(&temp);
        tokio::time::timeout(SOON, source.changed()).await.expect("it wakes");
        let snapshot = source.fetch().await.unwrap();
        assert!(!snapshot.is_same(&known), "a reader of a revision does not read it again");
        read(&snapshot);
        known = snapshot;
    }
}

#[tokio::test]
async fn a_large_file_counts_by_size() {
    let temp = shop();
    temp.write("shop/image.tar", vec![0; 2 << 20]);
    let first = fetch(&temp).await.revision;
    temp.write("shop/image.tar", vec![0; 3 << 20]);
    assert_ne!(fetch(&temp).await.revision, first);
}

#[tokio::test]
async fn a_file_that_changes_after_the_look_is_not_read() {
    let temp = shop();
    let snapshot = fetch(&temp).await;
    temp.write("shop/.env", "TAG=");
    let Err(TreeError::Unreadable { path, why }) = snapshot.tree.read("shop/.env", LIMIT) else {
        panic!("half a file was read");
    };
    assert_eq!(path, "shop/.env");
    assert!(why.contains("changed"), "{why}");
    assert_eq!(fetch(&temp).await.tree.read("shop/.env", LIMIT).unwrap(), b"TAG=");
}

#[tokio::test]
async fn a_file_that_vanishes_after_the_look_is_not_absent() {
    let temp = shop();
    let snapshot = fetch(&temp).await;
    fs::remove_dir_all(temp.path().join("shop")).unwrap();
    let error = snapshot.tree.read("shop/compose.yaml", LIMIT).unwrap_err();
    assert!(matches!(error, TreeError::Unreadable { .. }), "{error}");
    assert_eq!(snapshot.tree.list("shop").unwrap().len(), 2);
    assert_eq!(snapshot.tree.list("").unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_outside_the_folder_is_read() {
    let outside = Temp::new();
    outside.write("secret", "s3cret");
    let temp = shop();
    symlink(outside.path().join("secret"), temp.path().join("shop/link")).unwrap();
    symlink(outside.path(), temp.path().join("folder")).unwrap();
    symlink("compose.yaml", temp.path().join("shop/inside")).unwrap();
    let tree = fetch(&temp).await.tree;
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    for path in ["shop/link", "shop/inside", "folder/secret", "shop", "/etc/passwd", "shop/."] {
        let refused = TreeError::NotAFile(path.to_owned());
        assert_eq!(tree.read(path, LIMIT), Err(refused), "{path}");
    }
    for path in [format!("../{name}/secret"), format!("shop/../../{name}/secret")] {
        assert_eq!(tree.read(&path, LIMIT), Err(TreeError::NotAFile(path.clone())));
    }
    assert_eq!(tree.list("folder"), Err(TreeError::NotAFile("folder".to_owned())));
    assert_eq!(tree.link("shop/inside").unwrap(), "compose.yaml");
    assert_eq!(
        tree.link("shop/.env"),
        Err(TreeError::NotAFile("shop/.env".to_owned())),
        "a file is no link"
    );
    let links = tree.list("shop").unwrap().into_iter().filter(|e| e.kind == TreeKind::Link);
    assert_eq!(links.count(), 2);
}

#[tokio::test]
async fn a_link_put_in_a_files_place_after_the_look_is_not_followed() {
    let temp = shop();
    let tree = fetch(&temp).await.tree;
    let file = temp.path().join("shop/.env");
    fs::rename(&file, temp.path().join("elsewhere")).unwrap();
    symlink("../elsewhere", &file).unwrap();
    assert!(matches!(tree.read("shop/.env", LIMIT), Err(TreeError::Unreadable { .. })));
}

#[tokio::test]
async fn a_fifo_makes_nobody_wait() {
    let temp = shop();
    let fifo = temp.path().join("shop/fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let tree = fetch(&temp).await.tree;
    let refused = TreeError::NotAFile("shop/fifo".to_owned());
    assert_eq!(tree.read("shop/fifo", LIMIT), Err(refused));
    let entries = tree.list("shop").unwrap();
    assert_eq!(entries.last().unwrap().kind, TreeKind::Other);
    assert!(matches!(DirSource::new(&fifo, None), Err(SourceError::Invalid(_))));
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let temp = shop();
    let tree = fetch(&temp).await.tree;
    let refused = TreeError::TooLarge { path: "shop/.env".to_owned(), limit: 5 };
    assert_eq!(tree.read("shop/.env", 5), Err(refused));
    assert_eq!(tree.read("shop/.env", 6).unwrap().len(), 6);
}

#[tokio::test]
async fn a_folder_that_vanished_is_missing_and_comes_back() {
    let temp = Temp::new();
    temp.write("desired/a/compose.yaml", "services: {}\n");
    let path = temp.path().join("desired");
    let source = DirSource::new(&path, None).unwrap().rescan_every(Duration::from_millis(20));
    source.fetch().await.unwrap();
    fs::rename(&path, temp.path().join("away")).unwrap();
    tokio::time::timeout(SOON, source.changed()).await.expect("the loss is a change");
    assert!(matches!(source.fetch().await, Err(SourceError::Missing(_))));
    source.changed().await;
    fs::rename(temp.path().join("away"), &path).unwrap();
    source.fetch().await.unwrap();
    let gone = DirSource::new(&temp.path().join("none"), None);
    assert!(matches!(gone, Err(SourceError::Missing(_))));
}

#[tokio::test]
async fn what_was_asked_for_wakes_the_loop_when_it_changes() {
    let temp = shop();
    let source = source(&temp);
    for change in ["TAG=2\n", "TAG=3\n"] {
        let snapshot = source.fetch().await.unwrap();
        snapshot.tree.list("").unwrap();
        snapshot.tree.read("shop/.env", LIMIT).unwrap();
        let mut looks = source.looks();
        let write = async {
            next_look(&mut looks).await;
            temp.write("shop/.env", change);
        };
        let (woken, ()) = tokio::join!(tokio::time::timeout(SOON, source.changed()), write);
        woken.expect("a changed file wakes the loop");
    }
}

/// The controller waits for the next change already while it reads the one before.
#[tokio::test]
async fn a_change_after_a_fetch_wakes_an_earlier_wait() {
    let temp = shop();
    let source = source(&temp);
    source.fetch().await.unwrap().tree.list("").unwrap();
    let mut looks = source.looks();
    let again = async {
        next_look(&mut looks).await;
        source.fetch().await.unwrap().tree.read("shop/.env", LIMIT).unwrap();
        looks.borrow_and_update();
        next_look(&mut looks).await;
        temp.write("shop/.env", "TAG=2\n");
    };
    let (woken, ()) = tokio::join!(tokio::time::timeout(SOON, source.changed()), again);
    woken.expect("the change wakes");
}

/// A reader of a revision does not read it again; what it asked for then counts.
#[tokio::test]
async fn a_revision_that_is_fetched_again_and_not_read_still_wakes_the_loop() {
    let temp = shop();
    let source = source(&temp);
    source.fetch().await.unwrap().tree.list("").unwrap();
    let folder = temp.path().join("shop");
    let away = temp.path().with_extension("away");
    fs::rename(temp.path(), &away).unwrap();
    assert!(source.fetch().await.is_err());
    fs::rename(&away, temp.path()).unwrap();
    for _ in 0..2 {
        source.fetch().await.unwrap();
    }
    fs::remove_dir_all(folder).unwrap();
    tokio::time::timeout(SOON, source.changed()).await.expect("the removal wakes");
}

#[tokio::test]
async fn a_file_that_was_looked_for_in_vain_wakes_the_loop_when_it_appears() {
    let temp = shop();
    let source = source(&temp);
    let snapshot = source.fetch().await.unwrap();
    snapshot.tree.read("shop/deeper/x.env", LIMIT).unwrap_err();
    let mut looks = source.looks();
    let write = async {
        next_look(&mut looks).await;
        temp.write("shop/deeper/x.env", "A=1");
    };
    let (woken, ()) = tokio::join!(tokio::time::timeout(SOON, source.changed()), write);
    woken.expect("a file that appears wakes the loop");
}

#[tokio::test]
async fn a_change_before_the_watcher_is_there_is_seen() {
    let temp = shop();
    let source = source(&temp);
    let snapshot = source.fetch().await.unwrap();
    snapshot.tree.read("shop/.env", LIMIT).unwrap();
    temp.write("shop/.env", "TAG=2\n");
    tokio::time::timeout(SOON, source.changed()).await.expect("nothing is missed");
}

#[tokio::test]
async fn what_nobody_asked_for_wakes_nobody() {
    let temp = shop();
    let source = source(&temp);
    let snapshot = source.fetch().await.unwrap();
    snapshot.tree.list("").unwrap();
    snapshot.tree.read("shop/.env", LIMIT).unwrap();
    let mut looks = source.looks();
    let noise = async {
        for round in 0..10 {
            temp.write("shop/data.db", round.to_string());
            next_look(&mut looks).await;
        }
    };
    tokio::select! {
        () = source.changed() => panic!("woken by a file that does not matter"),
        () = noise => {}
    }
    // The wait was cut off; the change still arrives in the next one.
    temp.write("shop/.env", "TAG=2\n");
    tokio::time::timeout(SOON, source.changed()).await.expect("a real change wakes");
}

/// Of mounted files only the links matter: where they lead decides what has to be granted.
#[tokio::test]
async fn a_mounted_file_wakes_nobody_before_it_is_a_link() {
    let temp = shop();
    temp.write("shop/data.db", "0");
    let source = source(&temp);
    let snapshot = source.fetch().await.unwrap();
    let no_link = TreeError::NotAFile("shop/data.db".to_owned());
    assert_eq!(snapshot.tree.link("shop/data.db"), Err(no_link));
    let mut looks = source.looks();
    let noise = async {
        for round in 0..10 {
            temp.write("shop/data.db", round.to_string());
            next_look(&mut looks).await;
        }
    };
    tokio::select! {
        () = source.changed() => panic!("woken by what the container writes"),
        () = noise => {}
    }
    fs::remove_file(temp.path().join("shop/data.db")).unwrap();
    symlink("/etc", temp.path().join("shop/data.db")).unwrap();
    tokio::time::timeout(SOON, source.changed()).await.expect("a link wakes");
    assert_eq!(source.fetch().await.unwrap().tree.link("shop/data.db").unwrap(), "/etc");
}

#[tokio::test]
async fn the_rescan_finds_what_no_watcher_reports() {
    let temp = shop();
    temp.write("a/b/c.env", "A=1");
    let source = DirSource::new(temp.path(), None).unwrap().rescan_every(Duration::from_millis(50));
    let snapshot = source.fetch().await.unwrap();
    // Asked for after the watcher was started, so its folder is not watched.
    let mut looks = source.looks();
    let late = async {
        next_look(&mut looks).await;
        snapshot.tree.read("a/b/c.env", LIMIT).unwrap();
        temp.write("a/b/c.env", "A=2");
    };
    let (woken, ()) = tokio::join!(tokio::time::timeout(SOON, source.changed()), late);
    woken.expect("the rescan is the truth");
}
