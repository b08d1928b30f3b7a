//! `build`: how a service's image is made, and what the engine's own call cannot do.

use std::collections::BTreeMap;

use super::contexts::{self, CONTEXT_HELP, refuse};
use super::draft::{self, Draft, Pending};
use super::files::Declared;
use super::place::{Place, as_written};
use super::{Scope, built, content, image, keys, limits, plain};
use crate::stack::codes::{BUILD_CALL, OUTSIDE_TREE};
use compose::codes::VALUE;
use context::ContextError;
use model::build::{Build, BuildSecret, Dockerfile, SshAgent};
use model::id::ImageRef;
use model::platform::Platform;
use text::paths::in_tree;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span};

/// What `build` says, with places for messages.
struct RequestedBuild {
    /// All that needs no second look; its context and Dockerfile are not settled.
    build: Build,
    context: (String, Span),
    dockerfile: (String, Span),
    inline: Option<(String, Span)>,
    entitlements: Vec<(String, Span)>,
    pending: Vec<Pending>,
}

/// Reads `build`.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let mut requested = RequestedBuild {
        build: Build::of("", Dockerfile::Inline(String::new())),
        context: (String::new(), field.at),
        dockerfile: ("Dockerfile".to_owned(), field.at),
        inline: None,
        entitlements: Vec::new(),
        pending: Vec::new(),
    };
    for part in keys::BUILD.admitted(&field.value, scope.report) {
        requested.part(part, scope);
    }
    requested.check(scope.report);
    draft.sensitive.extend(requested.build.args.keys().map(|name| format!("build.args.{name}")));
    draft.unbuilt = resolve(requested, scope);
}

/// The image's name: as the stack says, or Compose's for what is built.
pub(super) fn image(draft: &Draft<'_>, service: &Node, scope: &Scope<'_>) -> ImageRef {
    let built = || service.get("build").map(|_| format!("{}-{}", scope.instance.id, draft.name));
    let sensitive = draft.sensitive.contains("image");
    scope.image(draft.image.clone().or_else(built).unwrap_or_default(), sensitive)
}

impl RequestedBuild {
    fn part(&mut self, part: &Entry, scope: &Scope<'_>) {
        let (key, node, report) = (part.key.as_str(), &part.value, scope.report);
        let text = || report.text(key, node).filter(|text| !text.is_empty());
        let build = &mut self.build;
        match key {
            "context" => self.context = (text().unwrap_or_default(), node.span),
            "dockerfile" => {
                if let Some(text) = text() {
                    self.dockerfile = (text, node.span);
                }
            }
            "dockerfile_inline" => self.inline = text().map(|text| (text, node.span)),
            "args" => {
                let pairs = report.pairs(key, node).into_iter();
                build.args = pairs.filter_map(|pair| Some((pair.name, pair.value?))).collect();
            }
            "target" => build.target = text(),
            "labels" => build.labels = plain::labels(part, report),
            "tags" => {
                let tags = report.strings(key, node).into_iter();
                let valid = tags.filter(|(tag, item)| image::check(tag, item, report));
                build.tags = valid.map(|(tag, _)| ImageRef::new(tag)).collect();
            }
            "network" => build.network = text(),
            "extra_hosts" => {
                let hosts = report.string_list(key, node);
                build.extra_hosts = hosts.iter().map(|host| host.replacen('=', ":", 1)).collect();
            }
            "shm_size" => {
                let bytes = report.bytes(key, node).and_then(|bytes| u64::try_from(bytes).ok());
                build.shm_size = bytes.filter(|bytes| *bytes > 0);
            }
            "ulimits" => build.ulimits = limits::ulimits(node, report),
            "no_cache" => build.no_cache = report.boolean(key, node).unwrap_or(false),
            "pull" => build.pull = report.boolean(key, node).unwrap_or(false),
            "cache_from" => build.cache_from = cache_from(node, report),
            "cache_to" => build.inline_cache = cache_to(node, report),
            "platforms" => build.platform = platform(node, report),
            "isolation" => isolation(node, report),
            "entitlements" => {
                for item in report.list(key, node) {
                    self.entitlements.extend(report.text(key, item).map(|text| (text, item.span)));
                }
            }
            "privileged" => {
                let asked = report.boolean(key, node).filter(|asked| *asked);
                self.entitlements.extend(asked.map(|_| ("security.insecure".to_owned(), part.at)));
            }
            "secrets" => build.secrets = secrets(node, scope),
            "ssh" => build.ssh = agents(node, scope),
            "additional_contexts" => {
                (build.contexts, self.pending) = contexts::read(node, scope);
            }
            _ => {}
        }
    }

