//! One stack file merged onto another: maps deeply, lists appended, scalars replaced, and
//! the attributes that have rules of their own.

use super::codes::MERGE;
use super::path::Path;
use text::report::Reporter;
use text::yaml::{Entry, Kind, Node, Scalar, SmolStr, Span, Value, format_smolstr};

/// Merges `over` onto `base`. What does not fit together is reported, and `base` kept.
pub(crate) fn merge(base: &mut Node, over: Node, path: &Path<'_>, report: &Reporter) {
    match *path.keys() {
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"] => {
            *base = over;
        }
        ["services", _, "logging"] => logging(base, over, path, report),
        ["services", _, "build"] => {
            let context = |node: Node| match &node.value {
                Value::Scalar(_) => single("context", node),
                _ => node,
            };
            replace(base, context);
            maps(base, context(over), path, report);
        }
        ["services", _, "depends_on"] => {
            replace(base, |node| keyed(node, started));
            maps(base, keyed(over, started), path, report);
        }
        ["services", _, "models" | "networks"] => {
            replace(base, |node| keyed(node, null));
            maps(base, keyed(over, null), path, report);
        }
        ["services", _, "extra_hosts"] | ["services", _, "build", "extra_hosts"] => {
            let known: Vec<SmolStr> = items(base).iter().map(text).collect();
            let mut over = sequence(over);
            over.retain(|item| !known.contains(&text(item)));
            append(base, over);
        }
        [
            "services",
            _,
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file"
            | "environment" | "labels" | "sysctls" | "tmpfs",
        ]
        | ["services", _, "build", "args" | "additional_contexts" | "labels"]
        | ["services", _, "deploy", "labels"]
        | ["services", _, "volumes", _, "volume", "labels"]
        | ["networks" | "volumes", _, "labels"] => append(base, sequence(over)),
        // Compose means to merge them, and replaces: see the notes on its defects.
        ["services", _, "ulimits", _] => *base = over,
        ["networks", _, "ipam", "config"] => ipam(base, over, path, report),
        _ => plain(base, over, path, report),
    }
}

/// The rule of everything that has no rule of its own.
fn plain(base: &mut Node, over: Node, path: &Path<'_>, report: &Reporter) {
    match (&base.value, &over.value) {
        (_, Value::Null) => {}
        (Value::Map(_), Value::Map(_)) => maps(base, over, path, report),
        (Value::List(_), Value::List(_)) => append(base, sequence(over)),
        (Value::Map(_) | Value::List(_), _) => {
            let message =
                format!("`{path}`: {} cannot be merged onto {}", over.describe(), base.describe());
            let help = format!("it was given first at {}", report.loc(base.span));
            report.refuse_as(MERGE, over.span, message, Some(help));
        }
        _ => *base = over,
    }
}

/// Merges the entries of maps; what is no map counts as an empty one.
fn maps(base: &mut Node, over: Node, path: &Path<'_>, report: &Reporter) {
    let Value::Map(more) = over.value else { return };
    let Value::Map(entries) = &mut base.value else {
        *base = Node { span: over.span, value: Value::Map(more) };
        return;
    };
    for entry in more {
        match entries.iter_mut().find(|known| known.key == entry.key) {
            None => entries.push(entry),
            Some(Entry { key, value, .. }) => merge(value, entry.value, &path.key(key), report),
        }
    }
}

/// Options belong to their driver: another driver brings its own.
fn logging(base: &mut Node, over: Node, path: &Path<'_>, report: &Reporter) {
    let driver = |node: &Node| node.get("driver").map(|entry| text(&entry.value));
    let both_maps = matches!((&base.value, &over.value), (Value::Map(_), Value::Map(_)));
    match (driver(base), driver(&over)) {
        (Some(old), Some(new)) if both_maps && old != new => *base = over,
        _ => plain(base, over, path, report),
    }
}

