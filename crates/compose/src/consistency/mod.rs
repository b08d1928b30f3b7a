//! What no single key can say: whether the parts of a stack fit each other. Everything that
//! is wrong is reported, not only the first of it.

mod graph;
mod limits;
mod mounts;
mod parts;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use super::Project;
use super::codes::{CONTAINER_NAME, NO_CONTENT};
use super::nodes::{entries, get_mut, text_of};
use super::path::Path;
use super::schema::refuse;
use model::diagnostic::Code;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span};

pub(super) use parts::parts;

/// Checks a whole project whose values are typed.
pub(super) fn whole(project: &mut Project, legacy: bool, report: &Reporter) {
    if let Some(services) = get_mut(&mut project.root, "services") {
        limits::level_scale(services, report);
    }
    let empty: &[Entry] = &[];
    let section = |key: &str| project.root.get(key).map_or(empty, |found| entries(&found.value));
    let by_name = |entries: &'_ [Entry]| -> BTreeSet<String> {
        entries.iter().map(|entry| entry.key.to_string()).collect()
    };
    let services = section("services");
    let whole = Whole {
        report,
        legacy,
        services: services.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect(),
        disabled: project.disabled.iter().map(|e| (e.key.as_str(), &e.value)).collect(),
        networks: by_name(section("networks")),
        volumes: by_name(section("volumes")),
        secrets: by_name(section("secrets")),
        configs: by_name(section("configs")),
        models: by_name(section("models")),
    };
    let path = Path::Root.key("services");
    for Entry { key, at, value } in services {
        whole.service(value, *at, path.key(key));
    }
    graph::cycles(services, report);
    container_names(services, report);
    let path = Path::Root.key("secrets");
    for Entry { key, at, value } in section("secrets") {
        let empty = |key: &str| text_of(value, key).is_none_or(str::is_empty);
        if text_of(value, "external") != Some("true") && empty("file") && empty("environment") {
            let what = "needs a `file` or an `environment`";
            refuse(report, NO_CONTENT, path.key(key), *at, what, None);
        }
    }
}

/// What is checked against what.
struct Whole<'p> {
    /// Whether volumes need not be declared.
    legacy: bool,
    report: &'p Reporter,
    services: BTreeMap<&'p str, &'p Node>,
    disabled: BTreeMap<&'p str, &'p Node>,
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
    secrets: BTreeSet<String>,
    configs: BTreeSet<String>,
    models: BTreeSet<String>,
}

impl Whole<'_> {
    fn refuse(&self, code: Code, path: Path<'_>, at: Span, what: &str, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        refuse(self.report, code, path, at, what, help);
    }
}

/// Every service whose container name another one has as well.
fn container_names(services: &[Entry], report: &Reporter) {
    let mut owners: BTreeMap<&str, Vec<(&str, &Entry)>> = BTreeMap::new();
    for Entry { key, value, .. } in services {
        if let Some(found) = value.get("container_name")
            && let Some(name) = found.value.scalar().filter(|name| !name.text.is_empty())
        {
            owners.entry(&name.text).or_default().push((key, found));
        }
    }
    let path = Path::Root.key("services");
    for (name, owners) in owners.iter().filter(|(_, owners)| owners.len() > 1) {
        for (index, (service, found)) in owners.iter().enumerate() {
            let other = owners[usize::from(index == 0)].0;
            let what = format!("the service `{other}` has the same container name `{name}`");
            let path = path.key(service);
            let help = Some("give each its own name, or none".to_owned());
            refuse(report, CONTAINER_NAME, path.key("container_name"), found.at, &what, help);
        }
    }
}
