//! The files of one project directory to one tree, in the order of compose-go.

use super::codes::{LEGACY, LIMIT, NOT_A_STACK, VERSION};
use super::extends::{self, Bases};
use super::files::Files;
use super::path::Path;
use super::variables::Variables;
use super::{Request, canonical, include, interpolate, legacy, merge, reset, schema, unique};
use text::report::Reporter;
use text::yaml::{Document, Node, Span, Value};

/// A stack file that was read.
pub(crate) struct Source {
    /// Its path inside the tree.
    pub(crate) file: String,
    /// Its documents, each merged onto the ones before.
    pub(crate) documents: Vec<Document>,
}

impl Source {
    /// Whether its services are at its top.
    pub(crate) fn is_legacy(&self) -> bool {
        self.documents.first().is_some_and(|document| legacy::is_legacy(&document.root))
    }
}

/// Everything that the files of one stack share.
pub(crate) struct Loader<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) report: &'a Reporter,
    pub(crate) files: Files<'a>,
}

/// A project while it is assembled: the stack itself, or one that it includes.
pub(crate) struct Scope<'a> {
    /// Its directory, as a path of the tree.
    pub(crate) directory: &'a str,
    /// What its references see.
    pub(crate) variables: &'a Variables,
    /// The files that include one another up to this project.
    pub(crate) included: &'a [String],
    /// Whether its services are at the top of its files.
    pub(crate) legacy: bool,
    /// What its services extend in other files.
    pub(crate) bases: Bases,
}

impl<'a> Scope<'a> {
    /// A project of which nothing was read yet.
    pub(crate) fn new(
        directory: &'a str,
        variables: &'a Variables,
        included: &'a [String],
    ) -> Self {
        Self { directory, variables, included, legacy: false, bases: Bases::default() }
    }
}

impl<'a> Loader<'a> {
    /// Nothing was read yet.
    pub(crate) fn new(request: &'a Request<'a>, report: &'a Reporter) -> Self {
        Self { request, report, files: Files::new(request.tree, request.root, report) }
    }

    /// The files of a project, each merged onto the ones before, in canonical form. `None`
    /// after an error that hides the rest; after others, what they are about is not in it.
    pub(crate) fn model(&self, scope: &Scope<'_>, sources: Vec<Source>) -> Option<Node> {
        let mut model = Node { span: Span::START, value: Value::Map(Vec::new()) };
        for Source { file, documents } in sources {
            for document in documents {
                self.document(&mut model, document, &file, scope)?;
            }
        }
        if scope.legacy {
            legacy::upgrade(&mut model, self.report);
            self.checked(&mut model);
        }
        if matches!(&model.value, Value::Map(entries) if entries.is_empty()) {
            // Or what was there has been refused.
            if !self.report.has_errors() {
                let what = "there is nothing in this file";
                let help = Some("begin with `services:`".to_owned());
                self.report.refuse_as(NOT_A_STACK, model.span, what, help);
            }
            return None;
        }
        Some(model)
    }

    /// Merges a document onto what was read before.
    fn document(
        &self,
        model: &mut Node,
        document: Document,
        file: &str,
        scope: &Scope<'_>,
    ) -> Option<()> {
        let Document { root: mut tree, cleared } = document;
        if !matches!(tree.value, Value::Map(_)) {
            let message = format!("a stack file must be a map, not {}", tree.describe());
            self.report.refuse_as(NOT_A_STACK, tree.span, message, None);
            return None;
        }
        model.span = tree.span;
        self.count(&tree, scope)?;
        self.interpolate(&mut tree, scope);
        tree = self.wrapped(tree, scope, file);
        extends::extend(self, scope, file, &mut tree, &cleared);
        reset::clear(model, &cleared);
        let whole = include::include(self, scope, file, &mut tree);
        self.merge(model, tree, scope);
        self.count(model, scope)?;
        if scope.legacy {
            return Some(());
        }
        self.checked(model);
        // What is missing would be missed everywhere.
        whole
    }

    /// Refuses more services than one stack may have, before anything else is done with them.
    fn count(&self, tree: &Node, scope: &Scope<'_>) -> Option<()> {
        let services = tree.get("services");
        let (found, at) = match services.map(|services| (&services.value.value, services.at)) {
            Some((Value::Map(entries), at)) => (entries.len(), at),
            None if scope.legacy => (tree.keys().len(), tree.span),
            _ => return Some(()),
        };
        let most = self.request.options.bounds.services;
        if u32::try_from(found).is_ok_and(|found| found <= most) {
            return Some(());
        }
        let help = "split the stack, or let the operator raise `max_services`";
        let message =
            format!("`services`: {found} services are too many for one stack: at most {most}");
        self.report.error_help(LIMIT, at, message, help);
        None
    }

    /// A legacy file with its services where they belong. All files are of one kind.
    pub(crate) fn wrapped(&self, tree: Node, scope: &Scope<'_>, file: &str) -> Node {
        // Beside a legacy file, one without images is one, too.
        let today = |key| tree.get(key).is_some();
        let other = if scope.legacy {
            today("services") || today("version")
        } else {
            legacy::is_legacy(&tree)
        };
        if other {
            let file = self.files.rendered(file);
            let message = format!("{file} and the first file are not of the same dialect");
            let help = "put all services below `services:`".to_owned();
            self.report.refuse_as(LEGACY, tree.span, message, Some(help));
        }
        if scope.legacy == other { tree } else { legacy::wrap(tree, self.report) }
    }

    /// Checks what was merged so far, and brings it into canonical form.
    fn checked(&self, model: &mut Node) {
        schema::validate(model, self.report);
        self.drop_version(model);
        self.canonical(model);
    }

    /// Fills in references.
    pub(crate) fn interpolate(&self, tree: &mut Node, scope: &Scope<'_>) {
        if !self.request.options.skip_interpolation {
            interpolate::interpolate(tree, scope.variables, self.report);
        }
    }

    /// Merges a file, and drops what it says again.
    pub(crate) fn merge(&self, model: &mut Node, tree: Node, scope: &Scope<'_>) {
        if scope.legacy {
            legacy::merge(model, tree, self.report);
        } else {
            merge::merge(model, tree, &Path::Root, self.report);
        }
        unique::unique(model, self.report);
    }

    /// Canonical forms, which may show that more is said again.
    pub(crate) fn canonical(&self, model: &mut Node) {
        if self.request.options.skip_interpolation {
            canonical::canonical_unfilled(model, self.report);
        } else {
            canonical::canonical(model, self.report);
        }
        unique::unique(model, self.report);
    }

    fn drop_version(&self, model: &mut Node) {
        let Value::Map(entries) = &mut model.value else { return };
        let Some(found) = entries.iter().position(|entry| entry.key == "version") else { return };
        let version = entries.remove(found);
        let help = "remove it: the Compose Specification has no versions".to_owned();
        self.report.warn_as(VERSION, version.at, "`version`: this is ignored", Some(help));
    }
}
