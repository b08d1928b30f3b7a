//! The ledger and the canary in Consul's KV.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use super::Consul;
use super::call::encode;
use super::wire::{KeyOp, KeyValue, Op};
use crate::model::ledger::Ledger;
use crate::world::OutsideError;

const LEDGER: &str = "ledger";
const CANARY: &str = "canary";
/// Never changes: writing it again moves no index.
const CANARY_TEXT: &str = "reconciler was here";

impl Consul {
    /// The ledger and its generation (Consul's `ModifyIndex`); an empty one at 0 if none
    /// was ever written.
    ///
    /// # Errors
    /// An absent ledger is only believed if the canary is there, or if Consul confirms
    /// that neither exists.
    pub async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        let Some(found) = self.read_key(&self.key(LEDGER)).await? else {
            self.believe_absence().await?;
            return Ok((Ledger::default(), 0));
        };
        let ledger = serde_json::from_slice(&found.decode()?).map_err(|error| {
            let key = self.key(LEDGER);
            OutsideError::Failed(format!("`{key}` in Consul is no ledger: {error}"))
        })?;
        Ok((ledger, found.modify_index))
    }

    /// Writes the generation of the ledger that follows the generation `after`.
    ///
    /// # Errors
    /// [`OutsideError::Conflict`] if `after` is not the newest any more or the fence does
    /// not hold.
    pub async fn write_ledger(&self, ledger: &Ledger, after: u64) -> Result<(), OutsideError> {
        let value = serde_json::to_vec(ledger).expect("BUG: a ledger is plain data");
        let write = KeyOp {
            verb: "cas",
            key: self.key(LEDGER),
            value: Some(STANDARD.encode(value)),
            index: Some(after),
            session: None,
        };
        self.commit(vec![Op::Key(write), self.canary_op()]).await
    }

    /// Returns if an empty answer may be believed.
    pub(super) async fn believe_absence(&self) -> Result<(), OutsideError> {
        if self.has_canary().await? {
            return Ok(());
        }
        self.confirm_absent(&[self.key(CANARY), self.key(LEDGER)]).await
    }

    pub(super) async fn has_canary(&self) -> Result<bool, OutsideError> {
        Ok(self.read_key(&self.key(CANARY)).await?.is_some())
    }

    /// Writes the canary with whatever is written first.
    pub(super) fn canary_op(&self) -> Op {
        Op::Key(KeyOp {
            verb: "set",
            key: self.key(CANARY),
            value: Some(STANDARD.encode(CANARY_TEXT)),
            ..KeyOp::default()
        })
    }

    pub(super) async fn read_key(&self, key: &str) -> Result<Option<KeyValue>, OutsideError> {
        let answer = self.shared.api.get(&kv_path(key), &[]).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(answer.json::<Vec<KeyValue>>()?.pop())
    }
}

/// The path of a key, its slashes kept.
pub(super) fn kv_path(key: &str) -> String {
    let segments: Vec<String> = key.split('/').map(encode).collect();
    format!("/v1/kv/{}", segments.join("/"))
}

impl KeyValue {
    pub(super) fn decode(&self) -> Result<Vec<u8>, OutsideError> {
        STANDARD
            .decode(&self.value)
            .map_err(|_| OutsideError::Failed("Consul sent a value that is not base64".to_owned()))
    }
}
