//! A host whose ledger moves from the engine to Consul.

use std::cell::RefCell;
use std::collections::BTreeSet;

use adapters::host::{Engine, Host};
use model::action::{Action, LedgerChange};
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::ledger::{LedgerView, Record, Stored};
use model::observed::{ContainerView, EngineContents, EngineView};
use model::secret::Content;
use model::target::Outcome;
use world::{Act as _, Changed, NoTree, Observe as _, OutsideError, Scope, Tree};

use crate::ledger::record;
use crate::support::Server;

/// An engine that holds a ledger and does nothing else.
struct LedgerEngine {
    name: EngineName,
    stored: RefCell<Stored>,
}

impl Engine for LedgerEngine {
    async fn kept(&self, _: &DeploymentId, _: &Digest) -> Result<Option<Content>, OutsideError> {
        Ok(None)
    }

    async fn keep(
        &self,
        _: &DeploymentId,
        _: &Content,
        _: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        panic!("nothing is kept here")
    }

    async fn forget_kept(&self, _: &DeploymentId) -> Result<(), OutsideError> {
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

    async fn log_tail(&self, _: &ContainerId, _: usize) -> Result<Vec<String>, OutsideError> {
        Ok(Vec::new())
    }

    async fn act(&self, action: &Action, _: &dyn Tree) -> Result<Outcome, OutsideError> {
        panic!("not the engine's: {action:?}")
    }

    async fn change_record(
        &self,
        _: &DeploymentId,
        _: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        panic!("with Consul nothing is written to the engine")
    }

    async fn sweep_records(&self, all: bool) -> Result<(), OutsideError> {
        assert!(all, "with Consul nothing stays on the engine");
        *self.stored.borrow_mut() = Stored::default();
        Ok(())
    }

    async fn changed(&self) -> Changed {
        Changed::Anything
    }
}

async fn view(host: &Host<LedgerEngine>) -> LedgerView {
    let contents = host.engine(&"local".into(), &Scope::default()).await.unwrap();
    let engines = [("local".into(), EngineView::Seen(Box::new(contents)))].into();
    let central = host.ledger().await.map_err(|error| error.to_string());
    LedgerView::of(&engines, central.transpose())
}

fn applied(view: &LedgerView) -> Option<String> {
    let applied = view.ledger.applied(&"local".into(), &"abc".into());
    applied.map(|applied| applied.revision.to_string())
}

/// What the engine holds: one record, in a container of this id.
fn stored(change: &LedgerChange, container: &str) -> Stored {
    let origin = Some(container.into());
    let record = Record { origin, ..Record::default() }.changed(change);
    let mut stored = Stored::default();
    stored.ledger.put(&"local".into(), change.deployment(), record);
    stored
}

#[tokio::test]
async fn records_move_to_consul_when_it_is_switched_on_and_none_is_lost_or_doubled() {
    let server = Server::of_the_lab();
    let engine = |stored| LedgerEngine { name: "local".into(), stored: RefCell::new(stored) };
    let consul = || Some(server.client("moving", None));
    let host = Host::new([engine(stored(&record("abc", "r1"), "c1"))], consul());
    let before = view(&host).await;
    assert_eq!(applied(&before).as_deref(), Some("r1"), "it counts before it is moved");
    host.tidy(&before).await;
    let moved = view(&host).await;
    assert_eq!((applied(&moved).as_deref(), moved.is_tidy()), (Some("r1"), true));

    // It was not removed from the engine: it is older than what Consul says since.
    let write = Action::WriteLedger { change: record("abc", "r2") };
    host.act(&"local".into(), &write, &NoTree).await.unwrap();
    let again = Host::new([engine(stored(&record("abc", "r1"), "c1"))], consul());
    let seen = view(&again).await;
    assert_eq!((applied(&seen).as_deref(), seen.is_tidy()), (Some("r2"), false));
    again.tidy(&seen).await;
    assert!(view(&again).await.is_tidy());

    // Consul was off for a while, and something was applied.
    let later = Host::new([engine(stored(&record("abc", "r3"), "c9"))], consul());
    later.tidy(&view(&later).await).await;
    assert_eq!(applied(&view(&later).await).as_deref(), Some("r3"));
    // What is forgotten stays forgotten.
    let forget = Action::WriteLedger { change: LedgerChange::Forget { deployment: "abc".into() } };
    later.act(&"local".into(), &forget, &NoTree).await.unwrap();
    assert_eq!(applied(&view(&later).await), None);
}

#[tokio::test]
async fn a_ledger_of_one_value_becomes_a_key_for_each_record() {
    let server = Server::of_the_lab();
    let LedgerChange::Record { record: applied_before, .. } = record("abc", "r1") else {
        unreachable!()
    };
    let single = serde_json::json!({ "deployments": { "abc": applied_before } }).to_string();
    server.raw("PUT", "/v1/kv/reconciler/single/ledger", &single).await;
    let engine = LedgerEngine { name: "local".into(), stored: RefCell::default() };
    let host = Host::new([engine], Some(server.client("single", None)));
    let before = view(&host).await;
    assert_eq!(applied(&before).as_deref(), Some("r1"));
    host.tidy(&before).await;
    let after = view(&host).await;
    assert_eq!((applied(&after).as_deref(), after.is_tidy()), (Some("r1"), true));
    let keys = server.get("/v1/kv/reconciler/single/ledger?keys").await;
    assert_eq!(keys, serde_json::json!(["reconciler/single/ledger/local/abc"]));
}
