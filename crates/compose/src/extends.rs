//! `extends`: a service made from another one of the same file or of another file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::codes::{EXTENDS, EXTENDS_CYCLE, LIMIT};
use super::files::Named;
use super::load::{Loader, Scope};
use super::path::Path;
use super::{legacy, merge, nodes, paths as resolve, reset};
use text::paths;
use text::suggest::did_you_mean;
use text::yaml::{Entry, KeyPath, Node, SmolStr, Span, Value, weight};

/// How many services may extend one another in a row.
const LONGEST: usize = 100;

/// The services of a file while they are extended.
pub(crate) struct Services {
    /// The file, for messages.
    file: String,
    entries: RefCell<Vec<Entry>>,
    /// What tags of this file clear in what its services extend.
    cleared: Vec<KeyPath>,
}

/// Files that were extended from, by their path.
pub(crate) type Bases = RefCell<BTreeMap<String, Option<Rc<Services>>>>;

/// A service that is being extended, and who asked for it.
struct Chain<'a> {
    service: &'a str,
    home: &'a Services,
    asked: Option<&'a Chain<'a>>,
}

impl Chain<'_> {
    fn length(&self) -> usize {
        1 + self.asked.map_or(0, Chain::length)
    }

    fn holds(&self, home: &Services, service: &str) -> bool {
        (std::ptr::eq(self.home, home) && self.service == service)
            || self.asked.is_some_and(|asked| asked.holds(home, service))
    }

    /// `a → b → c`, beginning with who asked first.
    fn rendered(&self) -> String {
        let before = self.asked.map(|asked| asked.rendered() + " → ").unwrap_or_default();
        format!("{before}{} ({})", self.service, self.home.file)
    }
}

/// What a service extends.
struct Extends {
    service: SmolStr,
    file: Option<(SmolStr, Span)>,
    at: Span,
}

/// Carries out every `extends` of a file.
pub(crate) fn extend(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    file: &str,
    tree: &mut Node,
    cleared: &[KeyPath],
) {
    let Value::Map(entries) = &mut tree.value else { return };
    let Some(entry) = entries.iter_mut().find(|entry| entry.key == "services") else { return };
    let Value::Map(services) = &mut entry.value.value else { return };
    if !services.iter().any(|service| service.value.get("extends").is_some()) {
        return;
    }
    let home = Services {
        file: loader.files.rendered(file),
        entries: RefCell::new(std::mem::take(services)),
        cleared: cleared.to_vec(),
    };
    let count = home.entries.borrow().len();
    for index in 0..count {
        one(loader, scope, &home, index, None);
    }
    *services = home.entries.into_inner();
}

/// Extends one service, and before that what it extends.
fn one(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    home: &Services,
    index: usize,
    asked: Option<&Chain<'_>>,
) {
    let (name, taken) = {
        let service = &mut home.entries.borrow_mut()[index];
        let Value::Map(keys) = &mut service.value.value else { return };
        let Some(found) = keys.iter().position(|entry| entry.key == "extends") else { return };
        (service.key.clone(), keys.remove(found))
    };
    let at = taken.at;
    if follow(loader, scope, home, (index, &name), taken, asked).is_none() {
        // That it has no image would be a second complaint.
        let service = &mut home.entries.borrow_mut()[index].value;
        if let Value::Map(keys) = &mut service.value
            && !keys.iter().any(|entry| matches!(entry.key.as_str(), "image" | "build"))
        {
            keys.push(nodes::entry("image", nodes::text(at, "refused", None)));
        }
    }
}

