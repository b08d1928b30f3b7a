//! Which lines are of the run before the current one. An engine keeps one log for each container,
//! whatever was started in it how often.

use std::collections::BTreeMap;

use model::observed::{ContainerState, Status};
use model::printable::one_line;
use model::time::Timestamp;

use super::super::super::console::Console;
use super::Wanted;

/// Which part of a container's log is of earlier runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Earlier {
    /// All of it.
    All,
    /// What was written before.
    Until(Timestamp),
    /// Nothing.
    Nothing,
}

/// For each replica the run before its current one; says where there is none.
pub(super) fn runs(console: Console, wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut replicas: BTreeMap<_, Vec<Wanted>> = BTreeMap::new();
    for one in wanted {
        let named = &one.speaker.named;
        let replica = (named.deployment.clone(), named.service.clone(), named.slot);
        replicas.entry(replica).or_default().push(one);
    }
    let chosen = replicas.into_values().filter_map(|mut containers| {
        containers.sort_by_key(|one| std::cmp::Reverse(one.view.created_at));
        let mut containers = containers.into_iter();
        let newest = containers.next()?;
        let older = containers.next().map(|older| (older, Earlier::All));
        Some(older.unwrap_or_else(|| {
            let earlier = earlier(&newest.view.state);
            (newest, earlier)
        }))
    });
    let mut runs = Vec::new();
    for (mut one, earlier) in chosen {
        match earlier {
            Earlier::All => {}
            Earlier::Until(end) => {
                one.request.until = Some(one.request.until.map_or(end, |until| until.min(end)));
            }
            Earlier::Nothing => {
                let name = one_line(one.speaker.named.container.as_str()).into_owned();
                console.progress(&format!("{name}: there is no run before the current one"));
                continue;
            }
        }
        runs.push(one);
    }
    runs
}

/// Which part of the log of a replica's only container is of earlier runs.
fn earlier(state: &ContainerState) -> Earlier {
    let Some(started) = state.started_at else { return Earlier::Nothing };
    match (state.status, state.finished_at) {
        // Between two runs: the current one has not begun.
        (Status::Restarting, _) => Earlier::All,
        // The last words of a run may be written after its end was noted, the first ones of the
        // next before its start was.
        (_, Some(finished)) if finished < started => {
            Earlier::Until(finished.plus(started.since(finished) / 2))
        }
        // When it ended before is not known: this is the end of its last run.
        (_, Some(_)) if state.restarts > 0 => Earlier::Until(started),
        _ => Earlier::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: Status, started: u64, finished: Option<u64>, restarts: u32) -> ContainerState {
        ContainerState {
            status,
            exit_code: 0,
            health: None,
            failures: 0,
            started_at: (started > 0).then_some(Timestamp(started)),
            finished_at: finished.map(Timestamp),
            restarts,
            start_failure: None,
        }
    }

    #[test]
    fn earlier_runs_end_between_the_last_end_and_the_last_start() {
        for (state, expected) in [
            (state(Status::Created, 0, None, 0), Earlier::Nothing),
            (state(Status::Running, 10, None, 0), Earlier::Nothing),
            (state(Status::Running, 20, Some(10), 0), Earlier::Until(Timestamp(15))),
            (state(Status::Restarting, 10, Some(20), 3), Earlier::All),
            (state(Status::Exited, 10, Some(20), 0), Earlier::Nothing),
            (state(Status::Exited, 10, Some(20), 2), Earlier::Until(Timestamp(10))),
        ] {
            assert_eq!(earlier(&state), expected, "{state:?}");
        }
    }
}
