//! Lists whose items have a key: of two with the same, the later takes the place of the
//! earlier.

use std::collections::BTreeMap;

use super::codes::ITEM;
use super::path::Path;
use model::secret::is_sensitive_name;
use text::report::Reporter;
use text::yaml::{Entry, Kind, Node, SmolStr, Value, format_smolstr};

/// What an item's key is; `None` if it has none, with the reason.
type Key = fn(&Node) -> Result<SmolStr, &'static str>;

/// How many keys lead to the deepest list that is unique.
const DEEPEST: usize = 5;

/// What the items of a list are unique by, if they are.
fn rule(path: &Path<'_>) -> Option<Key> {
    Some(match *path.keys() {
        ["services", _, key] => match key {
            "annotations" | "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search"
            | "environment" | "labels" | "links" | "profiles" | "sysctls" | "tmpfs" => name,
            "configs" => config,
            "devices" => device,
            "env_file" => env_file,
            "expose" => exposed,
            "ports" => port,
            "secrets" => secret,
            "volumes" => volume,
            _ => return None,
        },
        [
            "services",
            _,
            "build",
            "args" | "additional_contexts" | "labels" | "platform" | "tags",
        ]
        | ["services", _, "deploy", "labels"]
        | ["services", _, "networks", _, "aliases" | "link_local_ips"]
        | ["networks", _, "labels"]
        | ["networks", _, "ipam", "options"] => name,
        _ => return None,
    })
}

/// Makes every list unique that has to be.
pub(crate) fn unique(root: &mut Node, report: &Reporter) {
    walk(root, &Path::Root, DEEPEST, report);
}

fn walk(node: &mut Node, path: &Path<'_>, deeper: usize, report: &Reporter) {
    match &mut node.value {
        Value::List(_) => {
            if let Some(key) = rule(path) {
                one(node, path, key, report);
            }
        }
        Value::Map(entries) if deeper > 0 => {
            for entry in entries {
                walk(&mut entry.value, &path.key(&entry.key), deeper - 1, report);
            }
        }
        _ => {}
    }
}

fn one(list: &mut Node, path: &Path<'_>, key: Key, report: &Reporter) {
    let Value::List(items) = &mut list.value else { return };
    let mut places: BTreeMap<SmolStr, usize> = BTreeMap::new();
    let mut kept = 0;
    for index in 0..items.len() {
        let item = &items[index];
        let place = match key(item) {
            Ok(key) => *places.entry(key).or_insert(kept),
            Err(why) => {
                let at = path.item(index);
                let help = (why == NO_TEXT).then(|| as_text(item)).flatten();
                report.refuse_as(ITEM, item.span, format!("`{at}`: {why}"), help);
                kept
            }
        };
        items.swap(place, index);
        kept = kept.max(place + 1);
    }
    items.truncate(kept);
}

fn text(node: &Node) -> Option<&str> {
    node.scalar().filter(|scalar| scalar.kind == Kind::Text).map(|scalar| scalar.text.as_str())
}

/// What is said of an item that should be `name=value`.
const NO_TEXT: &str = "this must be text";

/// How an item is written as text; values of secret names are left out.
fn as_text(item: &Node) -> Option<String> {
    let pair = |entry: &Entry| {
        let scalar = entry.value.scalar()?;
        let hidden = scalar.sensitive || is_sensitive_name(&entry.key);
        let value = if hidden { "…" } else { scalar.text.as_str() };
        Some(format!("`{}={value}`", entry.key))
    };
    match &item.value {
        Value::Map(entries) => {
            let pairs = entries.iter().map(pair).collect::<Option<Vec<_>>>()?;
            (!pairs.is_empty()).then(|| format!("write {}", pairs.join(" and ")))
        }
        Value::Scalar(_) => Some("write it in quotes".to_owned()),
        Value::Null | Value::List(_) => None,
    }
}

/// The value of a key of an item as text.
fn field<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    item.get(key)?.value.scalar().map(|scalar| scalar.text.as_str())
}

/// What stands before `=`.
fn name(item: &Node) -> Result<SmolStr, &'static str> {
    let text = text(item).ok_or(NO_TEXT)?;
    Ok(text.split_once('=').map_or(text, |(name, _)| name).into())
}

fn device(item: &Node) -> Result<SmolStr, &'static str> {
    match text(item) {
        Some(text) => Ok(text.split(':').nth(1).unwrap_or(text).into()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "target").ok_or("a device needs a `target`")?.into())
        }
        None => Ok(SmolStr::default()),
    }
}

fn volume(item: &Node) -> Result<SmolStr, &'static str> {
    match text(item) {
        Some(text) => Ok(target(text).into()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "target").ok_or("a volume needs a `target`")?.into())
        }
        None => Ok(SmolStr::default()),
    }
}

/// Where a volume in short form is mounted: its second part, or its only one. The `:` of
/// a drive (`C:\\data`) does not end a part, nor does one inside `${…}`.
fn target(spec: &str) -> &str {
    let mut start = 0;
    let mut open = 0;
    let mut parts = 0;
    for (at, c) in spec.char_indices() {
        let part = &spec[start..at];
        let drive = part.len() == 1 && part.starts_with(|c: char| c.is_ascii_alphabetic());
        match c {
            '$' if spec[at + 1..].starts_with('{') => open += 1,
            '}' if open > 0 => open -= 1,
            ':' if open == 0 && !drive && parts == 1 => return part,
            ':' if open == 0 && !drive => (start, parts) = (at + 1, parts + 1),
            _ => {}
        }
    }
    &spec[start..]
}

fn exposed(item: &Node) -> Result<SmolStr, &'static str> {
    match item.scalar() {
        Some(scalar) if matches!(scalar.kind, Kind::Text | Kind::Int) => Ok(scalar.text.clone()),
        _ => Err("this must be a port"),
    }
}

fn mounted(item: &Node, folder: &str) -> Result<SmolStr, &'static str> {
    match text(item) {
        Some(text) => Ok(format_smolstr!("{folder}/{text}")),
        None if matches!(item.value, Value::Map(_)) => {
            let source =
                || format_smolstr!("{folder}/{}", field(item, "source").unwrap_or("<nil>"));
            Ok(field(item, "target").map_or_else(source, SmolStr::from))
        }
        None => Err("this must be a name or a map"),
    }
}

fn config(item: &Node) -> Result<SmolStr, &'static str> {
    mounted(item, "")
}

fn secret(item: &Node) -> Result<SmolStr, &'static str> {
    mounted(item, "/run/secrets")
}

fn port(item: &Node) -> Result<SmolStr, &'static str> {
    match &item.value {
        Value::Scalar(scalar) => Ok(match scalar.kind {
            Kind::Text | Kind::Int => scalar.text.clone(),
            Kind::Bool | Kind::Float | Kind::Time => SmolStr::default(),
        }),
        Value::Map(_) => {
            let target = field(item, "target").ok_or("a port needs a `target`")?;
            let published = field(item, "published").unwrap_or("%!s(<nil>)");
            let host = field(item, "host_ip").unwrap_or("0.0.0.0");
            let protocol = field(item, "protocol").unwrap_or("tcp");
            Ok(format_smolstr!("{host}:{published}:{target}/{protocol}"))
        }
        Value::Null | Value::List(_) => Ok(SmolStr::default()),
    }
}

fn env_file(item: &Node) -> Result<SmolStr, &'static str> {
    match text(item) {
        Some(text) => Ok(text.into()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "path").ok_or("an env file needs a `path`")?.into())
        }
        None => Ok(SmolStr::default()),
    }
}
