//! Typed values: every key of the table in the one form that the normal form has of it.

use super::value;
use crate::codes::{COMMAND, COMMAND_CUT, HOST, PAIR};
use crate::nodes::{entry, items, last_wins, null, take, text};
use crate::path::Path;
use crate::schema::{fits, refuse};
use crate::spec::{self, Object, Pairs, Shape};
use crate::words;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Kind, Node, Scalar, Value};

/// Brings every value into its form.
pub(super) fn shape(root: &mut Node, report: &Reporter) {
    Shaper { report }.object(&spec::FILE, root, Path::Root);
}

struct Shaper<'r> {
    report: &'r Reporter,
}

impl Shaper<'_> {
    /// Keys that hold nothing say nothing.
    fn object(&self, object: &Object, node: &mut Node, path: Path<'_>) {
        let Value::Map(entries) = &mut node.value else { return };
        entries.retain_mut(|entry| {
            let Some(field) = object.field(&entry.key) else { return true };
            if !entry.value.is_null() {
                self.shape(&field.shape, &mut entry.value, path.key(&entry.key));
            }
            !entry.value.is_null()
        });
    }

    fn shape(&self, shape: &Shape, node: &mut Node, path: Path<'_>) {
        match shape {
            Shape::One(one) => value::convert(one.becomes, node, path, self.report),
            Shape::List { item, .. } => {
                if let Value::List(items) = &mut node.value {
                    for (index, node) in items.iter_mut().enumerate() {
                        self.shape(item, node, path.item(index));
                    }
                }
            }
            Shape::TextOrList { .. } => {
                wrap(node);
                self.shape(&spec::TEXTS, node, path);
            }
            Shape::Map { value, .. } => self.map(value, node, path),
            Shape::Object(object) => self.object(object, node, path),
            Shape::OrNull(inner) if !node.is_null() => self.shape(inner, node, path),
            Shape::OrNull(_) => {}
            Shape::Forms(_, long) => {
                if matches!(long, Shape::List { .. }) {
                    wrap(node);
                }
                self.shape(long, node, path);
            }
            Shape::Either(forms) => {
                if let Some(form) = forms.iter().find(|form| fits(form, node)) {
                    self.shape(form, node, path);
                }
            }
            Shape::Pairs(kind) => self.pairs(*kind, node, path),
            Shape::Hosts => self.hosts(node, path),
            Shape::Command => self.command(node, path),
            Shape::HealthTest => {
                if node.scalar().is_some() {
                    wrap(node);
                    if let Value::List(items) = &mut node.value {
                        items.insert(0, text(node.span, "CMD-SHELL", None));
                    }
                }
            }
            Shape::Ssh => {
                if let Value::Map(entries) = &mut node.value {
                    for entry in entries {
                        as_text(&mut entry.value);
                    }
                }
            }
        }
    }

    fn map(&self, value: &Shape, node: &mut Node, path: Path<'_>) {
        let Value::Map(entries) = &mut node.value else { return };
        for entry in entries {
            match value {
                Shape::One(_) if entry.value.is_null() => {
                    entry.value = text(entry.at, "", None);
                }
                _ => self.shape(value, &mut entry.value, path.key(&entry.key)),
            }
        }
    }

    fn pairs(&self, kind: Pairs, node: &mut Node, path: Path<'_>) {
        if let Value::List(items) = &node.value {
            let pairs = items.iter().enumerate();
            let pairs = pairs.filter_map(|(index, item)| self.pair(kind, item, path.item(index)));
            node.value = Value::Map(last_wins(pairs));
        }
        let Value::Map(entries) = &mut node.value else { return };
        for entry in entries {
            if entry.value.is_null() && kind == Pairs::Empty {
                entry.value = text(entry.at, "", None);
            }
            as_text(&mut entry.value);
        }
    }

    fn pair(&self, kind: Pairs, item: &Node, path: Path<'_>) -> Option<Entry> {
        let scalar = item.scalar()?;
        let (name, value) = match scalar.text.split_once('=') {
            Some((name, value)) => (name, text(item.span, value, Some(scalar))),
            None => (scalar.text.as_str(), null(item.span)),
        };
        if kind == Pairs::Inherited && name.ends_with(char::is_whitespace) {
            let what = format!("the variable `{name}` ends with a space");
            let help = Some("write `name=value` without spaces around `=`".to_owned());
            refuse(self.report, PAIR, path, item.span, &what, help);
            return None;
        }
        Some(entry(name, value))
    }

    /// `name=address`, sorted.
    fn hosts(&self, node: &mut Node, path: Path<'_>) {
        let mut found: Vec<Node> = Vec::new();
        match &node.value {
            Value::List(list) => {
                for (index, item) in list.iter().enumerate() {
                    let Some(scalar) = item.scalar() else { continue };
                    let text = scalar.text.as_str();
                    let pair = text.split_once('=').or_else(|| text.split_once(':'));
                    if let Some((host, addresses)) = pair {
                        for address in addresses.split(',') {
                            found.extend(self.host(host, address, item, path.item(index)));
                        }
                    } else {
                        let what = format!("{} has no address", quote(item));
                        let help = Some("write `name=address`".to_owned());
                        refuse(self.report, HOST, path.item(index), item.span, &what, help);
                    }
                }
            }
            Value::Map(entries) => {
                for Entry { key, value, .. } in entries {
                    let one = std::slice::from_ref(value);
                    let all = if value.scalar().is_some() { one } else { items(value) };
                    for item in all {
                        let address = item.scalar().map_or("", |scalar| scalar.text.as_str());
                        found.extend(self.host(key, address, item, path.key(key)));
                    }
                }
            }
            _ => return,
        }
        found.sort_by(|a, b| Ord::cmp(&written(a), &written(b)));
        node.value = Value::List(found);
    }

    fn host(&self, host: &str, address: &str, item: &Node, path: Path<'_>) -> Option<Node> {
        if host.is_empty() || host.contains([':', '=']) {
            let what = format!("`{host}` is no name of a host");
            refuse(self.report, HOST, path, item.span, &what, None);
            return None;
        }
        let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = inner.filter(|inner| !inner.is_empty()).unwrap_or(address);
        Some(text(item.span, format!("{host}={address}"), item.scalar()))
    }

    fn command(&self, node: &mut Node, path: Path<'_>) {
        let Some(scalar) = node.scalar() else { return };
        let mut found = Vec::new();
        let word = |word: &str| found.push(text(node.span, word, Some(scalar)));
        let Some(dropped) = words::split(&scalar.text, word) else {
            let what = format!("{} cannot be split into words", quote(node));
            let help = "close every quote, or write it as a list";
            refuse(self.report, COMMAND, path, node.span, &what, Some(help.to_owned()));
            node.value = Value::Null;
            return;
        };
        if !dropped.is_empty() {
            let dropped = if scalar.sensitive { "the rest" } else { dropped };
            let message = format!(
                "`{path}`: no shell reads this, and Compose drops everything from `{dropped}` on"
            );
            let help = "write `sh -c '…'`, or put it in quotes".to_owned();
            self.report.warn_as(COMMAND_CUT, node.span, message, Some(help));
        }
        node.value = Value::List(found);
    }
}

fn written(node: &Node) -> &str {
    node.scalar().map_or("", |scalar| scalar.text.as_str())
}

/// A scalar becomes a list of one.
fn wrap(node: &mut Node) {
    if node.scalar().is_some() {
        let item = Node { span: node.span, value: take(node) };
        node.value = Value::List(vec![item]);
    }
}

/// A scalar becomes text, as Go prints it.
fn as_text(node: &mut Node) {
    if let Value::Scalar(Scalar { kind, .. }) = &mut node.value {
        *kind = Kind::Text;
    }
}
