//! The parts of a normal form that are printed, in their order: the table says which.

use std::borrow::Cow;

use super::order;
use crate::nodes::RESOLVED;
use crate::nodes::{entries, items};
use crate::schema::fits;
use crate::spec::{self, Becomes, Object, Pairs, Printed, Rest, Shape};
use text::yaml::{Entry, Kind, Node, Value};

/// A value that is printed.
#[derive(Clone)]
pub enum View<'n> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A number, as JSON writes it.
    Number(Cow<'n, str>),
    /// A text.
    Text(Cow<'n, str>),
    /// A list.
    List(Items<'n>),
    /// A map.
    Map(Vec<(Cow<'n, str>, View<'n>)>),
}

/// The items of a list. There may be many, so that each is made when it is written.
#[derive(Clone)]
pub enum Items<'n> {
    /// They are made already.
    Made(Vec<View<'n>>),
    /// They are made of these nodes, by their shape if the table knows one.
    Of(Viewer, Option<&'static Shape>, &'n [Node]),
}

impl<'n> Items<'n> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Made(items) => items.is_empty(),
            Self::Of(_, _, nodes) => nodes.is_empty(),
        }
    }

    /// Hands out each of them, and which one it is.
    pub fn each(&self, mut to: impl FnMut(usize, &View<'n>)) {
        match self {
            Self::Made(items) => items.iter().enumerate().for_each(|(index, item)| to(index, item)),
            Self::Of(viewer, shape, nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    let item = shape.map_or_else(|| viewer.any(node), |s| viewer.view(s, node));
                    to(index, &item);
                }
            }
        }
    }
}

/// Makes views.
#[derive(Clone, Copy)]
pub struct Viewer {
    is_json: bool,
    /// Objects and keys of theirs that are not printed.
    without: &'static [(&'static str, &'static str)],
}

impl Viewer {
    /// As Compose prints JSON.
    pub(crate) fn json(without: &'static [(&'static str, &'static str)]) -> Self {
        Self { is_json: true, without }
    }

    /// As Compose prints YAML.
    pub(crate) fn yaml(without: &'static [(&'static str, &'static str)]) -> Self {
        Self { is_json: false, without }
    }

    /// An object; nothing counts as an empty one.
    pub(crate) fn object<'n>(&self, object: &'static Object, node: Option<&'n Node>) -> View<'n> {
        let mut values: Vec<Option<&Node>> = vec![None; object.fields.len()];
        for entry in node.map(entries).unwrap_or_default() {
            if let Some(place) = object.place(&entry.key) {
                values[place] = Some(&entry.value).filter(|value| !value.is_null());
            }
        }
        let mut printed = Vec::new();
        for (field, value) in object.fields.iter().zip(values) {
            if let Some(view) = self.field(field.printed, &field.shape, value)
                && !self.without.contains(&(object.name, field.key))
            {
                printed.push((self.key(object, field.key), view));
            }
        }
        if let (false, Rest::Extensions, Some(node)) = (self.is_json, object.rest, node) {
            printed.extend(self.extensions(node));
        }
        View::Map(printed)
    }

