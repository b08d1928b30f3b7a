//! A host whose ledger moves from the engine to Consul.

use std::cell::RefCell;

use reconciler::adapters::host::{Engine, Host};
use reconciler::model::action::{Action, LedgerChange, Outcome};
use reconciler::model::id::{ContainerId, EngineName};
use reconciler::model::ledger::Ledger;
use reconciler::model::observed::{ContainerView, EngineContents};
use reconciler::world::{Act as _, Observe as _, OutsideError, Scope, Tree, TreeEntry, TreeError};

use crate::ledger::record;
use crate::support::Server;

/// An engine that holds a ledger and does nothing else.
struct Keeper {
    name: EngineName,
    ledger: RefCell<(Ledger, u64)>,
}

impl Engine for Keeper {
    fn name(&self) -> &EngineName {
        &self.name
    }

    async fn observe(&self, _: &Scope) -> Result<EngineContents, OutsideError> {
        Ok(EngineContents::default())
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

    async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        Ok(self.ledger.borrow().clone())
    }

    async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError> {
        let (ledger, generation) = &mut *self.ledger.borrow_mut();
        ledger.apply(change);
        *generation += 1;
        Ok(())
    }

    async fn stirred(&self) {}
}

struct NoTree;

impl Tree for NoTree {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        None
    }
}

#[tokio::test]
async fn a_ledger_kept_on_the_engine_is_taken_over() {
    let mut ledger = Ledger::default();
    ledger.apply(&record("abc", "r1"));
    let keeper = Keeper { name: "local".into(), ledger: RefCell::new((ledger.clone(), 3)) };
    let consul = Server::of_the_lab().client("moving", None);
    let host = Host::new([keeper], Some(consul), "local".into());
    assert_eq!(host.ledger().await, Ok((ledger, 0)));

    let write = Action::WriteLedger { change: record("xyz", "r1") };
    host.act(&"local".into(), &write, &NoTree).await.unwrap();
    let (ledger, generation) = host.ledger().await.unwrap();
    assert_eq!(ledger.deployments.len(), 2);
    assert!(generation > 0);
    // From now on Consul's counts: what is forgotten there stays forgotten.
    let forget = Action::WriteLedger { change: LedgerChange::Forget { deployment: "abc".into() } };
    host.act(&"local".into(), &forget, &NoTree).await.unwrap();
    assert_eq!(host.ledger().await.unwrap().0.deployments.len(), 1);
}