/// What [`one`] does for the service `name` with its `extends`; `None` after an error.
fn follow(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    home: &Services,
    (index, name): (usize, &str),
    taken: Entry,
    asked: Option<&Chain<'_>>,
) -> Option<()> {
    let extends = read(loader, name, &taken)?;
    let path = format!("services.{name}.extends");
    let chain = Chain { service: name, home, asked };
    let named = Named { path: &path, at: extends.at };
    if chain.length() > LONGEST {
        let message = named.message(&format!("more than {LONGEST} services extend one another"));
        loader.report.refuse_as(LIMIT, extends.at, message, None);
        return None;
    }
    let foreign = match &extends.file {
        None => None,
        Some((file, at)) => Some(base(loader, scope, file, Named { at: *at, ..named })?),
    };
    let from = foreign.as_deref().unwrap_or(home);
    let known: Vec<SmolStr> = from.entries.borrow().iter().map(|e| e.key.clone()).collect();
    let Some(place) = known.iter().position(|name| *name == extends.service) else {
        let message = format!("there is no service `{}` in {}", extends.service, from.file);
        let itself = |other: &&str| from.file == home.file && *other == name;
        let others = known.iter().map(SmolStr::as_str).filter(|other| !itself(other));
        let help = did_you_mean(&extends.service, others);
        loader.report.refuse_as(EXTENDS, extends.at, named.message(&message), help);
        return None;
    };
    if chain.holds(from, &extends.service) {
        let whole = format!("{} → {}", chain.rendered(), extends.service);
        let message = named.message(&format!("this extends itself: {whole}"));
        loader.report.refuse_as(EXTENDS_CYCLE, extends.at, message, None);
        return None;
    }
    one(loader, scope, from, place, Some(&chain));
    let mut made = from.entries.borrow()[place].value.clone();
    loader.files.copied(weight(&made), named)?;
    if !matches!(made.value, Value::Map(_)) {
        // There is nothing in it: Compose leaves what it says.
        if let Value::Map(keys) = &mut home.entries.borrow_mut()[index].value.value {
            keys.push(taken);
        }
        return Some(());
    }
    reset::clear_service(&mut made, name, &home.cleared);
    let null = Node { span: extends.at, value: Value::Null };
    let over = std::mem::replace(&mut home.entries.borrow_mut()[index].value, null);
    let services = Path::Root.key("services");
    if scope.legacy {
        legacy::check_base(&mut made, named, loader.report);
        legacy::make_room(&mut made, &over);
    }
    merge::merge(&mut made, over, &services.key(name), loader.report);
    if scope.legacy {
        legacy::arrange(&mut made);
    }
    home.entries.borrow_mut()[index].value = made;
    Some(())
}

/// Reads the value of `extends`.
fn read(loader: &Loader<'_>, name: &str, entry: &Entry) -> Option<Extends> {
    let node = &entry.value;
    if let Some(scalar) = node.scalar() {
        return Some(Extends { service: scalar.text.clone(), file: None, at: node.span });
    }
    let refuse = |path: &str, at: Span, message: &str| {
        let message = format!("`services.{name}.extends{path}`: {message}");
        let help = "write `service: NAME`, and `file: PATH` for one of another file".to_owned();
        loader.report.refuse_as(EXTENDS, at, message, Some(help));
    };
    if !matches!(node.value, Value::Map(_)) {
        refuse("", node.span, &format!("this must be a service or a map, not {}", node.describe()));
        return None;
    }
    let Some(service) = node.get("service").and_then(|e| Some((e, e.value.scalar()?))) else {
        refuse(".service", entry.at, "this is required");
        return None;
    };
    let file = match node.get("file").filter(|entry| !entry.value.is_null()) {
        None => None,
        Some(file) => {
            let Some(scalar) = file.value.scalar() else {
                refuse(".file", file.value.span, "this must be a path");
                return None;
            };
            Some((scalar.text.clone(), file.value.span))
        }
    };
    Some(Extends { service: service.1.text.clone(), file, at: service.0.value.span })
}

/// The services of another file, in canonical form, with paths relative to the project
/// directory.
fn base(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    file: &str,
    named: Named<'_>,
) -> Option<Rc<Services>> {
    let inside = loader.files.locate(scope.directory, file, named)?;
    if let Some(known) = scope.bases.borrow().get(&inside) {
        return known.clone();
    }
    let read = read_base(loader, scope, &inside, named).map(Rc::new);
    scope.bases.borrow_mut().insert(inside, read.clone());
    read
}

fn read_base(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    file: &str,
    named: Named<'_>,
) -> Option<Services> {
    let documents = loader.files.documents(file, named)?;
    let mut cleared = Vec::new();
    let mut tree = Node { span: named.at, value: Value::Map(Vec::new()) };
    for mut document in documents {
        loader.interpolate(&mut document.root, scope);
        reset::clear(&mut tree, &document.cleared);
        let root = loader.wrapped(document.root, scope, file);
        loader.merge(&mut tree, root, scope);
        loader.canonical(&mut tree);
        cleared = document.cleared;
    }
    let folder = paths::relative(scope.directory, paths::split(file).0);
    resolve::resolve(&mut tree, &folder, scope.variables, loader.report);
    let services = match tree.value {
        Value::Map(entries) => entries.into_iter().find(|entry| entry.key == "services"),
        _ => None,
    };
    let Some(Value::Map(entries)) = services.map(|entry| entry.value.value) else {
        let message =
            named.message(&format!("there are no services in {}", loader.files.rendered(file)));
        loader.report.refuse_as(EXTENDS, named.at, message, None);
        return None;
    };
    Some(Services { file: loader.files.rendered(file), entries: RefCell::new(entries), cleared })
}
