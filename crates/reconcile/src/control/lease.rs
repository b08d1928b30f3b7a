//! The controller's loop for as long as it holds the lease: of several controllers one acts.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::limits::Pace;
use super::report::Report;
use super::run::run;
use super::setup::Setup;
use super::stop::Stop;
use world::{Act, Clock, Keep, Source, Watch};

/// How long the current calls may go on after the lease was lost: nobody else can have
/// it before that.
const AFTER_LOSS: Duration = Duration::from_millis(500);

/// Runs the loop until it is asked to stop, or until the lease is lost. Returns what the last
/// look said if the current calls came to their end, and how the lease was lost.
///
/// # Guarantees
/// - A controller that has lost the lease begins no step, also none that was ready.
/// - The lease is kept while the last calls finish.
pub async fn run_leased<W: Act + Watch, C: Clock, S: Source, L: Keep>(
    setup: Setup<'_, W, C>,
    source: &S,
    pace: Pace,
    lease: &L,
    stop: &Stop,
) -> (Option<Report>, Option<L::Lost>) {
    let round = Stop::new();
    let run = pin!(run(setup, source, pace, &round));
    let ends = async {
        match select(pin!(lease.keep()), pin!(stop.requested())).await {
            Either::Left((lost, _)) => Some(lost),
            Either::Right(_) => None,
        }
    };
    // What ends it comes first.
    match select(pin!(ends), run).await {
        Either::Right((report, _)) => (Some(report), None),
        Either::Left((None, run)) => {
            round.request();
            match select(pin!(lease.keep()), run).await {
                Either::Right((report, _)) => (Some(report), None),
                Either::Left((lost, _)) => (None, Some(lost)),
            }
        }
        Either::Left((Some(lost), run)) => {
            round.request();
            let grace = pin!(setup.clock.sleep(AFTER_LOSS));
            match select(run, grace).await {
                Either::Left((report, _)) => (Some(report), Some(lost)),
                Either::Right(_) => (None, Some(lost)),
            }
        }
    }
}
