//! Which file a path of a folder led to, and since when.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::sync::Arc;
use std::time::Duration;

use adapters::dir::DirSource;
use world::{Source as _, Tree};

use crate::temp::Temp;

/// Longer than any test takes: a wake-up within it is not the rescan's.
const NEVER: Duration = Duration::from_mins(10);
/// What a wake-up may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

async fn tree(temp: &Temp) -> Arc<dyn Tree> {
    DirSource::new(temp.path(), None).unwrap().fetch().await.unwrap().tree
}

/// Returns when the file system's clock, which has steps of milliseconds, has moved on.
fn tick() {
    let temp = Temp::new();
    let changed = || {
        temp.write("file", "");
        let seen = temp.path().join("file").metadata().unwrap();
        (seen.ctime(), seen.ctime_nsec())
    };
    let before = changed();
    while changed() == before {}
}

#[tokio::test]
async fn a_mark_tells_a_file_from_the_one_that_took_its_place() {
    let temp = Temp::new();
    temp.write("shop/conf/net.conf", "one\n");
    let tree = tree(&temp).await;
    let mark = || tree.mark("shop/conf/net.conf").unwrap();
    let first = mark();
    assert_eq!(mark(), first);
    temp.write("shop/conf/net.conf", "two\n");
    assert_eq!(mark().inode, first.inode, "written in place, it is the same file");

    let conf = temp.path().join("shop/conf");
    let replace = |text: &str| {
        tick();
        fs::write(conf.join("new"), text).unwrap();
        fs::rename(conf.join("new"), conf.join("net.conf")).unwrap();
    };
    // The freed number of the first is given to the third on most file systems.
    replace("two\n");
    let second = mark();
    replace("two\n");
    let third = mark();
    assert!(second.inode != first.inode && ![&first, &second].contains(&&third));
    assert!(third.inode != first.inode && third.inode != second.inode);
    assert!(third.changed > second.changed && second.changed > first.changed);

    // A folder that takes the place of another brings its own file, of whatever age.
    let other = temp.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::hard_link(conf.join("net.conf"), other.join("net.conf")).unwrap();
    replace("three\n");
    let fourth = mark();
    tick();
    fs::rename(&conf, temp.path().join("shop/old")).unwrap();
    fs::rename(&other, &conf).unwrap();
    let fifth = mark();
    assert_eq!(fifth.inode, third.inode);
    assert!(fifth.changed > fourth.changed);
}

#[tokio::test]
async fn a_mark_follows_links_within_the_tree_only_and_is_of_files() {
    let temp = Temp::new();
    temp.write("shop/real/net.conf", "one\n");
    symlink("real", temp.path().join("shop/to")).unwrap();
    symlink("/etc/hostname", temp.path().join("shop/out")).unwrap();
    let tree = tree(&temp).await;
    let real = tree.mark("shop/real/net.conf").unwrap();
    let linked = tree.mark("shop/to/net.conf").unwrap();
    assert_eq!((linked.inode, linked.changed), (real.inode, None));
    for none in ["shop/out", "shop/real", "shop/none", "../x", ""] {
        assert_eq!(tree.mark(none), None, "{none}");
    }
}

#[tokio::test]
async fn a_file_whose_mark_was_asked_for_wakes() {
    let temp = Temp::new();
    temp.write("shop/net.conf", "one\n");
    let source = DirSource::new(temp.path(), None).unwrap().rescan_every(NEVER);
    let tree = source.fetch().await.unwrap().tree;
    tree.mark("shop/net.conf").unwrap();
    fs::write(temp.path().join("new"), "two\n").unwrap();
    fs::rename(temp.path().join("new"), temp.path().join("shop/net.conf")).unwrap();
    tokio::time::timeout(SOON, source.changed()).await.unwrap();
}
