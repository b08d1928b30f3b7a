//! Values from outside: names without a value, secrets and configs from variables, env
//! files and label files.

use std::collections::BTreeMap;

use crate::codes::{LIST_FILE, WITHHELD};
use crate::nodes::{
    RESOLVED, entries, entries_mut, entry, get_mut, items, items_mut, last_wins, map, remove, set,
    text, text_of,
};
use crate::path::Path;
use crate::schema::refuse;
use crate::variables::{Lookup, Resolve, Variables, pass_it};
use crate::{Request, dotenv, paths};
use model::secret::is_sensitive_name;
use text::encoding::NotText;
use text::report::Reporter;
use text::stored;
use text::yaml::{Entry, MAX_FILE, Node, Span, Value};
use world::TreeError;

/// The value of a variable as a node.
fn lookup(name: &str, at: Span, from: &Variables, report: &Reporter) -> Option<Node> {
    match from.get(name) {
        Lookup::Found { value, sensitive, secret } => {
            if secret {
                report.conceal(vec![value.to_owned()]);
            }
            let mut node = text(at, value, None);
            if let Value::Scalar(scalar) = &mut node.value {
                scalar.sensitive = sensitive;
            }
            Some(node)
        }
        Lookup::Unset => None,
        Lookup::Withheld => {
            let message = format!("the variable `{name}` is set where this runs, but not passed");
            report.refuse_as(WITHHELD, at, message, Some(pass_it(name)));
            None
        }
    }
}

/// Gives names without a value in lists, and secrets and configs from variables, theirs.
pub(super) fn inherit(root: &mut Node, variables: &Variables, report: &Reporter) {
    if let Some(services) = get_mut(root, "services") {
        for Entry { value: service, .. } in entries_mut(services) {
            let list = get_mut(service, "environment").map(items_mut).unwrap_or_default();
            for item in list {
                inherit_item(item, variables, report);
            }
        }
    }
    for key in ["secrets", "configs"] {
        let section = get_mut(root, key).map(entries_mut).unwrap_or_default();
        for Entry { value: resource, .. } in section {
            let Some(variable) = resource.get("environment") else { continue };
            let Some(name) = variable.value.scalar() else { continue };
            if let Some(found) = lookup(&name.text, variable.value.span, variables, report) {
                set(resource, RESOLVED, found);
            }
        }
    }
}

/// An item that is a name without a value becomes `name=value`, if the name is known.
fn inherit_item(item: &mut Node, variables: &Variables, report: &Reporter) {
    let Some(scalar) = item.scalar().filter(|scalar| !scalar.text.contains('=')) else { return };
    if let Some(found) = lookup(&scalar.text, item.span, variables, report) {
        let value = found.scalar().map_or("", |scalar| scalar.text.as_str());
        *item = text(item.span, format!("{}={value}", scalar.text), found.scalar());
    }
}

/// Gives names without a value the one of the environment.
pub(super) fn fill(pairs: &mut Node, variables: &Variables, report: &Reporter) {
    for pair in entries_mut(pairs) {
        if pair.value.is_null()
            && let Some(found) = lookup(&pair.key, pair.value.span, variables, report)
        {
            pair.value = found;
        }
    }
    for item in items_mut(pairs) {
        inherit_item(item, variables, report);
    }
}

/// Reads the label files of every service, and the env files unless they are to stay.
pub(super) fn resolve(root: &mut Node, request: &Request<'_>, report: &Reporter) {
    let services = get_mut(root, "services").map(entries_mut).unwrap_or_default();
    for Entry { key, value: service, .. } in services {
        let path = Path::Root.key("services");
        let files = Files { request, report };
        if !request.options.skip_environment {
            files.environment(service, path.key(key));
        }
        files.labels(service, path.key(key));
    }
}

/// What `$NAME` sees in an env file: the project's variables, then the service's own.
struct Outside<'r> {
    project: &'r Variables,
    own: &'r [Entry],
}

impl Resolve for Outside<'_> {
    fn get(&self, name: &str) -> Lookup<'_> {
        let found = self.project.get(name);
        let own = self.own.iter().find(|pair| pair.key == name);
        match (found, own.and_then(|pair| pair.value.scalar())) {
            (Lookup::Unset | Lookup::Withheld, Some(scalar)) => {
                let secret = is_sensitive_name(name);
                Lookup::Found { value: &scalar.text, sensitive: scalar.sensitive, secret }
            }
            _ => found,
        }
    }
}

struct Files<'r> {
    request: &'r Request<'r>,
    report: &'r Reporter,
}