    /// What does not go together.
    fn check(&self, report: &Reporter) {
        for (name, at) in &self.entitlements {
            let granted = name == "network.host" && self.build.network.as_deref() == Some("host");
            if !granted {
                let message = format!("the entitlement `{name}` cannot be granted");
                let help = match name.as_str() {
                    "network.host" => "the engine grants it with `network: host` of the build",
                    _ => "an engine's own call for a build grants nothing beyond the network",
                };
                report.error_help(BUILD_CALL, *at, message, help);
            }
        }
        let own = self.build.contexts.values().any(contexts::is_built);
        if self.build.pull && (own || !self.pending.is_empty()) {
            built::refuse_pull(self.context.1, report);
        }
    }
}

/// Finds the context and the Dockerfile.
fn resolve(requested: RequestedBuild, scope: &Scope<'_>) -> Option<draft::Unbuilt> {
    let report = scope.report;
    let RequestedBuild { build, context: (context, at), dockerfile, inline, pending, .. } =
        requested;
    if contexts::is_elsewhere(&context) {
        if let Some((_, at)) = inline {
            report.error(
                BUILD_CALL,
                at,
                "instructions of the stack need a context that is a folder",
            );
            return None;
        }
        let dockerfile = Dockerfile::Within(dockerfile.0);
        let files = model::digest::Digest::of("");
        let build = Build { remote: Some(context), dockerfile, ..build };
        return Some(draft::Unbuilt { build, files, pending, at });
    }
    let Some(folder) = Place::of(&context, scope.instance).tree else {
        let message =
            format!("the context `{}` is outside the source's tree", as_written(&context));
        report.error_help(OUTSIDE_TREE, at, message, CONTEXT_HELP);
        return None;
    };
    let dockerfile_at = dockerfile.1;
    let dockerfile = match inline {
        Some((text, _)) => Dockerfile::Inline(text),
        None => place_of(&dockerfile.0, &folder, dockerfile_at, scope)?,
    };
    match scope.instance.contexts.digest(&folder, &dockerfile) {
        Ok(files) => {
            let build = Build { context: folder, dockerfile, ..build };
            Some(draft::Unbuilt { build, files, pending, at: dockerfile_at })
        }
        Err(error) => {
            let at =
                if matches!(error, ContextError::NoDockerfile(_)) { dockerfile_at } else { at };
            refuse(&error, at, scope);
            None
        }
    }
}

/// Where a Dockerfile is: inside the context, or elsewhere in the tree.
fn place_of(path: &str, folder: &str, at: Span, scope: &Scope<'_>) -> Option<Dockerfile> {
    if path.starts_with('/') {
        let tree = Place::of(path, scope.instance).tree;
        let within = tree.as_deref().and_then(|path| below(path, folder)).map(str::to_owned);
        if let Some(found) = within.map(Dockerfile::Within).or(tree.map(Dockerfile::Outside)) {
            return Some(found);
        }
    } else if let Some(within) = in_tree("", path) {
        return Some(Dockerfile::Within(within));
    } else if let Some(outside) = in_tree(folder, path) {
        let within = below(&outside, folder).map(str::to_owned);
        return Some(within.map_or(Dockerfile::Outside(outside), Dockerfile::Within));
    }
    let message = format!("the Dockerfile `{}` is outside the source's tree", as_written(path));
    scope.report.error_help(OUTSIDE_TREE, at, message, CONTEXT_HELP);
    None
}

fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

