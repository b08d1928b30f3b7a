//! Every call reaches the one outside system that it is about.

use std::cell::{Cell, RefCell};

use super::*;
use crate::adapters::consul::ConsulSettings;
use crate::model::action::Target;
use crate::model::digest::Digest;
use crate::model::ledger::DeploymentRecord;
use crate::world::NoTree;

/// An engine that notes what it is asked, keeps a ledger, and stirs when told.
struct Fake {
    name: EngineName,
    acts: RefCell<Vec<Action>>,
    ledger: RefCell<Ledger>,
    generation: Cell<u64>,
    stirs: bool,
}

impl Fake {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            acts: RefCell::default(),
            ledger: RefCell::default(),
            generation: Cell::new(0),
            stirs: false,
        }
    }
}

impl Engine for Fake {
    fn name(&self) -> &EngineName {
        &self.name
    }

    async fn observe(&self, _: &Scope) -> Result<EngineContents, OutsideError> {
        Ok(EngineContents::default())
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

    async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        Ok((self.ledger.borrow().clone(), self.generation.get()))
    }

    async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError> {
        self.ledger.borrow_mut().apply(change);
        self.generation.set(self.generation.get() + 1);
        Ok(())
    }

    async fn stirred(&self) {
        if !self.stirs {
            std::future::pending::<()>().await;
        }
    }
}

fn host(consul: Option<Consul>) -> Host<Fake> {
    Host::new([Fake::new("web1"), Fake::new("web2")], consul, "web2".into())
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
        layout: crate::model::desired::Layout::Listed,
        scale: BTreeMap::new(),
        pulled: std::collections::BTreeMap::new(),
    };
    Action::WriteLedger { change: LedgerChange::Record { deployment: "abc".into(), record } }
}

fn start() -> Action {
    let container = crate::model::action::ContainerRef::Known("c1".into());
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

#[tokio::test]
async fn without_consul_the_chosen_engine_keeps_the_ledger() {
    let host = host(None);
    host.act(&"web1".into(), &record(), &NoTree).await.unwrap();
    assert_eq!(host.engines[&"web2".into()].generation.get(), 1);
    assert_eq!(host.engines[&"web1".into()].generation.get(), 0);
    let (ledger, generation) = host.ledger().await.unwrap();
    assert_eq!((ledger.deployments.len(), generation), (1, 1));

    assert_eq!(host.catalog(&BTreeSet::new(), &BTreeSet::new()).await, Ok(None));
    let remove = Action::Deregister { node: "rc-main-web1".into(), ids: BTreeSet::new() };
    assert!(host.act(&"web1".into(), &remove, &NoTree).await.is_err());
}

#[tokio::test]
async fn a_consul_that_cannot_be_reached_is_no_empty_one() {
    let host = host(Some(unreachable_consul()));
    let unreachable = |result| matches!(result, Err(OutsideError::Unreachable(_)));
    assert!(unreachable(host.ledger().await.map(drop)));
    assert!(unreachable(host.act(&"web1".into(), &record(), &NoTree).await.map(drop)));
    let engines = ["web1".into()].into();
    assert!(unreachable(host.catalog(&engines, &BTreeSet::new()).await.map(drop)));
    assert_eq!(host.engines[&"web2".into()].generation.get(), 0);
}

#[tokio::test]
async fn a_stir_of_any_engine_is_reported() {
    let quiet: Host<Fake> = Host::new([], None, "web1".into());
    assert!(quiet.stirred().now_or_never().is_none());
    assert!(host(None).stirred().now_or_never().is_none());
    let loud = Fake { stirs: true, ..Fake::new("b") };
    let host = Host::new([Fake::new("a"), loud], None, "a".into());
    assert!(host.stirred().now_or_never().is_some());
}

#[tokio::test]
async fn looking_goes_through_the_read_only_host() {
    let host = host(None).read_only();
    assert!(host.engine(&"web1".into(), &Scope::default()).await.is_ok());
    assert_eq!(host.container(&"web1".into(), &"c".into()).await, Ok(None));
    assert_eq!(host.log_tail(&"web2".into(), &"c".into(), 7).await, Ok(vec!["7".to_owned()]));
    assert_eq!(host.ledger().await, Ok((Ledger::default(), 0)));
    assert_eq!(host.catalog(&BTreeSet::new(), &BTreeSet::new()).await, Ok(None));
}