impl Files<'_> {
    fn environment(&self, service: &mut Node, path: Path<'_>) {
        // Done already, unless nothing implicit was added.
        if let Some(own) = get_mut(service, "environment") {
            fill(own, self.request.variables, self.report);
        }
        let Some(env_files) = remove(service, "env_file") else { return };
        let own = remove(service, "environment");
        let own = own.map_or_else(|| map(env_files.at, Vec::new()), |own| own.value);
        let Node { span, value: Value::Map(own) } = own else { return };
        let outside = Outside { project: self.request.variables, own: &own };
        let mut known = BTreeMap::new();
        let mut found = Vec::new();
        for (index, file) in items(&env_files.value).iter().enumerate() {
            let path = path.key("env_file");
            let path = path.item(index);
            let raw = match text_of(file, "format") {
                None | Some("") => false,
                Some("raw") => true,
                Some(other) => {
                    let what = format!("the format `{other}` is not known");
                    refuse(self.report, LIST_FILE, path, file.span, &what, None);
                    continue;
                }
            };
            let required = text_of(file, "required") != Some("false");
            let Some(name) = file.get("path") else { continue };
            let Some(text) = self.read(&name.value, required, path.key("path")) else { continue };
            for variable in self.parse(&name.value, &text, &outside, &mut known, raw) {
                found.push(self.pair(variable, name.value.span));
            }
        }
        let merged = last_wins(found.into_iter().chain(own));
        set(service, "environment", map(span, merged));
    }

    fn labels(&self, service: &mut Node, path: Path<'_>) {
        let Some(files) = service.get("label_file").map(|files| files.value.clone()) else {
            return;
        };
        let mut known = BTreeMap::new();
        let mut found = Vec::new();
        for (index, file) in items(&files).iter().enumerate() {
            let path = path.key("label_file");
            let Some(text) = self.read(file, true, path.item(index)) else { continue };
            for (name, value) in self.parse(file, &text, &Variables::default(), &mut known, false) {
                found.push(entry(name, crate::nodes::text(file.span, value, None)));
            }
        }
        let own = remove(service, "labels").map(|own| own.value);
        let own = own.unwrap_or_else(|| map(files.span, Vec::new()));
        let own_entries = entries(&own).to_vec();
        set(service, "labels", map(own.span, last_wins(found.into_iter().chain(own_entries))));
    }

    fn parse(
        &self,
        named: &Node,
        text: &str,
        outside: &dyn Resolve,
        known: &mut BTreeMap<String, String>,
        raw: bool,
    ) -> Vec<(String, String)> {
        let file = named.scalar().map_or("", |scalar| scalar.text.as_str());
        let rendered = paths::in_tree(self.request.root, file);
        let hidden = Reporter::hidden(rendered.as_deref().unwrap_or(file));
        let found = dotenv::read(text, outside, known, raw, &hidden);
        self.report.conceal(hidden.concealed());
        for diagnostic in hidden.finish() {
            self.report.add(diagnostic);
        }
        found.into_iter().filter_map(|found| Some((found.name, found.value?))).collect()
    }

    fn pair(&self, (name, value): (String, String), at: Span) -> Entry {
        let mut node = text(at, value, None);
        if let Value::Scalar(scalar) = &mut node.value {
            scalar.sensitive = true;
            if is_sensitive_name(&name) {
                self.report.conceal(vec![scalar.text.to_string()]);
            }
        }
        entry(name, node)
    }

    /// The text of a file in the tree; `None` if it may be missing and is, or cannot be had.
    fn read(&self, named: &Node, required: bool, path: Path<'_>) -> Option<String> {
        let file = &named.scalar()?.text;
        let refuse_as = |code, what: &str, help: &str| {
            let help = Some(help.to_owned());
            refuse(self.report, code, path, named.span, what, help);
            None
        };
        let refuse = |what: &str, help: &str| refuse_as(LIST_FILE, what, help);
        let inside = if self.request.options.skip_paths {
            text::paths::in_tree(self.request.directory, file)
        } else {
            paths::in_tree(self.request.root, file)
        };
        let Some(inside) = inside else {
            return refuse("the file is outside of the source's tree", "move it into the tree");
        };
        let by = self.report.name(named.span.file);
        match stored::read(self.request.tree, &inside, MAX_FILE) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Some(text),
                Err(error) => {
                    let what = NotText::from(error).to_string();
                    refuse(&format!("`{inside}`, {what}"), "save it as UTF-8")
                }
            },
            Err(TreeError::Missing(_)) if !required => None,
            Err(TreeError::Missing(_)) => {
                let missing = TreeError::Missing(inside.clone());
                let near = stored::remedy(self.request.tree, &inside, &missing, &by);
                let help = near.as_deref();
                let help = help.unwrap_or("add it, or write `required: false` beside its `path`");
                refuse(&format!("there is no file `{inside}`"), help)
            }
            Err(error) => {
                let help = stored::remedy(self.request.tree, &inside, &error, &by);
                let help = help.as_deref().unwrap_or("make it a readable file of the tree");
                refuse_as(stored::code(&error, LIST_FILE), &error.to_string(), help)
            }
        }
    }
}
