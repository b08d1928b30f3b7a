//! Whether a tree is what the table of keys allows: unknown keys, wrong types, words and
//! numbers out of range, each refused at the key that Compose names.

mod refused;
mod scalar;

use std::cell::RefCell;
use std::collections::BTreeMap;

use self::refused::Refused;

use super::codes::{ITEM, MISSING, TWICE, TYPE, UNKNOWN_KEY};
use super::nodes::RESOLVED;
use super::normal::value;
use super::path::Path;
use super::spec::{self, Keys, Object, Rest, Shape};
use model::diagnostic::Code;
use text::report::Reporter;
use text::suggest::did_you_mean;
use text::yaml::{Entry, Node, Span, Value};

/// Checks a whole stack file after its merge, before canonical forms. What is refused is
/// taken out, so that the rest can be looked at and nothing complains about it again.
pub(crate) fn validate(root: &mut Node, report: &Reporter) {
    let checker = Checker { report, refused: RefCell::default() };
    checker.object(&spec::FILE, root, Path::Root);
    let refused = checker.refused.into_inner();
    if !refused.is_empty() {
        refused.take_out(root);
    }
}

/// Reports what is wrong at a key path.
pub(crate) fn refuse(
    report: &Reporter,
    code: Code,
    path: Path<'_>,
    at: Span,
    what: &str,
    help: Option<String>,
) {
    let message = match path {
        Path::Root => what.to_owned(),
        _ => format!("`{path}`: {what}"),
    };
    report.refuse_as(code, at, message, help);
}

struct Checker<'r> {
    report: &'r Reporter,
    refused: RefCell<Refused>,
}

/// How a map is written.
const NAMED: &str = "write `NAME: …` in lines of their own below it, without `-`";

