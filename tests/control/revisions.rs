//! What a newer revision interrupts, and what goes on while it is read.

use std::time::Duration;

use world::OutsideError;

use crate::make::snapshot;
use crate::stage::Stage;
use crate::world::Down;

#[test]
fn a_newer_revision_ends_the_pauses_of_what_it_changes_and_of_nothing_else() {
    let stage = Stage::new();
    let refused = OutsideError::Failed("no such image".to_owned());
    stage.world.failing.borrow_mut().insert("pull image web:".into(), refused);
    let _ = stage.play(async |stage| {
        stage.sleep(3600.0).await;
        // `web:1` is that of xyz from now on, and abc has one of its own.
        let tries = || stage.world.calls_with("pull image web:1").len();
        let before = tries();
        for revision in 2..8 {
            stage.git.push(snapshot(&format!("r{revision}")));
            stage.sleep(10.0).await;
            let pulls = stage.world.calls_with(&format!("pull image web:{revision}")).len();
            assert!(pulls >= 1, "r{revision} was not tried");
        }
        assert!(tries() <= before + 1, "one minute, a pause of five: {} after {before}", tries());
    });
}

#[test]
fn a_look_that_a_newer_revision_outdated_is_given_up() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.world.down.borrow_mut().insert("web1".into(), Down::Hangs);
        stage.world.kill("abc-web-1");
        stage.sleep(0.5).await;
        assert_eq!(stage.world.looking.get(), 1, "it looks, and one engine hangs");
        stage.git.push(snapshot("r2"));
        stage.sleep(1.0).await;
        assert_eq!(stage.world.looking.get(), 1, "only for what counts now");
        // What a newer revision does not change is looked at on.
        stage.git.push(snapshot("r2+"));
        let looks = stage.world.looks.get();
        stage.sleep(1.0).await;
        assert_eq!((stage.world.looks.get(), stage.world.looking.get()), (looks, 1));
    });
}

#[test]
fn what_takes_long_to_read_holds_up_nothing() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.reading.borrow_mut().insert("r2".to_owned(), Duration::from_mins(10));
        stage.git.push(snapshot("r2"));
        for _ in 0..5 {
            stage.sleep(60.0).await;
            stage.world.kill("abc-web-1");
            let took = stage.until_running("abc-web-1").await;
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
        let beats = stage.recorder.count("alive");
        stage.sleep(60.0).await;
        assert!(stage.recorder.count("alive") >= beats + 6, "it shows that it lives");
        assert!(stage.world.calls_with("web:2").is_empty());
        stage.sleep(300.0).await;
        assert_eq!(stage.world.calls_with("pull image web:2").len(), 1);
    });
}

#[test]
fn the_newest_revision_wins_also_while_an_older_one_is_read() {
    let stage = Stage::new();
    stage.reading.borrow_mut().insert("r2".to_owned(), Duration::from_mins(10));
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.git.push(snapshot("r2"));
        stage.sleep(60.0).await;
        stage.git.push(snapshot("r3"));
        stage.sleep(3.0).await;
        assert_eq!(stage.world.calls_with("pull image web:3").len(), 1);
        // Back to what we have, while something else is read: that is not wanted any more.
        stage.git.push(snapshot("r2"));
        stage.sleep(60.0).await;
        stage.git.push(snapshot("r3"));
        stage.sleep(3600.0).await;
        assert!(stage.world.calls_with("web:2").is_empty());
    });
    let read = stage.read.borrow();
    assert_eq!(*read, ["begin r1", "end r1", "begin r2", "begin r3", "end r3", "begin r2"]);
}

#[test]
fn a_request_to_stop_does_not_wait_for_what_is_read() {
    let stage = Stage::new();
    stage.reading.borrow_mut().insert("r1".to_owned(), Duration::from_hours(10));
    let _ = stage.play(async |stage| stage.sleep(5.0).await);
    assert_eq!(*stage.read.borrow(), ["begin r1"]);
    assert_eq!(stage.world.clock.passed(), Duration::from_secs(5));
}

#[test]
fn what_becomes_known_while_a_revision_is_read_is_read_again() {
    let stage = Stage::new();
    stage.unknown.set(true);
    stage.reading.borrow_mut().insert("r1".to_owned(), Duration::from_secs(30));
    let _ = stage.play(async |stage| {
        stage.sleep(10.0).await;
        stage.unknown.set(false);
        stage.git.push(snapshot("r1"));
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(55), "{took:?}");
    });
}
