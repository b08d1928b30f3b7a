//! What definitions of other tools become: a `deployments.yaml` for each repository, and settings
//! of the operator's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use model::id::DeploymentId;
use model::secret::is_sensitive_name;
use text::emit::{Pair, Yaml, scalar};

/// All that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Imported {
    /// The sources, in the order in which they are named.
    pub(super) sources: Vec<Source>,
    /// What concerns no deployment alone.
    pub(super) notes: Vec<String>,
}

/// A repository at a reference, and what is deployed from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    /// Its address, without a login; `None` is the one that the definitions lie in.
    pub(super) url: Option<String>,
    /// Branch, tag or commit.
    pub(super) reference: Option<String>,
    /// Settings of the operator's, as `key: value`.
    pub(super) settings: Vec<(String, String)>,
    /// Variables that the operator passes on, because their values are secret.
    pub(super) passed: BTreeSet<String>,
    /// The deployments.
    pub(super) deployments: Vec<Entry>,
}

/// An entry of `deployments.yaml`.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Its id.
    pub(super) id: String,
    /// Its keys.
    pub(super) pairs: Vec<Pair>,
    /// What it does not carry.
    pub(super) notes: Vec<String>,
}

impl Imported {
    /// The source with this address and reference.
    pub(super) fn source(&mut self, url: Option<&str>, reference: Option<&str>) -> &mut Source {
        let url = url.filter(|url| !url.is_empty()).map(address);
        let reference = reference.filter(|text| !text.is_empty()).map(|text| {
            let short =
                text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/"));
            short.unwrap_or(text).to_owned()
        });
        let is_it = |it: &Source| it.url == url && it.reference == reference;
        let place = self.sources.iter().position(is_it).unwrap_or_else(|| {
            self.sources.push(Source { url, reference, ..Source::default() });
            self.sources.len() - 1
        });
        &mut self.sources[place]
    }

    /// A document for each source.
    pub(super) fn text(&self, heading: &str) -> String {
        let several = self.sources.len() > 1;
        let documents = self.sources.iter().enumerate().map(|(place, source)| {
            let mut comments = Vec::new();
            if place == 0 {
                comments.push(heading.to_owned());
                comments.extend(self.notes.iter().map(|note| format!("not carried: {note}")));
            }
            if several {
                comments.push(format!(
                    "deployments.yaml of {}; each repository has its own, and is a source of its own.",
                    source.name()
                ));
            }
            comments.extend(source.comments());
            Yaml::document(&comments, &source.pairs())
        });
        documents.collect::<Vec<_>>().join("---\n")
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Json {
        let notes = |source: &Source| -> BTreeMap<String, Vec<String>> {
            let all = source.deployments.iter().filter(|entry| !entry.notes.is_empty());
            all.map(|entry| (entry.id.clone(), entry.notes.clone())).collect()
        };
        let sources = self.sources.iter().map(|source| {
            json!({
                "source": source.url,
                "ref": source.reference,
                "settings": source.settings().into_iter().collect::<BTreeMap<_, _>>(),
                "deployments": source.deployments.iter().map(|entry| &entry.id).collect::<Vec<_>>(),
                "not_carried": notes(source),
                "file": Yaml::document(&[], &source.pairs()),
            })
        });
        json!({ "sources": sources.collect::<Vec<_>>(), "not_carried": self.notes })
    }
}

impl Source {
    fn name(&self) -> String {
        let url = self.url.as_deref().unwrap_or("this repository");
        let at = self.reference.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
        format!("{url}{at}")
    }

