//! Consul as its HTTP interface shows it.

use std::collections::BTreeSet;
use std::net::TcpStream;

use serde_json::Value;

use super::lab::variable;

/// The lab's Consul.
pub(crate) struct Consul;

impl Consul {
    /// What it answers to a GET.
    pub(crate) fn get(path: &str) -> Value {
        serde_json::from_str(&Self::call("GET", path, "")).unwrap_or(Value::Null)
    }

    /// Sends a PUT.
    pub(crate) fn put(path: &str, body: &Value) -> String {
        Self::call("PUT", path, &body.to_string())
    }

    /// Sends a DELETE.
    pub(crate) fn delete(path: &str) -> String {
        Self::call("DELETE", path, "")
    }

    /// The catalog's entries of a service, each with its node.
    pub(crate) fn service(name: &str) -> Vec<Value> {
        match Self::get(&format!("/v1/catalog/service/{name}")) {
            Value::Array(entries) => entries,
            other => panic!("Consul's entries of {name} are {other}"),
        }
    }

    /// The ids of a service's entries.
    pub(crate) fn ids(name: &str) -> BTreeSet<String> {
        let text = |entry: Value| entry["ServiceID"].as_str().unwrap_or_default().to_owned();
        Self::service(name).into_iter().map(text).collect()
    }

    fn call(method: &str, path: &str, body: &str) -> String {
        let address = variable("CONSUL_HTTP_ADDR").trim_start_matches("http://").to_owned();
        super::http::call(TcpStream::connect(&address).unwrap(), method, path, body)
    }
}
