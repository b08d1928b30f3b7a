//! A folder that is being written to: what is moved away and back, or half written, is no
//! revision, and a folder that was lost is reported when it returns.

use std::fs;
use std::path::Path;
use std::time::Duration;

use adapters::dir::DirSource;
use world::{Snapshot, Source as _, SourceError};

use crate::temp::Temp;

const LIMIT: u64 = 1 << 20;
/// What a wake-up may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);
const WHOLE: &str = "services:\n  web: { image: web }\n  db: { image: db }\n";

/// Two stacks, read as desired state is.
async fn read(path: &Path) -> (DirSource, Snapshot) {
    let source = DirSource::new(path, None).unwrap().rescan_every(Duration::from_mins(10));
    let snapshot = source.fetch().await.unwrap();
    for stack in ["shop", "blog"] {
        snapshot.tree.list(stack).unwrap();
        snapshot.tree.read(&format!("{stack}/compose.yaml"), LIMIT).unwrap();
    }
    (source, snapshot)
}

fn stacks() -> Temp {
    let temp = Temp::new();
    temp.write("shop/compose.yaml", WHOLE);
    temp.write("blog/compose.yaml", WHOLE);
    temp
}

/// What a fetch gives that begins after the first of these changes, which come one after the
/// other while it goes on.
async fn fetch_while(source: &DirSource, changes: &[&dyn Fn()]) -> Snapshot {
    changes[0]();
    let mut looks = source.looks();
    let script = async {
        for change in &changes[1..] {
            // Three looks find it as it is: the fetch has seen it, and rests.
            for _ in 0..3 {
                tokio::time::timeout(SOON, looks.changed()).await.expect("it goes on").unwrap();
            }
            change();
        }
    };
    tokio::join!(source.fetch(), script).0.unwrap()
}

#[tokio::test]
async fn a_stack_that_is_moved_away_and_back_is_no_revision() {
    let temp = stacks();
    let (source, first) = read(temp.path()).await;
    let (shop, away) = (temp.path().join("shop"), temp.path().join("shop.away"));
    let (there, back) =
        (|| fs::rename(&shop, &away).unwrap(), || fs::rename(&away, &shop).unwrap());
    let seen = fetch_while(&source, &[&there, &back]).await;
    assert_eq!(seen.revision, first.revision);
}

#[tokio::test]
async fn a_file_that_is_written_anew_is_read_when_it_is_whole() {
    let temp = stacks();
    let (source, first) = read(temp.path()).await;
    let longer = format!("{WHOLE}  cache: {{ image: cache }}\n");
    let written = |until: usize| temp.write("shop/compose.yaml", &longer[..until]);
    let seen = fetch_while(
        &source,
        &[&|| written(0), &|| written(10), &|| written(33), &|| written(longer.len())],
    )
    .await;
    assert_ne!(seen.revision, first.revision);
    assert_eq!(seen.tree.read("shop/compose.yaml", LIMIT).unwrap(), longer.as_bytes());
}

#[tokio::test]
async fn what_is_gone_or_shorter_for_good_is_a_revision() {
    let temp = stacks();
    let (source, first) = read(temp.path()).await;
    temp.write("shop/compose.yaml", "services: {}\n");
    let shorter = source.fetch().await.unwrap();
    assert_ne!(shorter.revision, first.revision);
    assert_eq!(shorter.tree.read("shop/compose.yaml", LIMIT).unwrap(), b"services: {}\n");
    fs::remove_dir_all(temp.path().join("shop")).unwrap();
    let gone = source.fetch().await.unwrap();
    assert_eq!(gone.tree.list("").unwrap().len(), 1);
}

#[tokio::test]
async fn a_folder_that_was_lost_is_reported_when_it_returns() {
    let temp = Temp::new();
    temp.write("state/shop/compose.yaml", WHOLE);
    let (state, away) = (temp.path().join("state"), temp.path().join("away"));
    let source = DirSource::new(&state, None).unwrap().rescan_every(Duration::from_mins(10));
    source.fetch().await.unwrap();
    for _ in 0..2 {
        let early = tokio::time::timeout(Duration::ZERO, source.returned()).await;
        assert!(early.is_err(), "it was not lost");
        fs::rename(&state, &away).unwrap();
        assert!(matches!(source.fetch().await, Err(SourceError::Missing(_))));
        let mut returned = Box::pin(source.returned());
        let early = tokio::time::timeout(Duration::ZERO, &mut returned).await;
        assert!(early.is_err(), "it is not back yet");
        fs::rename(&away, &state).unwrap();
        tokio::time::timeout(SOON, returned).await.expect("its return is reported");
        source.fetch().await.unwrap();
    }
}
