//! Looking: everything is asked at the same time, and what does not answer is unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join_all, join3, select};
use serde::Serialize;

use crate::plan::{Settings, catalog_names};
use model::catalog::CatalogView;
use model::desired::{Deployment, DesiredState, Entry, Service};
use model::id::{DeploymentId, EngineName, SourceId};
use model::ledger::{Ledger, LedgerView, Stored};
use model::observed::{EngineView, ObservedState};
use model::share::Peer;
use world::{Act, CatalogScope, Clock, Observe, OutsideError, Scope};

/// An outside system that is read as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// One engine.
    Engine(EngineName),
    /// The Consul catalog.
    Catalog,
    /// The ledger in Consul. Records on an engine are part of the engine.
    Ledger,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(name) => write!(f, "engine `{name}`"),
            Self::Catalog => f.write_str("Consul"),
            Self::Ledger => f.write_str("the ledger"),
        }
    }
}

/// Looks at all configured engines, the catalog and the ledger.
///
/// # Guarantees
/// - Never fails: what could not be read, or took longer than `limit`, is unseen.
/// - Nothing is tried twice.
pub async fn observe<W: Observe, C: Clock>(
    world: &W,
    clock: &C,
    desired: &DesiredState,
    settings: &Settings,
    limit: Duration,
) -> ObservedState {
    Look::of(desired, settings, None).take(world, clock, limit, &BTreeMap::new()).await
}

/// Lets the ledger be brought in order, if it is not, for so long at most.
pub(super) async fn tidy<W: Act, C: Clock>(
    world: &W,
    clock: &C,
    ledger: &LedgerView,
    limit: Duration,
) {
    if !ledger.is_tidy() {
        select(pin!(world.tidy(ledger)), pin!(clock.sleep(limit))).await;
    }
}

/// The parts that were not seen, and what they said.
pub(super) fn unseen(observed: &ObservedState) -> BTreeMap<Part, String> {
    let mut unseen = BTreeMap::new();
    for (name, view) in &observed.engines {
        if let EngineView::Unseen { error } = view {
            unseen.insert(Part::Engine(name.clone()), error.clone());
        }
    }
    if let CatalogView::Unseen { error } = &observed.catalog {
        unseen.insert(Part::Catalog, error.clone());
    }
    if let Some(error) = &observed.ledger.unseen {
        unseen.insert(Part::Ledger, error.clone());
    }
    unseen
}

/// What a look asks, fixed before it begins.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// Whose adopted containers are of interest; `None` if those of all sources are.
    source: Option<SourceId>,
    /// The deployments that it is for; `None` if it is for everything.
    part: Option<BTreeSet<DeploymentId>>,
    scopes: BTreeMap<EngineName, Scope>,
    /// `None` without a catalog.
    catalog: Option<CatalogScope>,
    /// Engines that are unseen because it is not known what is wanted there.
    provisional: BTreeMap<Part, String>,
}

impl Look {
    /// The look that planning this desired state needs, or a part of it.
    pub(super) fn of(
        desired: &DesiredState,
        settings: &Settings,
        part: Option<BTreeSet<DeploymentId>>,
    ) -> Self {
        let scope = Scope { only: part.is_some(), ..Scope::default() };
        let engines = settings.engines.keys().map(|name| (name.clone(), scope.clone()));
        let mut scopes: BTreeMap<_, _> = engines.collect();
        let mut services = BTreeSet::new();
        let is_wanted = |id: &DeploymentId| part.as_ref().is_none_or(|part| part.contains(id));
        for (id, entry) in desired.deployments.iter().filter(|(id, _)| is_wanted(id)) {
            match entry {
                Entry::Valid(deployment, _) => {
                    services.extend(catalog_names(deployment));
                    if let Some(scope) = scopes.get_mut(&deployment.engine) {
                        widen(scope, deployment);
                    }
                }
                // Where it runs cannot be read from it.
                Entry::Invalid(_) => {
                    for scope in scopes.values_mut() {
                        scope.deployments.insert(id.clone());
                    }
                }
            }
        }
        scopes.retain(|_, scope| !scope.only || !scope.deployments.is_empty());
        let engines = scopes.keys().cloned().collect();
        let catalog = CatalogScope { engines, services, only: part.clone() };
        let catalog = settings.catalog.is_some().then_some(catalog);
        let provisional = desired.provisional.iter();
        let provisional = provisional.map(|(name, why)| (Part::Engine(name.clone()), why.clone()));
        let provisional = provisional.collect();
        Self { source: Some(desired.source.clone()), part, scopes, catalog, provisional }
    }

    /// The same with what any source adopted.
    pub(super) fn of_all_sources(self) -> Self {
        Self { source: None, ..self }
    }

    /// Whether it is for everything.
    pub(super) fn is_whole(&self) -> bool {
        self.part.is_none()
    }

    /// Looks. The parts in `skip` are not asked: they are unseen for the reason given.
    pub(super) async fn take<W: Observe, C: Clock>(
        mut self,
        world: &W,
        clock: &C,
        limit: Duration,
        skip: &BTreeMap<Part, String>,
    ) -> ObservedState {
        let at = clock.now();
        let mut skip = skip.clone();
        skip.extend(std::mem::take(&mut self.provisional));
        let asker = Asker { world, clock, limit, skip: &skip };
        let (engines, catalog, ledger) = join3(
            asker.engines(self.scopes.iter()),
            asker.catalog(self.catalog.as_ref()),
            asker.ledger(),
        )
        .await;
        let mut engines: BTreeMap<_, _> = engines.into_iter().collect();
        let mut view = LedgerView::of(&engines, ledger.clone());
        let wider = match &self.part {
            None => self.add_remembered(&view.ledger),
            Some(_) => BTreeSet::new(),
        };
        if !wider.is_empty() {
            let again = self.scopes.iter().filter(|(name, _)| wider.contains(*name));
            engines.extend(asker.engines(again).await);
            view = LedgerView::of(&engines, ledger);
        }
        ObservedState { at, part: self.part, engines, catalog, ledger: view }
    }