/// Address ranges by subnet, as Compose does it: a range of the base stays only where an
/// override names it.
fn ipam(base: &mut Node, over: Node, path: &Path<'_>, report: &Reporter) {
    let (Value::List(_), Value::List(_)) = (&base.value, &over.value) else {
        let message = format!("`{path}`: address ranges are a list");
        report.refuse_as(MERGE, over.span, message, None);
        return;
    };
    let subnet = |node: &Node| node.get("subnet").map(|entry| text(&entry.value));
    let mut ranges: Vec<Node> = sequence(std::mem::replace(base, nothing(over.span)));
    let bases = ranges.len();
    let span = over.span;
    ranges.extend(sequence(over));
    let mut kept: Vec<usize> = Vec::new();
    for old in 0..bases {
        for new in bases..ranges.len() {
            let wanted = subnet(&ranges[new]);
            let known = |kept: &[usize], ranges: &[Node], wanted: &Option<SmolStr>| {
                kept.iter().position(|index| subnet(&ranges[*index]) == *wanted)
            };
            if wanted != subnet(&ranges[old]) && known(&kept, &ranges, &wanted).is_none() {
                kept.push(new);
                continue;
            }
            let copy = ranges[new].clone();
            maps(&mut ranges[old], copy, path, report);
            match known(&kept, &ranges, &subnet(&ranges[old])) {
                Some(index) => kept[index] = old,
                None => kept.push(old),
            }
        }
    }
    let kept = kept.into_iter().map(|index| ranges[index].clone());
    *base = Node { span, value: Value::List(kept.collect()) };
}

fn append(base: &mut Node, mut more: Vec<Node>) {
    let span = base.span;
    let mut items = sequence(std::mem::replace(base, nothing(span)));
    items.append(&mut more);
    *base = Node { span, value: Value::List(items) };
}

fn items(node: &Node) -> Vec<Node> {
    sequence(node.clone())
}

/// A value as a list: a map's entries as `key=value`, sorted; one text as its only item.
fn sequence(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(items) => items,
        Value::Scalar(Scalar { kind: Kind::Text, .. }) => vec![node],
        Value::Map(entries) => {
            let mut items: Vec<Node> = entries.into_iter().flat_map(assignments).collect();
            items.sort_by_cached_key(text);
            items
        }
        Value::Null | Value::Scalar(_) => Vec::new(),
    }
}

/// `key=value`, one for each value; only the key if it has none.
fn assignments(entry: Entry) -> Vec<Node> {
    let Entry { key, at, value } = entry;
    let item = |text: SmolStr, sensitive: bool| Node {
        span: at,
        value: Value::Scalar(Scalar { text, kind: Kind::Text, sensitive }),
    };
    match value.value {
        Value::Null => vec![item(key, false)],
        Value::List(values) => {
            let sensitive = |node: &Node| node.scalar().is_some_and(|scalar| scalar.sensitive);
            values
                .iter()
                .map(|v| item(format_smolstr!("{key}={}", text(v)), sensitive(v)))
                .collect()
        }
        Value::Scalar(scalar) => {
            vec![item(format_smolstr!("{key}={}", scalar.text), scalar.sensitive)]
        }
        Value::Map(_) => vec![value],
    }
}

/// A list of names as a map with a default value for each.
fn keyed(node: Node, default: impl Fn(Span) -> Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let key = text(&item);
        if !entries.iter().any(|entry| entry.key == key) {
            entries.push(Entry { key, at: item.span, value: default(item.span) });
        }
    }
    Node { span: node.span, value: Value::Map(entries) }
}

fn null(span: Span) -> Node {
    nothing(span)
}

fn started(span: Span) -> Node {
    let scalar = |text: &str, kind| {
        let scalar = Scalar { text: text.into(), kind, sensitive: false };
        Node { span, value: Value::Scalar(scalar) }
    };
    let entry = |key: &str, value| Entry { key: key.into(), at: span, value };
    let condition = entry("condition", scalar("service_started", Kind::Text));
    let required = entry("required", scalar("true", Kind::Bool));
    Node { span, value: Value::Map(vec![condition, required]) }
}

fn single(key: &str, value: Node) -> Node {
    let span = value.span;
    let entry = Entry { key: key.into(), at: span, value };
    Node { span, value: Value::Map(vec![entry]) }
}

fn nothing(span: Span) -> Node {
    Node { span, value: Value::Null }
}

fn replace(node: &mut Node, with: impl FnOnce(Node) -> Node) {
    let span = node.span;
    *node = with(std::mem::replace(node, nothing(span)));
}

fn text(node: &Node) -> SmolStr {
    node.scalar().map(|scalar| scalar.text.clone()).unwrap_or_default()
}
