//! Every call reaches the one outside system that it is about.

use std::cell::{Cell, RefCell};

use super::*;
use crate::consul::ConsulSettings;
use model::ledger::{DeploymentRecord, Ledger};
use model::target::Target;
use world::{CatalogScope, Changed, NoTree};

/// An engine that notes what it is asked, keeps a ledger, and changes when asked to.
struct Fake {
    name: EngineName,
    acts: RefCell<Vec<Action>>,
    stored: RefCell<Stored>,
    /// Whether all its records were removed.
    swept: Cell<Option<bool>>,
    changes: bool,
    kept: RefCell<Vec<Content>>,
}

impl Fake {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            acts: RefCell::default(),
            stored: RefCell::default(),
            swept: Cell::new(None),
            changes: false,
            kept: RefCell::default(),
        }
    }
}

impl Engine for Fake {
    async fn kept(
        &self,
        _: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        Ok(self.kept.borrow().iter().find(|files| files.digest() == *digest).cloned())
    }

    async fn keep(
        &self,
        _: &DeploymentId,
        files: &Content,
        _: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        self.kept.borrow_mut().push(files.clone());
        Ok(())
    }

    async fn forget_kept(&self, _: &DeploymentId) -> Result<(), OutsideError> {
        self.kept.borrow_mut().clear();
        Ok(())
    }

    fn name(&self) -> &EngineName {
        &self.name
    }

    async fn observe(&self, _: &Scope) -> Result<EngineContents, OutsideError> {
        Ok(EngineContents { stored: self.stored.borrow().clone(), ..EngineContents::default() })
    }

    async fn container(&self, _: &ContainerId) -> Result<Option<ContainerView>, OutsideError> {
        Ok(None)
    }

    async fn log_tail(&self, _: &ContainerId, lines: usize) -> Result<Vec<String>, OutsideError> {
        Ok(vec![lines.to_string()])
    }

    async fn act(&self, action: &Action, _: &dyn Tree) -> Result<Outcome, OutsideError> {
        self.acts.borrow_mut().push(action.clone());
        Ok(Outcome::Done)
    }

    async fn change_record(
        &self,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        let ledger = &mut self.stored.borrow_mut().ledger;
        let record = ledger.record(&self.name, deployment).cloned().unwrap_or_default();
        ledger.put(&self.name, deployment, change(record));
        Ok(())
    }

    async fn sweep_records(&self, all: bool) -> Result<(), OutsideError> {
        self.swept.set(Some(all));
        self.stored.borrow_mut().single = Ledger::default();
        Ok(())
    }

    async fn changed(&self) -> Changed {
        if self.changes { Changed::Anything } else { std::future::pending().await }
    }
}

fn host(consul: Option<Consul>) -> Host<Fake> {
    Host::new([Fake::new("web1"), Fake::new("web2")], consul)
}

/// A Consul that nobody can reach.
fn unreachable_consul() -> Consul {
    Consul::new(&ConsulSettings {
        address: "unix:///nowhere/consul.sock".to_owned(),
        token: None,
        ca: None,
        installation: "main".into(),
        engines: [("web1".into(), None), ("web2".into(), None)].into(),
    })
    .unwrap()
}

fn record() -> Action {
    let record = DeploymentRecord {
        source: "git:shop".into(),
        engine: "web1".into(),
        revision: "r1".into(),
        hash: Digest::of("r1"),
        layout: model::desired::Layout::Listed,
        scale: BTreeMap::new(),
        pulled: std::collections::BTreeMap::new(),
    };
    Action::WriteLedger {
        change: LedgerChange::Record { deployment: "abc".into(), record, lifts: true },
    }
}

fn start() -> Action {
    let container = model::target::ContainerRef::Known("c1".into());
    Action::StartContainer { container: Target { container, name: "abc-web-1".into() } }
}

#[tokio::test]
async fn an_engines_actions_reach_that_engine_alone() {
    let host = host(None);
    host.act(&"web1".into(), &start(), &NoTree).await.unwrap();
    assert_eq!(*host.engines[&"web1".into()].acts.borrow(), [start()]);
    assert!(host.engines[&"web2".into()].acts.borrow().is_empty());
    let error = host.act(&"web3".into(), &start(), &NoTree).await.unwrap_err();
    assert_eq!(error, OutsideError::Failed("no engine `web3` is configured".to_owned()));
}