impl Checker<'_> {
    fn refuse(&self, code: Code, path: Path<'_>, at: Span, what: &str, help: Option<String>) {
        self.refused.borrow_mut().note(code, at);
        refuse(self.report, code, path, at, what, help);
    }

    fn expected(&self, shape: &Shape, node: &Node, path: Path<'_>) {
        let what = format!("must be {}, not {}", expects(shape), node.describe());
        if self.report.has_reported(ITEM, node.span) {
            // It was reported when the lists were made unique.
            return self.refused.borrow_mut().note(TYPE, node.span);
        }
        self.refuse(TYPE, path, node.span, &what, remedy(shape, node));
    }

    fn check(&self, shape: &Shape, node: &Node, path: Path<'_>) {
        match (shape, &node.value) {
            (Shape::Command | Shape::OrNull(_), Value::Null) => {}
            (Shape::One(one), Value::Scalar(_) | Value::Null) => {
                if one.accepts(node) {
                    self.scalar(one, node, path);
                } else {
                    self.expected(shape, node, path);
                }
            }
            (Shape::List { item, unique }, Value::List(items)) => {
                self.items(item, items, path);
                if *unique {
                    self.unique(items, path);
                }
            }
            (Shape::TextOrList { .. } | Shape::HealthTest | Shape::Command, Value::Scalar(_)) => {
                self.check(&spec::TEXT, node, path);
            }
            (
                Shape::TextOrList { unique: true } | Shape::Hosts | Shape::Pairs(_) | Shape::Ssh,
                Value::List(items),
            ) => {
                self.items(&spec::TEXT, items, path);
                self.unique(items, path);
            }
            (
                Shape::TextOrList { unique: false } | Shape::Command | Shape::HealthTest,
                Value::List(items),
            ) => self.items(&spec::TEXT, items, path),
            (Shape::Map { keys, value, closed }, Value::Map(entries)) => {
                self.map(*keys, value, *closed, entries, path);
            }
            (Shape::Hosts, Value::Map(entries)) => {
                self.map(Keys::Some, &HOST, true, entries, path);
            }
            (Shape::Pairs(_) | Shape::Ssh, Value::Map(entries)) => {
                self.map(Keys::Some, &spec::SCALAR, true, entries, path);
            }
            (Shape::Object(object), _) => self.object(object, node, path),
            (Shape::OrNull(inner), _) if !fits(inner, node) => self.expected(shape, node, path),
            (Shape::OrNull(inner), _) => self.check(inner, node, path),
            (Shape::Forms(short, long), _) => {
                let form = short.iter().chain([*long]).find(|form| fits(form, node));
                self.form(shape, form, node, path);
            }
            (Shape::Either(forms), _) => {
                let form = forms.iter().find(|form| fits(form, node));
                self.form(shape, form, node, path);
            }
            _ => self.expected(shape, node, path),
        }
    }

    fn form(&self, shape: &Shape, form: Option<&Shape>, node: &Node, path: Path<'_>) {
        match form {
            Some(form) => self.check(form, node, path),
            None => self.expected(shape, node, path),
        }
    }

    fn items(&self, shape: &Shape, items: &[Node], path: Path<'_>) {
        for (index, item) in items.iter().enumerate() {
            self.check(shape, item, path.item(index));
        }
    }

    fn map(&self, keys: Keys, value: &Shape, closed: bool, entries: &[Entry], path: Path<'_>) {
        for entry in entries {
            if keys.covers(&entry.key) {
                self.check(value, &entry.value, path.key(&entry.key));
            } else if closed {
                let what = format!("the name `{}` is not allowed", entry.key);
                let help = "use letters, digits, `.`, `_` and `-`".to_owned();
                self.refuse(UNKNOWN_KEY, path, entry.at, &what, Some(help));
            }
        }
    }

    fn object(&self, object: &Object, node: &Node, path: Path<'_>) {
        let Value::Map(entries) = &node.value else {
            let what = format!("must be a map, not {}", node.describe());
            return self.refuse(TYPE, path, node.span, &what, Some(NAMED.to_owned()));
        };
        for entry in entries {
            let key = entry.key.as_str();
            match object.field(key) {
                Some(field) => self.check(&field.shape, &entry.value, path.key(key)),
                None if object.rest == Rest::Anything => {}
                None if object.rest == Rest::Extensions && key.starts_with("x-") => {}
                None if key == RESOLVED && is_resolved(entry, node) => {}
                None => self.unknown(object, entry, path),
            }
        }
        for key in object.required {
            if !entries.iter().any(|entry| entry.key == *key) {
                let what = format!("the key `{key}` is missing");
                self.refuse(MISSING, path, node.span, &what, None);
            }
        }
    }

    fn unknown(&self, object: &Object, entry: &Entry, path: Path<'_>) {
        let known = object.fields.iter().map(|field| field.key);
        let help = did_you_mean(&entry.key, known).unwrap_or_else(|| {
            if object.rest == Rest::Extensions {
                "remove it, or let its name begin with `x-` if it is a note".to_owned()
            } else {
                "remove it".to_owned()
            }
        });
        if let Path::Root = path {
            let path = path.key(&entry.key);
            return self.refuse(UNKNOWN_KEY, path, entry.at, "unknown key", Some(help));
        }
        let what = format!("unknown key `{}`", entry.key);
        self.refuse(UNKNOWN_KEY, path, entry.at, &what, Some(help));
    }

    fn unique(&self, items: &[Node], path: Path<'_>) {
        let mut seen = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            if let Some(first) = seen.insert(identity(item), index) {
                let what = format!("the items {first} and {index} are equal");
                self.refuse(TWICE, path, item.span, &what, Some("remove one of them".to_owned()));
            }
        }
    }
}

/// Whether an entry was put there when an included file's variables were known: it is where
/// the name of the variable is.
fn is_resolved(entry: &Entry, resource: &Node) -> bool {
    resource.get("environment").is_some_and(|name| name.value.span == entry.at)
}

