//! Consul as its HTTP interface shows it.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
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
        let mut wire = TcpStream::connect(&address).unwrap();
        // HTTP/1.0: the answer ends with the connection, and is not chunked.
        let length = body.len();
        write!(wire, "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        body.to_owned()
    }
}