/// The records that an engine keeps.
fn kept(host: &Host<Fake>, engine: &str) -> usize {
    host.engines[&engine.into()].stored.borrow().ledger.iter().count()
}

#[tokio::test]
async fn without_consul_each_engine_keeps_the_records_of_what_runs_there() {
    let host = host(None);
    host.act(&"web1".into(), &record(), &NoTree).await.unwrap();
    assert_eq!((kept(&host, "web1"), kept(&host, "web2")), (1, 0));
    assert_eq!(host.ledger().await, Ok(None));

    assert_eq!(host.catalog(&CatalogScope::default()).await, Ok(None));
    let remove = Action::Deregister { node: "rc-main-web1".into(), ids: BTreeSet::new() };
    assert!(host.act(&"web1".into(), &remove, &NoTree).await.is_err());
}

/// What the host sees of the ledger now.
async fn view(host: &Host<Fake>) -> LedgerView {
    let mut engines = BTreeMap::new();
    for name in host.engines.keys() {
        let contents = host.engine(name, &Scope::default()).await.unwrap();
        let seen = model::observed::EngineView::Seen(Box::new(contents));
        engines.insert(name.clone(), seen);
    }
    let central = host.ledger().await.map_err(|error| error.to_string()).transpose();
    LedgerView::of(&engines, central)
}

#[tokio::test]
async fn a_ledger_in_one_piece_becomes_a_record_on_each_engine() {
    let host = host(None);
    let Action::WriteLedger { change } = record() else { unreachable!() };
    let mut single = Ledger::default();
    for engine in ["web1", "web2", "gone"] {
        single.apply(&engine.into(), &change);
    }
    host.engines[&"web2".into()].stored.borrow_mut().single = single;
    let before = view(&host).await;
    assert_eq!(before.ledger.iter().count(), 3, "it counts although nothing is written yet");
    host.tidy(&before).await;
    assert_eq!((kept(&host, "web1"), kept(&host, "web2")), (1, 1));
    assert_eq!(host.engines[&"web2".into()].swept.get(), Some(false));
    assert!(view(&host).await.is_tidy());
}

#[tokio::test]
async fn what_cannot_be_moved_stays_where_it_is() {
    let host = host(Some(unreachable_consul()));
    let Action::WriteLedger { change } = record() else { unreachable!() };
    let mut view = LedgerView::default();
    view.ledger.apply(&"web1".into(), &change);
    view.misplaced.insert(("web1".into(), "abc".into()));
    host.tidy(&view).await;
    assert_eq!(host.engines[&"web1".into()].swept.get(), None);
}

#[tokio::test]
async fn a_consul_that_cannot_be_reached_is_no_empty_one() {
    let host = host(Some(unreachable_consul()));
    let unreachable = |result| matches!(result, Err(OutsideError::Unreachable(_)));
    assert!(unreachable(host.ledger().await.map(drop)));
    assert!(unreachable(host.act(&"web1".into(), &record(), &NoTree).await.map(drop)));
    let engines = ["web1".into()].into();
    assert!(unreachable(
        host.catalog(&CatalogScope::new(engines, BTreeSet::new())).await.map(drop)
    ));
    assert_eq!((kept(&host, "web1"), kept(&host, "web2")), (0, 0));
}

#[tokio::test]
async fn a_change_on_any_engine_is_reported() {
    let quiet: Host<Fake> = Host::new([], None);
    assert!(quiet.changed().now_or_never().is_none());
    assert!(host(None).changed().now_or_never().is_none());
    let loud = Fake { changes: true, ..Fake::new("b") };
    let host = Host::new([Fake::new("a"), loud], None);
    assert!(host.changed().now_or_never().is_some());
}

#[tokio::test]
async fn looking_goes_through_the_read_only_host() {
    let host = host(None).read_only();
    assert!(host.engine(&"web1".into(), &Scope::default()).await.is_ok());
    assert_eq!(host.container(&"web1".into(), &"c".into()).await, Ok(None));
    assert_eq!(host.log_tail(&"web2".into(), &"c".into(), 7).await, Ok(vec!["7".to_owned()]));
    assert_eq!(host.ledger().await, Ok(None));
    assert_eq!(host.catalog(&CatalogScope::default()).await, Ok(None));
}