fn secrets(node: &Node, scope: &Scope<'_>) -> BTreeMap<String, BuildSecret> {
    let report = scope.report;
    let mut found = BTreeMap::new();
    for item in report.list("secrets", node) {
        let part = |key: &str| item.get(key).and_then(|part| report.text(key, &part.value));
        let Some(source) = part("source") else { continue };
        // What is declared wrongly has been reported there.
        let Some(declared) = scope.secrets.get(&source) else { continue };
        let secret = match declared {
            Declared::Content(content) => {
                Some(BuildSecret { from: format!("secret {source}"), content: content.clone() })
            }
            Declared::File(path, at) => secret_file(path, *at, scope),
        };
        let id = part("target").filter(|target| !target.is_empty()).unwrap_or(source);
        found.extend(secret.map(|secret| (id, secret)));
    }
    found
}

fn secret_file(path: &str, at: Span, scope: &Scope<'_>) -> Option<BuildSecret> {
    let Some(file) = Place::of(path, scope.instance).tree else {
        let message = format!("the file `{}` is outside the source's tree", as_written(path));
        let help = "a build reads secrets of the tree, or of a variable: `environment: NAME`";
        scope.report.error_help(OUTSIDE_TREE, at, message, help);
        return None;
    };
    let content = content::content(&file, at, scope)?;
    Some(BuildSecret { from: format!("file {file}"), content })
}

fn agents(node: &Node, scope: &Scope<'_>) -> BTreeMap<String, SshAgent> {
    let mut agents = BTreeMap::new();
    for entry in scope.report.map("ssh", node) {
        let path = entry.value.scalar().map(|scalar| scalar.text.as_str());
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            agents.insert(entry.key.to_string(), SshAgent::Operators);
            continue;
        };
        if let Some(socket) = Place::of(path, scope.instance).host {
            agents.insert(entry.key.to_string(), SshAgent::Socket(socket));
        } else {
            let message = format!("`{}` is no path of this machine", as_written(path));
            let help = "name the socket of an ssh agent, or `default` for the operator's";
            scope.report.error_help(VALUE, entry.at, message, help);
        }
    }
    agents
}

/// Images to build from the cache of. Other kinds of caches are buildx's.
fn cache_from(node: &Node, report: &Reporter) -> Vec<String> {
    let mut images = Vec::new();
    for item in report.list("cache_from", node) {
        let Some(text) = report.text("cache_from", item) else { continue };
        let parts: BTreeMap<&str, &str> =
            text.split(',').filter_map(|part| part.split_once('=')).collect();
        match (parts.get("type"), parts.get("ref")) {
            (None, None) if !text.contains('=') => images.push(text),
            (None | Some(&"registry"), Some(image)) => images.push((*image).to_owned()),
            _ => {
                let message =
                    format!("{} is a cache that the engine's call cannot read", quote(item));
                report.error_help(BUILD_CALL, item.span, message, "it reads the caches of images");
            }
        }
    }
    images
}

/// Whether the image is to hold its cache. Other kinds of caches are buildx's.
fn cache_to(node: &Node, report: &Reporter) -> bool {
    let mut inline = false;
    for item in report.list("cache_to", node) {
        let Some(text) = report.text("cache_to", item) else { continue };
        if text == "inline" || text.split(',').any(|part| part == "type=inline") {
            inline = true;
        } else {
            let message = format!("{} is a cache that the engine's call cannot write", quote(item));
            report.error_help(
                BUILD_CALL,
                item.span,
                message,
                "it writes `type=inline`: into the image itself",
            );
        }
    }
    inline
}

fn platform(node: &Node, report: &Reporter) -> Option<String> {
    let items = report.list("platforms", node);
    let [item] = items else {
        if let Some(second) = items.get(1) {
            let message = "an engine's own call builds for one platform at a time";
            report.error_help(
                BUILD_CALL,
                second.span,
                message,
                "keep the platform that the engine runs",
            );
        }
        return None;
    };
    let text = report.text("platforms", item)?;
    let parsed = Platform::parse(&text);
    if parsed.is_none() {
        report.error(
            VALUE,
            item.span,
            format!("{} is not `os/architecture[/variant]`", quote(item)),
        );
    }
    parsed.map(|platform| platform.to_string())
}

fn isolation(node: &Node, report: &Reporter) {
    let text = report.text("isolation", node).unwrap_or_default();
    if !matches!(text.as_str(), "" | "default") {
        let message = format!("the isolation {} is of Windows containers", quote(node));
        report.error(BUILD_CALL, node.span, message);
    }
}
