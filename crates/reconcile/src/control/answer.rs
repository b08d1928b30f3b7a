//! A look for an answer to a person: what is there, and what a pass would do. Changes nothing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;

use crate::answer::{Known, tree, unread};
use crate::plan::{self, Settings};
use model::desired::DesiredState;
use model::id::ContainerId;
use model::ledger::LedgerView;
use model::observed::{ObservedState, Probe};
use model::tree::Tree;
use world::{Clock, Observe, Snapshot};

use super::back::substitute;
use super::observe::{Look, unseen};
use super::report::Report;
use super::setup::Setup;

/// So many health checks are asked for at once.
const AT_ONCE: usize = 8;

/// What an answer is made from.
pub struct Looked {
    /// What was seen.
    pub observed: ObservedState,
    /// What did not answer.
    pub report: Report,
    /// The same as people ask for it.
    pub tree: Tree,
}

/// Looks at everything that belongs to this installation, of whichever source. Without a desired
/// state labels and the ledger alone tell what is there. Health checks that do not pass are asked
/// for their last run; one that cannot be had is left out.
pub async fn look<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    wanted: Option<(&Snapshot, DesiredState)>,
) -> Looked {
    let Setup { world, clock, settings, limits, .. } = setup;
    let (snapshot, mut desired) =
        wanted.map_or_else(|| (None, unread()), |(snapshot, desired)| (Some(snapshot), desired));
    let take = async |desired: &DesiredState| {
        let look = Look::of(desired, settings, None).of_all_sources();
        look.take(world, clock, limits.look, &BTreeMap::new()).await
    };
    let mut observed = take(&desired).await;
    if let Some(snapshot) = snapshot
        && substitute(setup, snapshot, &mut desired, &observed.ledger.ledger).await
    {
        observed = take(&desired).await;
    }
    let plan = snapshot.map(|_| plan::plan(&desired, &observed, settings));
    let commit = snapshot.and_then(|snapshot| snapshot.tree.commit());
    let tree = tree(Known {
        wanted: plan.as_ref().map(|plan| (&desired, plan)),
        commit: commit.as_ref(),
        observed: &observed,
        settings,
    });
    let tree = tree.clone().with_probes(probes(setup, &tree).await);
    let report = Report { unseen: unseen(&observed), ..Report::default() };
    Looked { observed, report, tree }
}

/// What is remembered of all deployments.
pub async fn look_at_ledger<W: Observe, C: Clock>(
    world: &W,
    clock: &C,
    settings: &Settings,
    limit: Duration,
) -> LedgerView {
    let look = Look::of(&unread(), settings, None).of_all_sources();
    look.take(world, clock, limit, &BTreeMap::new()).await.ledger
}

/// The last runs of health checks that do not pass, as far as they can be had in the time of a look.
async fn probes<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    tree: &Tree,
) -> BTreeMap<ContainerId, Probe> {
    let mut found = BTreeMap::new();
    let asked = stream::iter(tree.unwell()).map(async |(engine, container)| {
        let probe = setup.world.probe(&engine, &container).await;
        Some((container, probe.ok().flatten()?))
    });
    let mut answers = pin!(asked.buffer_unordered(AT_ONCE).filter_map(std::future::ready));
    let mut over = pin!(setup.clock.sleep(setup.limits.look));
    while let Either::Left((Some((container, probe)), _)) = select(answers.next(), &mut over).await
    {
        found.insert(container, probe);
    }
    found
}
