//! The request for a build: everything is in its query, where the guard reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Order;
use super::way::{APART, Way};
use crate::adapters::docker::transport::percent_encoded;
use crate::model::build::{Build, Dockerfile};
use crate::model::compose;
use crate::model::labels::BUILD_HASH;

/// The argument that makes BuildKit keep its cache in the image.
const INLINE_CACHE: &str = "BUILDKIT_INLINE_CACHE";

/// The query of `POST /build`.
pub(super) fn of(order: &Order<'_>, way: Way, session: Option<&str>) -> String {
    let build = order.build;
    let mut query = Query(Vec::new());
    query.add("version", if way == Way::Classic { "1" } else { "2" });
    query.add("t", order.tag.as_str());
    build.tags.iter().for_each(|tag| query.add("t", tag.as_str()));
    query.add("dockerfile", dockerfile(order.build, way));
    query.add("labels", &json!(labels(order)).to_string());
    let mut args = build.args.clone();
    if build.inline_cache && way != Way::Classic {
        args.insert(INLINE_CACHE.to_owned(), "1".to_owned());
    }
    query.add_json("buildargs", &json!(args));
    query.add_json("cachefrom", &json!(build.cache_from));
    query.add("target", build.target.as_deref().unwrap_or(""));
    query.add("platform", build.platform.as_deref().unwrap_or(""));
    query.add("networkmode", build.network.as_deref().unwrap_or(""));
    build.extra_hosts.iter().for_each(|host| query.add("extrahosts", host));
    if let Some(bytes) = build.shm_size {
        query.add("shmsize", &bytes.to_string());
    }
    let limits: Vec<Value> = build
        .ulimits
        .iter()
        .map(|(name, limit)| json!({"Name": name, "Soft": limit.soft, "Hard": limit.hard}))
        .collect();
    query.add_json("ulimits", &json!(limits));
    for (name, on) in [("nocache", build.no_cache), ("pull", build.pull)] {
        query.add(name, if on { "1" } else { "" });
    }
    if way == Way::Classic {
        query.add("rm", "1");
        query.add("forcerm", "1");
    }
    query.add("session", session.unwrap_or(""));
    let by_session = session.map(|_| "client-session");
    query.add("remote", build.remote.as_deref().or(by_session).unwrap_or(""));
    query.text()
}

fn dockerfile(build: &Build, way: Way) -> &str {
    match &build.dockerfile {
        // A session hands it out under the usual name, whatever its own.
        _ if way == Way::Session => "",
        Dockerfile::Within(path) if build.contexts.is_empty() => path,
        _ => APART,
    }
}

/// The user's, the hash, and whose image it is: Compose's own labels.
fn labels(order: &Order<'_>) -> BTreeMap<String, String> {
    let mut labels = order.build.labels.clone();
    labels.insert(BUILD_HASH.to_owned(), order.build.hash.to_string());
    labels.insert(compose::PROJECT.to_owned(), order.owner.deployment.to_string());
    labels.insert(compose::SERVICE.to_owned(), order.owner.service.to_string());
    labels
}

struct Query(Vec<String>);

impl Query {
    /// A parameter, unless it is empty.
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.push(format!("{name}={}", percent_encoded(value)));
        }
    }

    fn add_json(&mut self, name: &str, value: &Value) {
        let empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        if !empty {
            self.add(name, &value.to_string());
        }
    }

    fn text(self) -> String {
        self.0.join("&")
    }
}
