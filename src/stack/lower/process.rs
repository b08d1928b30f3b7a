//! What a service's process is given: command lines, environment, capabilities, hosts.

use std::collections::{BTreeMap, BTreeSet};

use super::Scope;
use super::service::Draft;
use crate::compose::dotenv;
use crate::compose::variables::{Lookup, pass_it};
use crate::model::secret::is_sensitive_name;
use crate::text::paths;
use crate::text::read::Pair;
use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::words::{self, Unsplittable};
use crate::text::yaml::{Entry, MAX_FILE, Node, Value};
use crate::world::TreeError;

/// `command` or `entrypoint`: a list, or a string that is split into words.
pub(super) fn words(field: &Entry, report: &Reporter) -> Option<Vec<String>> {
    let (key, node) = (field.key.as_str(), &field.value);
    if matches!(node.value, Value::List(_)) {
        return Some(report.string_list(key, node));
    }
    let line = report.string(key, node)?;
    match words::split(&line) {
        Ok(words) => Some(words),
        Err(Unsplittable::OpenQuote(quote)) => {
            report.error(node.span, format!("`{key}` has a {quote} that is not closed"));
            None
        }
        Err(Unsplittable::ShellOnly(c)) => {
            report.error_help(
                node.span,
                format!("`{key}` is not run by a shell: Compose would cut it at `{c}`"),
                "put it into quotes, or write `[\"sh\", \"-c\", \"…\"]`",
            );
            None
        }
    }
}

/// `env_file`, then `environment`, which wins.
pub(super) fn environment(draft: &mut Draft<'_>, service: &Node, scope: &Scope<'_>) {
    if let Some(files) = service.get("env_file") {
        env_files(draft, files, scope);
    }
    let Some(field) = service.get("environment") else { return };
    for pair in scope.report.pairs("environment", &field.value) {
        set_variable(draft, pair, scope);
    }
}

fn set_variable(draft: &mut Draft<'_>, pair: Pair, scope: &Scope<'_>) {
    let path = format!("environment.{}", pair.name);
    let (value, sensitive) = match pair.value {
        Some(value) => (value, pair.sensitive),
        None => match scope.instance.variables.get(&pair.name) {
            Lookup::Found { value, sensitive } => (value.to_owned(), sensitive),
            // Compose: a name without a value that is not set is not passed on.
            Lookup::Unset => {
                draft.spec.env.remove(&pair.name);
                return;
            }
            Lookup::Withheld => {
                let message =
                    format!("the variable `{}` is set where this runs, but not passed", pair.name);
                scope.report.error_help(pair.at, message, pass_it(&pair.name));
                return;
            }
        },
    };
    if sensitive || is_sensitive_name(&pair.name) {
        draft.sensitive.insert(path);
    } else {
        draft.sensitive.remove(&path);
    }
    draft.spec.env.insert(pair.name, value);
}

fn env_files(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let report = scope.report;
    let items = match &field.value.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(&field.value),
    };
    for item in items.iter().filter(|item| !item.is_null()) {
        let mut path = None;
        let (mut required, mut raw) = (true, false);
        if let Value::Map(entries) = &item.value {
            for entry in entries {
                let node = &entry.value;
                match entry.key.as_str() {
                    "path" => path = report.string("env_file.path", node).map(|p| (p, node)),
                    "required" => {
                        required = report.boolean("env_file.required", node).unwrap_or(true);
                    }
                    "format" => match report.string("env_file.format", node).as_deref() {
                        Some("raw") => raw = true,
                        Some(_) => report.error(node.span, "`format` can only be `raw`"),
                        None => {}
                    },
                    key => report.refuse(
                        entry.at,
                        format!("`{key}` is not a key of `env_file`"),
                        did_you_mean(key, ["path", "required", "format"]),
                    ),
                }
            }
        } else {
            path = report.string("env_file", item).map(|path| (path, item));
        }
        if let Some((path, node)) = path {
            env_file(draft, &path, node, required, raw, scope);
        }
    }
}

fn env_file(
    draft: &mut Draft<'_>,
    path: &str,
    node: &Node,
    required: bool,
    raw: bool,
    scope: &Scope<'_>,
) {
    let (report, instance) = (scope.report, scope.instance);
    let Some(file) = paths::in_tree(instance.base, path) else {
        let message = format!("the env file `{path}` is outside the source's tree");
        report.error_help(node.span, message, "move it beside the stack file");
        return;
    };
    let bytes = match instance.tree.read(&file, MAX_FILE) {
        Ok(bytes) => bytes,
        Err(TreeError::Missing(_)) if !required => return,
        Err(error) => {
            report.error(node.span, format!("the env file cannot be used: {error}"));
            return;
        }
    };
    let Ok(text) = String::from_utf8(bytes) else {
        report.error(node.span, format!("the env file `{file}` is not UTF-8 text"));
        return;
    };
    let inner = Reporter::hidden(&file);
    for assignment in dotenv::read(&text, instance.variables, &mut BTreeMap::new(), raw, &inner) {
        let path = format!("environment.{}", assignment.name);
        let Some(value) = assignment.value else { continue };
        let mut at = inner.loc(node.span);
        (at.line, at.column) = (assignment.line, 1);
        draft.origins.note(path.clone(), at);
        draft.sensitive.insert(path);
        draft.spec.env.insert(assignment.name, value);
    }
    for diagnostic in inner.finish() {
        report.add(diagnostic);
    }
}

/// `cap_add` or `cap_drop` in the engine's form.
pub(super) fn capabilities(field: &Entry, report: &Reporter) -> BTreeSet<String> {
    let names = report.string_list(&field.key, &field.value);
    names
        .into_iter()
        .map(|name| {
            let name = name.to_ascii_uppercase();
            name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
        })
        .collect()
}

/// `extra_hosts`: `name=address`, `name:address`, or a map; IPv6 also in brackets.
pub(super) fn extra_hosts(field: &Entry, report: &Reporter) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    let mut add = |name: &str, address: &str| {
        let address =
            address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
        hosts.insert(format!("{name}:{address}"));
    };
    if let Value::Map(entries) = &field.value.value {
        for entry in entries {
            for (address, _) in report.strings("extra_hosts", &entry.value) {
                add(&entry.key, &address);
            }
        }
        return hosts;
    }
    for (text, node) in report.strings("extra_hosts", &field.value) {
        match text.split_once('=').or_else(|| text.split_once(':')) {
            Some((name, address)) if !name.is_empty() && !address.is_empty() => {
                add(name, address);
            }
            _ => report.error_help(
                node.span,
                "an entry of `extra_hosts` needs a name and an address",
                "write `name=address`",
            ),
        }
    }
    hosts
}