    /// The `x-*` of an object, sorted.
    pub(crate) fn extensions<'n>(&self, node: &'n Node) -> Vec<(Cow<'n, str>, View<'n>)> {
        let own = entries(node).iter().filter(|entry| entry.key.starts_with("x-"));
        self.in_order(own.map(|entry| self.any_entry(entry)).collect())
    }

    fn key(&self, object: &Object, key: &'static str) -> Cow<'static, str> {
        if object.capital && self.is_json {
            let (first, rest) = key.split_at(1);
            return Cow::Owned(format!("{}{rest}", first.to_ascii_uppercase()));
        }
        Cow::Borrowed(key)
    }

    fn field<'n>(
        &self,
        printed: Printed,
        shape: &'static Shape,
        value: Option<&'n Node>,
    ) -> Option<View<'n>> {
        let seen = value.map(|value| self.view(shape, value));
        let full = |seen: Option<View<'n>>| seen.filter(|view| !is_zero(shape, view));
        let json = self.is_json;
        match printed {
            Printed::Never => None,
            Printed::YamlOnly if json => None,
            Printed::InYaml if json => full(seen),
            Printed::IfThere => seen,
            Printed::NullInJson => seen.or(json.then_some(View::Null)),
            Printed::ObjectInJson if json => seen.or_else(|| Some(self.zero(shape))),
            Printed::IfSet | Printed::YamlOnly | Printed::ObjectInJson => full(seen),
            Printed::Always | Printed::InYaml => seen.or_else(|| Some(self.zero(shape))),
        }
    }

    fn view<'n>(&self, shape: &'static Shape, node: &'n Node) -> View<'n> {
        match shape {
            Shape::One(_) => scalar(node),
            Shape::List { item, .. } => View::List(Items::Of(*self, Some(item), items(node))),
            Shape::TextOrList { .. } | Shape::Hosts | Shape::Command | Shape::HealthTest => {
                View::List(Items::Of(*self, Some(&spec::TEXT), items(node)))
            }
            Shape::Map { value, .. } => self.sorted(node, |node| self.view(value, node)),
            Shape::Object(object) => self.object(object, Some(node)),
            Shape::OrNull(_) if node.is_null() => View::Null,
            Shape::OrNull(inner) | Shape::Forms(_, inner) => self.view(inner, node),
            Shape::Either(forms) => self.either(forms, node),
            Shape::Pairs(_) => self.sorted(node, scalar),
            Shape::Ssh => ssh(node),
        }
    }

    /// A number that is zero counts as an object without anything.
    fn either<'n>(&self, forms: &'static [Shape], node: &'n Node) -> View<'n> {
        let zero = node.scalar().is_some_and(|scalar| scalar.text == "0");
        let form = forms.iter().find(|form| match form {
            Shape::Object(_) => zero || fits(form, node),
            _ => !zero && fits(form, node),
        });
        match form {
            Some(Shape::Object(object)) => self.object(object, Some(node)),
            Some(form) => self.view(form, node),
            None => scalar(node),
        }
    }

    fn in_order<'n>(
        &self,
        mut pairs: Vec<(Cow<'n, str>, View<'n>)>,
    ) -> Vec<(Cow<'n, str>, View<'n>)> {
        // As bytes first: then little is left to do, and the outcome is always the same.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        if self.is_json { pairs } else { order::natural(pairs) }
    }

    fn sorted<'n>(&self, node: &'n Node, view: impl Fn(&'n Node) -> View<'n>) -> View<'n> {
        let entries = entries(node).iter().filter(|entry| entry.key != RESOLVED);
        let pair = |entry: &'n Entry| (Cow::Borrowed(entry.key.as_str()), view(&entry.value));
        View::Map(self.in_order(entries.map(pair).collect()))
    }

    /// What the table does not know: numbers stay numbers, and an empty list is null in
    /// JSON, as Compose has it.
    pub(crate) fn any<'n>(&self, node: &'n Node) -> View<'n> {
        match &node.value {
            Value::List(list) if list.is_empty() && self.is_json => View::Null,
            Value::List(list) => View::List(Items::Of(*self, None, list)),
            Value::Map(_) => self.sorted(node, |node| self.any(node)),
            Value::Null | Value::Scalar(_) => scalar(node),
        }
    }

    fn any_entry<'n>(&self, entry: &'n Entry) -> (Cow<'n, str>, View<'n>) {
        (Cow::Borrowed(entry.key.as_str()), self.any(&entry.value))
    }

    /// What is printed for a field that is not there.
    fn zero(&self, shape: &'static Shape) -> View<'static> {
        match shape {
            Shape::One(one) => match one.becomes {
                Becomes::Flag => View::Flag(false),
                Becomes::Text | Becomes::Duration | Becomes::Mode => View::Text("".into()),
                Becomes::Bytes => View::Text("0".into()),
                _ => View::Number("0".into()),
            },
            Shape::Object(object) => self.object(object, None),
            Shape::Map { .. } | Shape::Pairs(Pairs::Empty) => View::Map(Vec::new()),
            _ => View::Null,
        }
    }
}

/// Whether Go leaves a value out because it is empty.
fn is_zero(shape: &Shape, view: &View<'_>) -> bool {
    let becomes = match shape {
        Shape::One(one) => Some(one.becomes),
        _ => None,
    };
    match view {
        View::Null => true,
        View::Flag(value) => !value,
        View::Number(number) => number == "0",
        View::Text(text) => match becomes {
            Some(Becomes::Bytes) => text == "0",
            Some(Becomes::Duration) => text == "0s",
            _ => text.is_empty(),
        },
        View::List(items) => items.is_empty(),
        View::Map(entries) => entries.is_empty(),
    }
}

fn scalar(node: &Node) -> View<'_> {
    let Some(scalar) = node.scalar() else { return View::Null };
    let text = scalar.text.as_str();
    match scalar.kind {
        Kind::Text | Kind::Time => View::Text(text.into()),
        Kind::Bool => View::Flag(text == "true"),
        Kind::Int => View::Number(text.into()),
        Kind::Float => number(text),
    }
}

/// A number as Go's JSON writes it: with an exponent only if it is very small or large.
fn number(text: &str) -> View<'_> {
    let Ok(value) = text.parse::<f64>() else { return View::Text(text.into()) };
    if !value.is_finite() {
        return View::Text(text.into());
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let written = format!("{value:e}");
        let signed = if size > 1.0 { written.replace('e', "e+") } else { written };
        return View::Number(signed.into());
    }
    View::Number(value.to_string().into())
}

/// `id` and `id=path`. Compose prints `id: path`, which it cannot read again, and no JSON.
fn ssh(node: &Node) -> View<'_> {
    let mut keys: Vec<_> = entries(node)
        .iter()
        .map(|entry| match entry.value.scalar() {
            Some(path) if !path.text.is_empty() => format!("{}={}", entry.key, path.text),
            _ => entry.key.to_string(),
        })
        .collect();
    keys.sort();
    View::List(Items::Made(keys.into_iter().map(|key| View::Text(key.into())).collect()))
}
