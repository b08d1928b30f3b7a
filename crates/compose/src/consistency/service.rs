//! The rules for one service.

use std::collections::BTreeSet;

use super::Whole;
use crate::codes::{
    DISABLED, EXCLUSIVE, HEALTH_TEST, NO_CONFIG, NO_MODEL, NO_NETWORK, NO_SECRET, NO_SERVICE,
    NOT_BUILT, NOTHING_TO_RUN, PLATFORM, WATCH,
};
use crate::nodes::{entries, items, text_of};
use crate::path::Path;
use model::diagnostic::Code;
use text::read::quote;
use text::suggest::did_you_mean;
use text::yaml::{Entry, Node, Span};

impl Whole<'_> {
    pub(super) fn service(&self, service: &Node, at: Span, path: Path<'_>) {
        let has = |key: &str| service.get(key).is_some();
        let image = text_of(service, "image").is_some_and(|image| !image.is_empty());
        if !has("build") && !image && !has("provider") {
            let help = "write `image:` or `build:`";
            self.refuse(NOTHING_TO_RUN, path, at, "has neither `image` nor `build`", help);
        }
        if let Some(build) = service.get("build") {
            self.build(&build.value, service, path);
        }
        self.networks(service, path);
        self.dependencies(service, path);
        self.health(service, path);
        self.sources(service, "configs", NO_CONFIG, &self.configs, path);
        self.sources(service, "secrets", NO_SECRET, &self.secrets, path);
        self.names(service, "models", NO_MODEL, &self.models, path);
        self.limits(service, path);
        self.watch(service, path);
        self.mounts(service, path);
    }

    fn build(&self, build: &Node, service: &Node, path: Path<'_>) {
        let path = path.key("build");
        let set = |key: &str| build.get(key).filter(|_| text_of(build, key) != Some(""));
        if let (Some(inline), Some(_)) = (set("dockerfile_inline"), set("dockerfile")) {
            let what = "`dockerfile` and `dockerfile_inline` exclude each other";
            self.refuse(EXCLUSIVE, path, inline.at, what, "keep one of them");
        }
        let contexts = build.get("additional_contexts").map(|found| entries(&found.value));
        for Entry { key, value, .. } in contexts.unwrap_or_default() {
            let text = value.scalar().map_or("", |scalar| scalar.text.as_str());
            let Some(name) = text.strip_prefix("service:") else { continue };
            let path = path.key("additional_contexts");
            let path = path.key(key);
            match self.services.get(name) {
                None => self.no_service(name, value.span, path),
                Some(other) if other.get("build").is_none() => {
                    let what = format!("the service `{name}` is not built here");
                    let help = format!("write `docker-image://` and its image, or build `{name}`");
                    self.refuse(NOT_BUILT, path, value.span, &what, &help);
                }
                Some(_) => {}
            }
        }
        self.sources(build, "secrets", NO_SECRET, &self.secrets, path);
        let platforms = build.get("platforms").map(|found| items(&found.value));
        let platforms = platforms.unwrap_or_default();
        let Some(platform) = service.get("platform") else { return };
        let wanted = platform.value.scalar().map_or("", |scalar| scalar.text.as_str());
        let same = |item: &Node| item.scalar().is_some_and(|scalar| scalar.text == wanted);
        if !platforms.is_empty() && !wanted.is_empty() && !platforms.iter().any(same) {
            let what = format!("has to contain the service's `platform`, `{wanted}`");
            self.refuse(PLATFORM, path.key("platforms"), platform.value.span, &what, "");
        }
    }

    fn networks(&self, service: &Node, path: Path<'_>) {
        let networks = service.get("networks");
        let names = networks.map(|found| entries(&found.value)).unwrap_or_default();
        let mode = service.get("network_mode");
        let mode = mode.filter(|_| text_of(service, "network_mode") != Some(""));
        if let (Some(mode), false) = (mode, names.is_empty()) {
            let what = "`network_mode` and `networks` exclude each other";
            self.refuse(EXCLUSIVE, path.key("network_mode"), mode.at, what, "keep one of them");
        }
        self.names(service, "networks", NO_NETWORK, &self.networks, path);
    }

    /// Names below a key that have to exist at the top level.
    fn names(
        &self,
        service: &Node,
        key: &str,
        code: Code,
        known: &BTreeSet<String>,
        path: Path<'_>,
    ) {
        let path = path.key(key);
        let names = service.get(key).map(|found| entries(&found.value)).unwrap_or_default();
        for name in names {
            self.exists(&name.key, name.at, key, code, known, below(&path, name));
        }
    }

    /// Sources of a list that have to exist at the top level.
    fn sources(
        &self,
        node: &Node,
        key: &str,
        code: Code,
        known: &BTreeSet<String>,
        path: Path<'_>,
    ) {
        let path = path.key(key);
        let list = node.get(key).map(|found| items(&found.value)).unwrap_or_default();
        for (index, item) in list.iter().enumerate() {
            let source = item.get("source").map_or(item.span, |source| source.value.span);
            let name = text_of(item, "source").unwrap_or("");
            self.exists(name, source, key, code, known, path.item(index));
        }
    }

    fn exists(
        &self,
        name: &str,
        at: Span,
        key: &str,
        code: Code,
        known: &BTreeSet<String>,
        path: Path<'_>,
    ) {
        if known.contains(name) {
            return;
        }
        let what = format!("there is no {} `{name}`", &key[..key.len() - 1]);
        let near = did_you_mean(name, known.iter().map(String::as_str));
        let help = near.unwrap_or_else(|| match name {
            "" => "name it with `source:`".to_owned(),
            name => format!("add `{name}:` under `{key}:`"),
        });
        self.refuse(code, path, at, &what, &help);
    }

    fn dependencies(&self, service: &Node, above: Path<'_>) {
        let path = above.key("depends_on");
        let found = service.get("depends_on").map(|found| entries(&found.value));
        for entry in found.unwrap_or_default() {
            let Entry { key: name, at, value } = entry;
            if self.services.contains_key(name.as_str()) {
                continue;
            }
            let required = text_of(value, "required") != Some("false");
            match self.disabled.get(name.as_str()) {
                Some(_) if !required => {}
                Some(disabled) => self.disabled(name, disabled, *at, below(&path, entry)),
                None if self.implied(service, name, *at, above) => {}
                None => self.no_service(name, *at, below(&path, entry)),
            }
        }
    }

    /// Tells of a dependency that there is not where it was written, if that was not in
    /// `depends_on`.
    fn implied(&self, service: &Node, name: &str, at: Span, path: Path<'_>) -> bool {
        for key in ["links", "volumes_from", "network_mode", "ipc", "pid", "uts", "cgroup"] {
            let Some(found) = service.get(key) else { continue };
            let path = path.key(key);
            if found.value.span == at {
                self.no_service(name, at, path);
                return true;
            }
            if let Some(index) = items(&found.value).iter().position(|item| item.span == at) {
                self.no_service(name, at, path.item(index));
                return true;
            }
        }
        false
    }

    fn disabled(&self, name: &str, service: &Node, at: Span, path: Path<'_>) {
        let profiles = service.get("profiles").map(|found| items(&found.value));
        let profiles: Vec<_> = profiles
            .unwrap_or_default()
            .iter()
            .filter_map(|item| Some(format!("`{}`", item.scalar()?.text)))
            .collect();
        let what = format!("no active profile enables the service `{name}`");
        let help = format!("activate {}, or write `required: false`", profiles.join(" or "));
        self.refuse(DISABLED, path, at, &what, &help);
    }

    fn no_service(&self, name: &str, at: Span, path: Path<'_>) {
        let what = format!("there is no service `{name}`");
        // Which service it is about is the second key of the path.
        let keys = path.to_string();
        let own = keys.split('.').nth(1).unwrap_or_default();
        let others = self.services.keys().copied().filter(|other| *other != own);
        let help = did_you_mean(name, others).unwrap_or_default();
        self.refuse(NO_SERVICE, path, at, &what, &help);
    }

    fn health(&self, service: &Node, path: Path<'_>) {
        let test = service.get("healthcheck").and_then(|health| health.value.get("test"));
        let Some(first) = test.and_then(|test| items(&test.value).first()) else { return };
        let word = first.scalar().map_or("", |scalar| scalar.text.as_str());
        if !matches!(word, "CMD" | "CMD-SHELL" | "NONE") {
            let what =
                format!("must begin with `CMD`, `CMD-SHELL` or `NONE`, not {}", quote(first));
            let help = "write it as one string to let a shell run it";
            let path = path.key("healthcheck");
            self.refuse(HEALTH_TEST, path.key("test"), first.span, &what, help);
        }
    }

    fn watch(&self, service: &Node, path: Path<'_>) {
        let watch = service.get("develop").and_then(|develop| develop.value.get("watch"));
        let watch = watch.map(|found| items(&found.value)).unwrap_or_default();
        for (index, trigger) in watch.iter().enumerate() {
            let without = text_of(trigger, "target").is_none_or(str::is_empty);
            let action = text_of(trigger, "action").unwrap_or("");
            if without && !matches!(action, "rebuild" | "restart") {
                let what = format!("the action `{action}` needs a `target`");
                let path = path.key("develop");
                let path = path.key("watch");
                self.refuse(WATCH, path.item(index), trigger.span, &what, "");
            }
        }
    }
}

/// The path of a name that was written as a key. What was a value has no path of its own:
/// it may have been substituted, and paths are never hidden.
fn below<'p>(path: &'p Path<'p>, entry: &'p Entry) -> Path<'p> {
    if entry.at == entry.value.span { *path } else { path.key(&entry.key) }
}