    /// Looks, and lets the ledger be brought in order if all of it was seen.
    pub(super) async fn take_in_order<W: Act, C: Clock>(
        self,
        world: &W,
        clock: &C,
        limit: Duration,
        skip: &BTreeMap<Part, String>,
    ) -> ObservedState {
        let observed = self.take(world, clock, limit, skip).await;
        if observed.part.is_none() {
            tidy(world, clock, &observed.ledger, limit).await;
        }
        observed
    }

    /// Adopted containers carry no labels of ours. Those of deployments that left the
    /// source are in no scope unless the ledger adds them; this yields the engines that
    /// have to be asked again for that, almost always none.
    fn add_remembered(&mut self, ledger: &Ledger) -> BTreeSet<EngineName> {
        let mut wider = BTreeSet::new();
        for (engine, id, record) in ledger.iter() {
            let of = |source: &SourceId| self.source.as_ref().is_none_or(|own| own == source);
            if record.adopted.as_ref().is_some_and(|adopted| of(&adopted.source))
                && let Some(scope) = self.scopes.get_mut(engine)
                && scope.deployments.insert(id.clone())
            {
                wider.insert(engine.clone());
            }
        }
        wider
    }

    /// Asks one part only, to learn whether it answers again.
    pub(super) async fn probe<W: Observe, C: Clock>(
        self,
        world: &W,
        clock: &C,
        limit: Duration,
        part: &Part,
    ) -> Result<(), String> {
        let skip = BTreeMap::new();
        let asker = Asker { world, clock, limit, skip: &skip };
        let error = match part {
            Part::Engine(name) => {
                let scope = self.scopes.get_key_value(name);
                match asker.engines(scope.into_iter()).await.pop() {
                    Some((_, EngineView::Unseen { error })) => Some(error),
                    _ => None,
                }
            }
            Part::Catalog => match asker.catalog(self.catalog.as_ref()).await {
                CatalogView::Unseen { error } => Some(error),
                _ => None,
            },
            Part::Ledger => asker.ledger().await.and_then(Result::err),
        };
        error.map_or(Ok(()), Err)
    }
}

fn widen(scope: &mut Scope, deployment: &Deployment) {
    scope.deployments.insert(deployment.id.clone());
    for service in deployment.services.values().filter(|service| !service.files.is_empty()) {
        let paths = service.files.iter().map(|file| file.target.clone()).collect();
        scope.files.insert((deployment.id.clone(), service.name.clone()), paths);
    }
    for service in deployment.services.values() {
        scope.names.extend(service.container_name.clone());
        let peers = service.spec.peers().filter_map(|peer| match peer {
            Peer::Container(name) => Some(name.clone()),
            Peer::Service(_) => None,
        });
        scope.names.extend(peers);
    }
    scope.images.extend(deployment.services.values().flat_map(Service::images).cloned());
}

struct Asker<'a, W, C> {
    world: &'a W,
    clock: &'a C,
    limit: Duration,
    skip: &'a BTreeMap<Part, String>,
}

impl<W: Observe, C: Clock> Asker<'_, W, C> {
    async fn engines<'s>(
        &self,
        scopes: impl Iterator<Item = (&'s EngineName, &'s Scope)>,
    ) -> Vec<(EngineName, EngineView)> {
        join_all(scopes.map(async |(name, scope)| {
            let part = Part::Engine(name.clone());
            let view = match self.ask(&part, self.world.engine(name, scope)).await {
                Ok(contents) => EngineView::Seen(Box::new(contents)),
                Err(error) => EngineView::Unseen { error },
            };
            (name.clone(), view)
        }))
        .await
    }

    async fn catalog(&self, scope: Option<&CatalogScope>) -> CatalogView {
        let Some(scope) = scope else {
            return CatalogView::NotConfigured;
        };
        match self.ask(&Part::Catalog, self.world.catalog(scope)).await {
            Ok(Some(contents)) => CatalogView::Seen(contents),
            Ok(None) => CatalogView::NotConfigured,
            Err(error) => CatalogView::Unseen { error },
        }
    }

    async fn ledger(&self) -> Option<Result<Stored, String>> {
        self.ask(&Part::Ledger, self.world.ledger()).await.transpose()
    }

    async fn ask<T>(
        &self,
        part: &Part,
        call: impl Future<Output = Result<T, OutsideError>>,
    ) -> Result<T, String> {
        if let Some(error) = self.skip.get(part) {
            return Err(error.clone());
        }
        match select(pin!(call), pin!(self.clock.sleep(self.limit))).await {
            Either::Left((answer, _)) => answer.map_err(|error| error.to_string()),
            Either::Right(((), _)) => {
                Err(format!("no answer within {}", humantime::format_duration(self.limit)))
            }
        }
    }
}

/// The deployments of a desired state that another one does not say the same of.
pub(super) fn changed(old: &DesiredState, new: &DesiredState) -> BTreeSet<DeploymentId> {
    let same = |id: &DeploymentId| match (old.deployments.get(id), new.deployments.get(id)) {
        (Some(Entry::Valid(old, _)), Some(Entry::Valid(new, _))) => {
            old.hash == new.hash && old.engine == new.engine && old.sync == new.sync
        }
        _ => false,
    };
    let ids = old.deployments.keys().chain(new.deployments.keys());
    ids.filter(|id| !same(id)).cloned().collect()
}
