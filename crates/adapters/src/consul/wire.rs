//! Consul's JSON, as much of it as is read and written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A node, read and written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Node {
    #[serde(rename = "Node")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) address: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) meta: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) modify_index: u64,
}

/// A service on a node, read and written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Service {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "Service")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) address: String,
    #[serde(default)]
    pub(super) port: i64,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) meta: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) modify_index: u64,
}

/// `GET /v1/catalog/node/:node`; `null` if there is no such node.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NodeServices {
    pub(super) node: Node,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) services: BTreeMap<String, Service>,
}

/// One of `GET /v1/catalog/service/:service`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instance {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) node_meta: BTreeMap<String, String>,
}

/// One of `GET /v1/health/node/:node`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeenCheck {
    #[serde(rename = "CheckID")]
    pub(super) id: String,
    #[serde(rename = "Status")]
    pub(super) status: String,
}

/// One of `GET /v1/kv/:key`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyValue {
    #[serde(default)]
    pub(super) key: String,
    /// Base64; `null` if empty.
    #[serde(default, deserialize_with = "nullable")]
    pub(super) value: String,
    pub(super) modify_index: u64,
    #[serde(default)]
    pub(super) lock_index: u64,
    #[serde(default)]
    pub(super) session: Option<String>,
}

/// A check to be written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Check {
    pub(super) node: String,
    #[serde(rename = "CheckID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) output: &'static str,
    #[serde(rename = "ServiceID")]
    pub(super) service_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) definition: Option<Definition>,
}

/// How consul-esm may run a check.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Definition {
    #[serde(rename = "TCP")]
    pub(super) tcp: String,
    #[serde(rename = "Interval")]
    pub(super) interval: &'static str,
    #[serde(rename = "Timeout")]
    pub(super) timeout: &'static str,
}

/// One operation of a transaction.
#[derive(Clone, Debug, Serialize)]
pub(super) enum Op {
    #[serde(rename = "KV")]
    Key(KeyOp),
    Node {
        #[serde(rename = "Verb")]
        verb: &'static str,
        #[serde(rename = "Node")]
        node: Node,
    },
    Service {
        #[serde(rename = "Verb")]
        verb: &'static str,
        #[serde(rename = "Node")]
        node: String,
        #[serde(rename = "Service")]
        service: Service,
    },
    Check {
        #[serde(rename = "Verb")]
        verb: &'static str,
        #[serde(rename = "Check")]
        check: Check,
    },
}

/// An operation on a key.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyOp {
    pub(super) verb: &'static str,
    pub(super) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
}

/// The errors of a transaction that was not carried out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TxnAnswer {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) errors: Vec<TxnError>,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TxnError {
    pub(super) op_index: usize,
    pub(super) what: String,
}

/// Go writes `null` for what is empty.
fn nullable<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
