//! The records of the ledger in Consul's KV, one key for each deployment and engine, and the
//! canary.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::Consul;
use super::wire::{KeyOp, KeyValue, Op};
use crate::http::percent_encoded;
use model::id::{DeploymentId, EngineName};
use model::ledger::{Ledger, Record, Stored};
use world::OutsideError;

const LEDGER: &str = "ledger";
const CANARY: &str = "canary";
/// How long Consul may hold back the answer to a watcher of a change; it adds up to a
/// sixteenth. Less than the deadline of a call.
const HELD: &str = "5s";
/// Never changes: writing it again moves no index.
const CANARY_TEXT: &str = "reconciler was here";

impl Consul {
    /// The records that Consul holds.
    ///
    /// # Errors
    /// That there are none is only believed if the canary is there, or if Consul confirms that
    /// there is nothing. An answer of which our token's rights hide a part is none.
    pub async fn read_ledger(&self) -> Result<Stored, OutsideError> {
        let single = self.key(LEDGER);
        let prefix = format!("{single}/");
        let query = [("recurse", "")];
        let answer = self.shared.api.get(&kv_path(&single), &query).await?;
        if answer.filtered {
            let why = format!("Consul refuses our token: it may not read all below `{single}`");
            return Err(OutsideError::Forbidden(why));
        }
        let found: Vec<KeyValue> = match answer.status {
            StatusCode::NOT_FOUND => Vec::new(),
            _ => answer.json()?,
        };
        let mut stored = Stored::default();
        for value in &found {
            let broken = |why: String| {
                OutsideError::Failed(format!("`{}` in Consul cannot be read: {why}", value.key))
            };
            if value.key == single {
                stored.single = Ledger::parse_single(&value.decode()?).map_err(broken)?;
                stored.leftovers = true;
                continue;
            }
            let path = value.key.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'));
            let Some((engine, deployment)) = path else { continue };
            let engine = percent_decode_str(engine).decode_utf8_lossy();
            let (engine, deployment) = (EngineName::new(&*engine), deployment.into());
            match Record::parse(&value.decode()?) {
                Ok(record) => stored.ledger.put(&engine, &deployment, record),
                Err(why) => {
                    let why = broken(why).to_string();
                    stored.unreadable.insert((engine, deployment), why);
                }
            }
        }
        if stored == Stored::default() {
            self.believe_absence().await?;
        }
        Ok(stored)
    }

    /// Changes the record of a deployment on an engine, unless another process writes it
    /// meanwhile; one that says nothing any more is removed.
    ///
    /// # Errors
    /// [`OutsideError::Conflict`] if one did, or the fence does not hold.
    pub async fn change_record(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        let key = self.key(&format!("{LEDGER}/{}/{deployment}", percent_encoded(engine.as_str())));
        let found = self.read_key(&key).await?;
        let (record, index) = match &found {
            Some(found) => {
                let record = Record::parse(&found.decode()?).map_err(|why| {
                    OutsideError::Failed(format!("`{key}` in Consul cannot be read: {why}"))
                })?;
                (record, found.modify_index)
            }
            None => (Record::default(), 0),
        };
        let record = change(record);
        let write = if record.is_empty() {
            if found.is_none() {
                return Ok(());
            }
            KeyOp { verb: "delete-cas", key, index: Some(index), ..KeyOp::default() }
        } else {
            let value = Some(STANDARD.encode(record.text()));
            KeyOp { verb: "cas", key, value, index: Some(index), ..KeyOp::default() }
        };
        self.commit(vec![Op::Key(write), self.canary_op()]).await
    }

    /// Removes the ledger in the form that is written no more, if it is still there.
    pub async fn remove_single(&self) -> Result<(), OutsideError> {
        let key = self.key(LEDGER);
        let Some(found) = self.read_key(&key).await? else { return Ok(()) };
        let index = Some(found.modify_index);
        let delete = KeyOp { verb: "delete-cas", key, index, ..KeyOp::default() };
        self.commit(vec![Op::Key(delete), self.canary_op()]).await
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
        self.read_key_with(key, &[]).await
    }

    /// Returns when a key has changed since it had this index, or after [`HELD`].
    pub(super) async fn key_changed(&self, key: &str, index: u64) -> Result<(), OutsideError> {
        let query = [("index", index.to_string()), ("wait", HELD.to_owned())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.read_key_with(key, &query).await.map(drop)
    }

    async fn read_key_with(
        &self,
        key: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<KeyValue>, OutsideError> {
        let answer = self.shared.api.get(&kv_path(key), query).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(answer.json::<Vec<KeyValue>>()?.pop())
    }
}

/// The path of a key, its slashes kept.
pub(super) fn kv_path(key: &str) -> String {
    let segments: Vec<String> = key.split('/').map(percent_encoded).collect();
    format!("/v1/kv/{}", segments.join("/"))
}

impl KeyValue {
    pub(super) fn decode(&self) -> Result<Vec<u8>, OutsideError> {
        STANDARD
            .decode(&self.value)
            .map_err(|_| OutsideError::Failed("Consul sent a value that is not base64".to_owned()))
    }
}
