//! The request for a build: everything is in its query, where the guard reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Order;
use super::way::Way;
use crate::http::percent_encoded;
use model::build::{Build, Dockerfile};
use model::compose_labels;
use model::labels::BUILD_HASH;

/// The argument that makes BuildKit keep its cache in the image.
const INLINE_CACHE: &str = "BUILDKIT_INLINE_CACHE";

/// The query of `POST /build`.
pub(super) fn of(order: &Order<'_>, way: Way, session: &str) -> String {
    let build = order.build;
    let mut query = Query(Vec::new());
    query.add("version", "2");
    query.add("t", order.tag.as_str());
    build.tags.iter().for_each(|tag| query.add("t", tag.as_str()));
    query.add("dockerfile", dockerfile(order.build, way));
    query.add("labels", &json!(labels(order)).to_string());
    let mut args = build.args.clone();
    if build.inline_cache {
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
    query.add("session", session);
    let by_session = (way == Way::Session).then_some("client-session");
    query.add("remote", build.remote.as_deref().or(by_session).unwrap_or(""));
    query.text()
}

fn dockerfile(build: &Build, way: Way) -> &str {
    match &build.dockerfile {
        Dockerfile::Within(path) if way == Way::Tar || build.remote.is_some() => path,
        // A session hands it out under the usual name, whatever its own.
        _ => "",
    }
}

/// The user's, the hash, and whose image it is: Compose's own labels.
fn labels(order: &Order<'_>) -> BTreeMap<String, String> {
    let mut labels = order.build.labels.clone();
    labels.insert(BUILD_HASH.to_owned(), order.build.hash.to_string());
    labels.insert(compose_labels::PROJECT.to_owned(), order.owner.deployment.to_string());
    labels.insert(compose_labels::SERVICE.to_owned(), order.owner.service.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::build::BuildOwner;
    use model::limits::Ulimit;
    use world::NoTree;

    fn query(build: &Build, way: Way, session: &str) -> Vec<String> {
        let owner = BuildOwner { deployment: "abc".into(), service: "web".into() };
        let tag = "abc-web".into();
        let (files, dockerfile) = (Vec::new(), Vec::new());
        let order = Order { tag: &tag, build, owner: &owner, tree: &NoTree, files, dockerfile };
        let text = of(&order, way, session);
        let parts = text.split('&').filter(|part| !part.starts_with("labels="));
        parts.map(str::to_owned).collect()
    }

    #[test]
    fn what_is_not_asked_for_is_not_sent() {
        let build = Build::of("web", Dockerfile::Within("Dockerfile".to_owned()));
        let tar = ["version=2", "t=abc-web", "dockerfile=Dockerfile", "session=id"];
        assert_eq!(query(&build, Way::Tar, "id"), tar);
        let session = ["version=2", "t=abc-web", "session=id", "remote=client-session"];
        assert_eq!(query(&build, Way::Session, "id"), session);
    }

    #[test]
    fn a_dockerfile_at_an_address_keeps_its_name_whatever_else_is_asked() {
        let mut build = Build::of("", Dockerfile::Within("other".to_owned()));
        build.remote = Some("https://example.org/a.git".to_owned());
        let from = "remote=https%3A%2F%2Fexample.org%2Fa.git";
        let want = ["version=2", "t=abc-web", "dockerfile=other", "session=id", from];
        for way in [Way::Tar, Way::Session] {
            assert_eq!(query(&build, way, "id"), want);
        }
    }

    #[test]
    fn every_attribute_has_its_parameter() {
        let mut build = Build::of("web", Dockerfile::Inline(String::new()));
        build.args.insert("A".to_owned(), "b c".to_owned());
        build.tags.push("more:2".into());
        build.target = Some("last".to_owned());
        build.network = Some("none".to_owned());
        build.extra_hosts.push("db:10.0.0.1".to_owned());
        build.shm_size = Some(64);
        build.ulimits.insert("nofile".to_owned(), Ulimit { soft: 1, hard: 2 });
        build.platform = Some("linux/arm64".to_owned());
        build.cache_from.push("cache".to_owned());
        (build.inline_cache, build.no_cache, build.pull) = (true, true, true);
        build.remote = Some("https://example.org/a.git".to_owned());
        let want = [
            "version=2",
            "t=abc-web",
            "t=more%3A2",
            "buildargs=%7B%22A%22%3A%22b%20c%22%2C%22BUILDKIT_INLINE_CACHE%22%3A%221%22%7D",
            "cachefrom=%5B%22cache%22%5D",
            "target=last",
            "platform=linux%2Farm64",
            "networkmode=none",
            "extrahosts=db%3A10.0.0.1",
            "shmsize=64",
            "ulimits=%5B%7B%22Hard%22%3A2%2C%22Name%22%3A%22nofile%22%2C%22Soft%22%3A1%7D%5D",
            "nocache=1",
            "pull=1",
            "session=id",
            "remote=https%3A%2F%2Fexample.org%2Fa.git",
        ];
        assert_eq!(query(&build, Way::Session, "id"), want);
    }
}
