//! Transactions: all or nothing, and nothing at all for a stale leader.

use super::call::Answer;
use super::wire::{KeyOp, Op, TxnAnswer};
use super::{Consul, Fence};
use world::OutsideError;

/// Consul's limits for one transaction.
const MAX_OPS: usize = 64;
const MAX_BYTES: usize = 512 << 10;

impl Consul {
    /// Carries out operations in one transaction, fenced if there is a fence.
    pub(super) async fn commit(&self, ops: Vec<Op>) -> Result<(), OutsideError> {
        let fence = self.fenced_by();
        let mut all: Vec<Op> = fence.iter().map(Fence::op).collect();
        all.extend(ops);
        if all.len() > MAX_OPS {
            return Err(OutsideError::Failed(format!(
                "BUG: {} operations in one transaction; Consul takes {MAX_OPS}",
                all.len()
            )));
        }
        let body = serde_json::to_vec(&all).expect("BUG: operations are plain data");
        if body.len() > MAX_BYTES {
            return Err(OutsideError::Failed(format!(
                "a write to Consul has {} bytes; Consul takes {MAX_BYTES}",
                body.len()
            )));
        }
        let answer = self.shared.api.put("/v1/txn", body).await?;
        refused(&answer, fence.is_some())
    }

    /// Asks Consul to confirm that none of these keys exists, which it does only for
    /// a token that may read them. Writes nothing.
    pub(super) async fn confirm_absent(&self, keys: &[String]) -> Result<(), OutsideError> {
        let ops: Vec<Op> = keys
            .iter()
            .map(|key| {
                Op::Key(KeyOp { verb: "check-not-exists", key: key.clone(), ..KeyOp::default() })
            })
            .collect();
        let body = serde_json::to_vec(&ops).expect("BUG: operations are plain data");
        refused(&self.shared.api.put("/v1/txn", body).await?, false)
    }
}

impl Fence {
    fn op(&self) -> Op {
        Op::Key(KeyOp {
            verb: "check-session",
            key: self.key.clone(),
            session: Some(self.session.as_str().to_owned()),
            ..KeyOp::default()
        })
    }
}

/// Why a transaction was not carried out, if it was not.
fn refused(answer: &Answer, fenced: bool) -> Result<(), OutsideError> {
    if answer.status.is_success() {
        return Ok(());
    }
    let errors = answer.json::<TxnAnswer>()?.errors;
    let says = |word: &str| errors.iter().any(|error| error.what.contains(word));
    let text = errors.iter().map(|error| error.what.as_str()).collect::<Vec<_>>().join("; ");
    Err(if says("Permission denied") {
        OutsideError::Forbidden("Consul refuses our token: Permission denied".to_owned())
    } else if fenced && errors.iter().any(|error| error.op_index == 0) {
        OutsideError::Conflict("we no longer hold the lease; nothing was written".to_owned())
    } else if says("index is stale") || says("exists") || says("Missing node registration") {
        OutsideError::Conflict(format!("Consul changed since it was read: {text}"))
    } else {
        OutsideError::Failed(format!("Consul did not write: {text}"))
    })
}