/// An address, or several.
const HOST: Shape = Shape::Either(&[spec::TEXT, spec::TEXTS]);

/// A text that is equal for equal nodes.
fn identity(node: &Node) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Scalar(scalar) => format!("{:?}{:?}", scalar.kind, scalar.text),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(identity).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(entries) => {
            let pair = |entry: &Entry| format!("{:?}:{}", entry.key, identity(&entry.value));
            let mut entries: Vec<_> = entries.iter().map(pair).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
    }
}

/// Whether a node is of the kind that a shape wants, whatever is in it.
pub(super) fn fits(shape: &Shape, node: &Node) -> bool {
    match (shape, &node.value) {
        (Shape::One(one), _) => one.accepts(node),
        (
            Shape::List { .. }
            | Shape::TextOrList { .. }
            | Shape::Hosts
            | Shape::Command
            | Shape::HealthTest
            | Shape::Pairs(_)
            | Shape::Ssh,
            Value::List(_),
        )
        | (
            Shape::Map { .. } | Shape::Object(_) | Shape::Hosts | Shape::Pairs(_) | Shape::Ssh,
            Value::Map(_),
        )
        | (Shape::Command, Value::Null) => true,
        (Shape::TextOrList { .. } | Shape::Command | Shape::HealthTest, Value::Scalar(_)) => {
            fits(&spec::TEXT, node)
        }
        (Shape::OrNull(inner), _) => node.is_null() || fits(inner, node),
        (Shape::Forms(short, long), _) => short.iter().any(|s| fits(s, node)) || fits(long, node),
        (Shape::Either(forms), _) => forms.iter().any(|form| fits(form, node)),
        _ => false,
    }
}

/// What a scalar of the wrong type was probably meant to be.
fn remedy(shape: &Shape, node: &Node) -> Option<String> {
    if matches!(shape, Shape::Map { .. } | Shape::Object(_)) {
        return Some(NAMED.to_owned());
    }
    let scalar = node.scalar().filter(|_| takes_text(shape))?;
    let Shape::One(one) = shape else { return Some("write it in quotes".to_owned()) };
    let text = scalar.text.as_str();
    let fits = value::becomes(one.becomes, text)
        && (one.words.is_empty() || one.words.contains(&text))
        && one.pattern.is_none_or(|pattern| (pattern.found_in)(text));
    fits.then(|| "write it in quotes".to_owned())
        .or_else(|| did_you_mean(text, one.words.iter().copied()))
        .or_else(|| value::with_unit(one.becomes, node))
}

/// Whether a string is among what a shape takes.
fn takes_text(shape: &Shape) -> bool {
    match shape {
        Shape::One(one) => one.types.has(spec::Types::STRING),
        Shape::TextOrList { .. } | Shape::Command | Shape::HealthTest => true,
        Shape::OrNull(inner) => takes_text(inner),
        Shape::Forms(forms, _) | Shape::Either(forms) => forms.iter().any(takes_text),
        _ => false,
    }
}

/// What a shape is, in words.
fn expects(shape: &Shape) -> String {
    match shape {
        Shape::One(one) => one.types.to_string(),
        Shape::List { .. } => "a list".to_owned(),
        Shape::TextOrList { .. } | Shape::HealthTest | Shape::Command => {
            "a string or a list".to_owned()
        }
        Shape::Map { .. } | Shape::Object(_) => "a map".to_owned(),
        Shape::Pairs(_) | Shape::Hosts | Shape::Ssh => "a map or a list".to_owned(),
        Shape::OrNull(inner) => format!("{} or nothing", expects(inner)),
        Shape::Forms(short, long) => alternatives(short.iter().chain([*long])),
        Shape::Either(forms) => alternatives(forms.iter()),
    }
}

fn alternatives<'s>(forms: impl Iterator<Item = &'s Shape>) -> String {
    let mut words: Vec<String> = Vec::new();
    for form in forms {
        let word = expects(form);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" or ")
}
