//! Lists whose items have a key: of two with the same, the later takes the place of the
//! earlier.

use std::collections::BTreeMap;

use super::codes::ITEM;
use super::path::Path;
use crate::text::report::Reporter;
use crate::text::yaml::{Kind, Node, Value};

/// What an item's key is; `None` if it has none, with the reason.
type Key = fn(&Node) -> Result<String, &'static str>;

/// Which lists are unique by what. `*` is any key.
const LISTS: [(&[&str], Key); 28] = [
    (&["networks", "*", "labels"], name),
    (&["networks", "*", "ipam", "options"], name),
    (&["services", "*", "annotations"], name),
    (&["services", "*", "build", "args"], name),
    (&["services", "*", "build", "additional_contexts"], name),
    (&["services", "*", "build", "platform"], name),
    (&["services", "*", "build", "tags"], name),
    (&["services", "*", "build", "labels"], name),
    (&["services", "*", "cap_add"], name),
    (&["services", "*", "cap_drop"], name),
    (&["services", "*", "configs"], config),
    (&["services", "*", "deploy", "labels"], name),
    (&["services", "*", "devices"], device),
    (&["services", "*", "dns"], name),
    (&["services", "*", "dns_opt"], name),
    (&["services", "*", "dns_search"], name),
    (&["services", "*", "environment"], name),
    (&["services", "*", "env_file"], env_file),
    (&["services", "*", "expose"], exposed),
    (&["services", "*", "labels"], name),
    (&["services", "*", "links"], name),
    (&["services", "*", "networks", "*", "aliases"], name),
    (&["services", "*", "networks", "*", "link_local_ips"], name),
    (&["services", "*", "ports"], port),
    (&["services", "*", "profiles"], name),
    (&["services", "*", "secrets"], secret),
    (&["services", "*", "sysctls"], name),
    (&["services", "*", "tmpfs"], name),
];
/// Volumes need the grammar of mounts.
const VOLUMES: &[&str] = &["services", "*", "volumes"];

/// Makes every list unique that has to be.
pub(crate) fn unique(root: &mut Node, report: &Reporter) {
    let lists = LISTS.into_iter().chain([(VOLUMES, volume as Key)]);
    for (pattern, key) in lists {
        each(root, pattern, &Path::Root, &mut |list, path| one(list, path, key, report));
    }
}

/// Does something with each node at a pattern.
fn each(
    node: &mut Node,
    pattern: &[&str],
    path: &Path<'_>,
    act: &mut dyn FnMut(&mut Node, &Path<'_>),
) {
    let Some((first, rest)) = pattern.split_first() else { return act(node, path) };
    let Value::Map(entries) = &mut node.value else { return };
    for entry in entries.iter_mut().filter(|entry| *first == "*" || entry.key == *first) {
        each(&mut entry.value, rest, &path.key(&entry.key), act);
    }
}

fn one(list: &mut Node, path: &Path<'_>, key: Key, report: &Reporter) {
    let Value::List(items) = &mut list.value else { return };
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for (index, item) in items.drain(..).enumerate() {
        match key(&item) {
            Ok(key) => {
                let place = *places.entry(key).or_insert(kept.len());
                if let Some(earlier) = kept.get_mut(place) {
                    *earlier = item;
                } else {
                    kept.push(item);
                }
            }
            Err(why) => {
                let at = path.item(index);
                report.refuse_as(ITEM, item.span, format!("`{at}`: {why}"), None);
                kept.push(item);
            }
        }
    }
    *items = kept;
}

fn text(node: &Node) -> Option<&str> {
    node.scalar().filter(|scalar| scalar.kind == Kind::Text).map(|scalar| scalar.text.as_str())
}

/// The value of a key of an item as text.
fn field<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    item.get(key)?.value.scalar().map(|scalar| scalar.text.as_str())
}

/// What stands before `=`.
fn name(item: &Node) -> Result<String, &'static str> {
    let text = text(item).ok_or("this must be text")?;
    Ok(text.split_once('=').map_or(text, |(name, _)| name).to_owned())
}

fn device(item: &Node) -> Result<String, &'static str> {
    match text(item) {
        Some(text) => Ok(text.split(':').nth(1).unwrap_or(text).to_owned()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "target").ok_or("a device needs a `target`")?.to_owned())
        }
        None => Ok(String::new()),
    }
}

fn volume(item: &Node) -> Result<String, &'static str> {
    match text(item) {
        Some(text) => Ok(target(text).to_owned()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "target").ok_or("a volume needs a `target`")?.to_owned())
        }
        None => Ok(String::new()),
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

fn exposed(item: &Node) -> Result<String, &'static str> {
    match item.scalar() {
        Some(scalar) if matches!(scalar.kind, Kind::Text | Kind::Int) => Ok(scalar.text.clone()),
        _ => Err("this must be a port"),
    }
}

fn mounted(item: &Node, folder: &str) -> Result<String, &'static str> {
    match text(item) {
        Some(text) => Ok(format!("{folder}/{text}")),
        None if matches!(item.value, Value::Map(_)) => Ok(match field(item, "target") {
            Some(target) => target.to_owned(),
            None => format!("{folder}/{}", field(item, "source").unwrap_or("<nil>")),
        }),
        None => Err("this must be a name or a map"),
    }
}

fn config(item: &Node) -> Result<String, &'static str> {
    mounted(item, "")
}

fn secret(item: &Node) -> Result<String, &'static str> {
    mounted(item, "/run/secrets")
}

fn port(item: &Node) -> Result<String, &'static str> {
    match &item.value {
        Value::Scalar(scalar) => Ok(match scalar.kind {
            Kind::Text | Kind::Int => scalar.text.clone(),
            Kind::Bool | Kind::Float | Kind::Time => String::new(),
        }),
        Value::Map(_) => {
            let target = field(item, "target").ok_or("a port needs a `target`")?;
            let published = field(item, "published").unwrap_or("%!s(<nil>)");
            let host = field(item, "host_ip").unwrap_or("0.0.0.0");
            let protocol = field(item, "protocol").unwrap_or("tcp");
            Ok(format!("{host}:{published}:{target}/{protocol}"))
        }
        Value::Null | Value::List(_) => Ok(String::new()),
    }
}

fn env_file(item: &Node) -> Result<String, &'static str> {
    match text(item) {
        Some(text) => Ok(text.to_owned()),
        None if matches!(item.value, Value::Map(_)) => {
            Ok(field(item, "path").ok_or("an env file needs a `path`")?.to_owned())
        }
        None => Ok(String::new()),
    }
}
