//! What one look after the other says of a wait.

use super::*;

const HEALTHY: Until = Until::Healthy(Duration::from_millis(500));

fn running(started: u64, restarts: u32) -> ContainerState {
    ContainerState {
        status: Status::Running,
        exit_code: 1,
        health: None,
        failures: 0,
        started_at: Some(Timestamp::from_secs(started)),
        finished_at: None,
        restarts,
        start_failure: None,
    }
}

fn exited(code: i64) -> ContainerState {
    ContainerState { status: Status::Exited, exit_code: code, ..running(1, 0) }
}

fn at(millis: u64) -> Instant {
    Instant(millis * 1_000_000)
}

fn watching(until: Until) -> Watching {
    Watching::new(until, Duration::from_mins(5), at(0))
}

#[test]
fn it_must_be_healthy_without_a_break() {
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&running(1, 0), 3, at(0)).unwrap().is_some());
    assert!(watch.evaluate(&running(1, 0), 3, at(499)).unwrap().is_some());
    assert_eq!(watch.evaluate(&running(1, 0), 3, at(500)), Ok(None));
}

#[test]
fn a_restart_between_two_looks_begins_the_time_anew() {
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&running(1, 0), 3, at(0)).unwrap().is_some());
    assert!(watch.evaluate(&running(2, 1), 3, at(600)).unwrap().is_some());
    assert_eq!(watch.evaluate(&running(2, 1), 3, at(1100)), Ok(None));
}

#[test]
fn the_engines_own_restarts_are_borne_only_for_so_long() {
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&running(1, 7), 3, at(0)).is_ok());
    assert!(watch.evaluate(&running(2, 9), 3, at(100)).is_ok());
    let unseen = WaitError::CrashLoop { code: None, restarts: 3 };
    assert_eq!(watch.evaluate(&running(3, 10), 3, at(200)), Err(unseen));
    // What the engine says of one that runs again is not how it ended.
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&running(1, 7), 3, at(0)).is_ok());
    let between = ContainerState { status: Status::Restarting, exit_code: 7, ..running(1, 9) };
    assert!(watch.evaluate(&between, 3, at(100)).is_ok());
    let again = ContainerState { exit_code: 0, ..running(3, 10) };
    let looping = WaitError::CrashLoop { code: Some(7), restarts: 3 };
    assert_eq!(looping.to_string(), "it exited with code 7, and again after each of 3 restarts");
    assert_eq!(watch.evaluate(&again, 3, at(200)), Err(looping));
}

#[test]
fn a_wait_for_running_accepts_exit_code_0_and_no_other() {
    assert_eq!(verdict(&exited(0), Until::Running), Verdict::Met);
    assert_eq!(verdict(&exited(1), Until::Running), Verdict::Never(1));
    assert_eq!(verdict(&exited(0), HEALTHY), Verdict::Never(0));
}

fn unhealthy(started: u64, failures: u32) -> ContainerState {
    ContainerState { health: Some(Health::Unhealthy), failures, ..running(started, 0) }
}

#[test]
fn what_becomes_unhealthy_during_the_wait_ends_it() {
    let starting = ContainerState { health: Some(Health::Starting), ..running(1, 0) };
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&starting, 3, at(0)).unwrap().is_some());
    assert_eq!(
        watch.evaluate(&unhealthy(1, 3), 3, at(900)),
        Err(WaitError::Unhealthy { failures: 3 })
    );
    let mut watch = watching(HEALTHY);
    let healthy = ContainerState { health: Some(Health::Healthy), ..running(1, 0) };
    assert!(watch.evaluate(&healthy, 3, at(0)).unwrap().is_some());
    assert_eq!(
        watch.evaluate(&unhealthy(1, 3), 3, at(400)),
        Err(WaitError::Unhealthy { failures: 3 })
    );
}

#[test]
fn what_was_unhealthy_before_gets_as_many_checks_as_it_takes() {
    let mut watch = watching(HEALTHY);
    for failures in 7..10 {
        let lacks = watch.evaluate(&unhealthy(1, failures), 3, at(1000 * u64::from(failures)));
        assert_eq!(lacks, Ok(Some((Pending::Unhealthy, LONGEST_PAUSE))));
    }
    let ended = Err(WaitError::Unhealthy { failures: 10 });
    assert_eq!(watch.evaluate(&unhealthy(1, 10), 3, at(10_000)), ended);
    // One that recovered, and a new run, have used up what they had.
    let mut watch = watching(HEALTHY);
    let healthy = ContainerState { health: Some(Health::Healthy), ..running(1, 0) };
    assert!(watch.evaluate(&unhealthy(1, 7), 3, at(0)).is_ok());
    assert!(watch.evaluate(&healthy, 3, at(100)).is_ok());
    assert!(watch.evaluate(&unhealthy(1, 3), 3, at(300)).is_err());
    let mut watch = watching(HEALTHY);
    assert!(watch.evaluate(&unhealthy(1, 7), 3, at(0)).is_ok());
    assert!(watch.evaluate(&unhealthy(2, 3), 3, at(300)).is_err());
}

#[test]
fn what_may_end_is_healthy_for_its_time_or_completed() {
    let until = Until::HealthyOrCompleted(Duration::from_millis(500));
    let mut watch = watching(until);
    assert!(watch.evaluate(&running(1, 0), 3, at(0)).unwrap().is_some());
    assert_eq!(watch.evaluate(&exited(0), 3, at(100)), Ok(None));
    assert_eq!(verdict(&exited(3), until), Verdict::Never(3));
    let starting = ContainerState { health: Some(Health::Starting), ..running(1, 0) };
    assert_eq!(verdict(&starting, until), Verdict::NotYet(Pending::Starting));
}

#[test]
fn health_counts_only_for_who_waits_for_it() {
    let starting = ContainerState { health: Some(Health::Starting), ..running(1, 0) };
    assert_eq!(verdict(&starting, Until::Running), Verdict::Met);
    assert_eq!(verdict(&starting, HEALTHY), Verdict::NotYet(Pending::Starting));
}