    /// Settings as the operator's file has them.
    fn settings(&self) -> Vec<(String, String)> {
        let own = [("source", &self.url), ("ref", &self.reference)];
        let own = own
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), scalar(value.as_deref()?))));
        let mut all: Vec<(String, String)> = own.chain(self.settings.iter().cloned()).collect();
        if !self.passed.is_empty() {
            let names: Vec<&str> = self.passed.iter().map(String::as_str).collect();
            all.push(("env".to_owned(), format!("[{}]", names.join(", "))));
        }
        all
    }

    fn comments(&self) -> Vec<String> {
        let settings = self.settings();
        if settings.is_empty() {
            return Vec::new();
        }
        let first = "For the operator's configuration (`--config FILE`):".to_owned();
        let lines = settings.into_iter().map(|(key, value)| format!("  {key}: {value}"));
        [first].into_iter().chain(lines).collect()
    }

    fn pairs(&self) -> Vec<Pair> {
        let entries = self.deployments.iter().map(|entry| {
            let notes = entry.notes.iter().map(|note| format!("not carried: {note}"));
            Pair::new(&entry.id, Yaml::Map(entry.pairs.clone())).with_comments(notes.collect())
        });
        vec![Pair::new("deployments", Yaml::Map(entries.collect()))]
    }

    /// Adds an entry, whose id no other has.
    pub(super) fn add(&mut self, name: &str, mut entry: Entry) {
        let id = self::id(name);
        if id != name {
            entry.notes.push(format!(
                "its name `{name}`: an id has lower-case letters, digits, `-` and `_`"
            ));
        }
        let numbered = (2..).map(|n| format!("{id}-{n}"));
        let mut ids = std::iter::once(id.clone()).chain(numbered);
        let is_free = |id: &String| self.deployments.iter().all(|other| other.id != *id);
        entry.id = ids.find(is_free).expect("BUG: numbers do not end");
        self.deployments.push(entry);
    }

    /// Writes variables for a stack; what is secret by its name is left to the operator.
    pub(super) fn variables(&mut self, entry: &mut Entry, all: &[(String, String)]) {
        let (secret, plain): (Vec<_>, Vec<_>) =
            all.iter().partition(|(name, value)| is_sensitive_name(name) || holds_login(value));
        if !plain.is_empty() {
            let pair = |(name, value): &(String, String)| (name.clone(), Yaml::text(value));
            entry.pairs.push(Pair::new("variables", Yaml::map(plain.into_iter().map(pair))));
        }
        for (name, _) in secret {
            entry.notes.push(format!(
                "the value of `{name}`, which is secret: set it where the controller runs (`env`)"
            ));
            self.passed.insert(name.clone());
        }
    }
}

/// Whether a value is an address with a password in it.
fn holds_login(value: &str) -> bool {
    value.contains("://") && address(value) != *value || value.contains("PRIVATE KEY-----")
}

/// The address of a repository without what may be secret in it: who logs in over https is a
/// setting of its own.
pub(super) fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (login, host) = host.rsplit_once('@').map_or(("", host), |(login, host)| (login, host));
    let user = login.split(':').next().unwrap_or_default();
    let user = if scheme == "ssh" && !user.is_empty() { format!("{user}@") } else { String::new() };
    format!("{scheme}://{user}{host}{path}")
}

/// A name as an id.
fn id(name: &str) -> String {
    if DeploymentId::is_valid(name) {
        return name.to_owned();
    }
    let lower = name.to_ascii_lowercase();
    let kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let id: String = lower.chars().filter(|c| kept(*c)).collect();
    let id = id.trim_start_matches(['-', '_']).to_owned();
    if id.is_empty() { "stack".to_owned() } else { id }
}

/// A path inside a folder; `.` and what leads nowhere are left out.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let parts = folder.split('/').chain(path.split('/'));
    let mut kept: Vec<&str> = Vec::new();
    for part in parts.filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." && kept.last().is_some_and(|last| *last != "..") {
            kept.pop();
        } else {
            kept.push(part);
        }
    }
    if kept.is_empty() { ".".to_owned() } else { kept.join("/") }
}

/// Seconds as a setting.
pub(super) fn seconds(number: u64) -> String {
    match number {
        n if n > 0 && n % 3600 == 0 => format!("{}h", n / 3600),
        n if n > 0 && n % 60 == 0 => format!("{}m", n / 60),
        n => format!("{n}s"),
    }
}

/// The texts of a list, or a text alone.
pub(super) fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

/// A scalar as text.
pub(super) fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(on) => Some(on.to_string()),
        _ => None,
    }
}
