//! The Compose Specification: the files of one stack to their normal form, the one that
//! `docker compose config` prints. Pure; files come through [`Tree`].
//!
//! The order of the rules is that of compose-go: each file is read, its references are
//! filled in, what it extends and includes is fetched, it is checked against the table of
//! keys ([`spec`]), brought into canonical form and merged onto the files before it; the
//! whole then gets its defaults, absolute paths, implicit dependencies and profiles, and is
//! checked for what no single key can say.

pub mod canonical;
pub mod codes;
pub mod config;
mod consistency;
pub mod dotenv;
pub mod environment;
pub mod hash;
pub mod interpolate;
pub mod nodes;
pub mod normal;
pub mod path;
pub mod paths;
pub mod schema;
pub mod spec;
pub mod template;
pub mod variables;
pub mod words;

mod cast;
mod extends;
mod files;
mod include;
mod legacy;
mod load;
mod merge;
mod name;
mod reset;
mod unique;

pub use self::name::normalised;

use self::files::{Files, Named};
use self::load::{Loader, Scope, Source};
use self::variables::{Lookup, Variables};
use model::bounds::Bounds;
use model::diagnostic::Diagnostic;
use text::report::Reporter;
use text::yaml::{Node, Span};
use world::Tree;

/// Where a tree begins that has no place on the engine's host (a commit): absolute paths of
/// the normal form begin with it. No path of a user can: two slashes are one when cleaned.
pub const NOWHERE: &str = "//source";

/// How a stack is loaded from its files.
pub struct Request<'a> {
    /// All files.
    pub tree: &'a dyn Tree,
    /// The project directory as a path of the tree.
    pub directory: &'a str,
    /// The tree's root as an absolute path, or [`NOWHERE`].
    pub root: &'a str,
    /// The project's name if it is given from outside; it wins over `name:`.
    pub name: Option<&'a str>,
    /// The active profiles; `*` is all.
    pub profiles: &'a [String],
    /// What references see.
    pub variables: &'a Variables,
    /// Which steps are left out.
    pub options: Options,
}

/// Steps of loading that can be left out, as Compose's own `config` offers it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct Options {
    /// `--no-interpolate`
    pub skip_interpolation: bool,
    /// `--no-normalize`
    pub skip_normalization: bool,
    /// `--no-path-resolution`
    pub skip_paths: bool,
    /// `--no-consistency`
    pub skip_consistency: bool,
    /// `--no-env-resolution`
    pub skip_environment: bool,
    /// `--all-resources`: also those that no service uses.
    pub all_resources: bool,
    /// The most services that it may have.
    pub bounds: Bounds,
    /// The files are legacy ones, in which volumes need not be declared: set by [`load`].
    pub legacy: bool,
}

/// A stack in normal form.
pub struct Project {
    /// Its name.
    pub name: String,
    /// The whole tree in normal form: `name`, `services`, `networks`, `volumes`, `configs`,
    /// `secrets`, `models` and `x-*`, each value with the place where it was written.
    pub root: Node,
    /// Services that no active profile enables, in normal form.
    pub disabled: Vec<text::yaml::Entry>,
}

/// The files of a stack as they were read: nothing is filled in, extended or included yet.
pub struct Sources(Vec<Source>);

impl Sources {
    /// The root of every document, in the order in which they are merged.
    #[must_use]
    pub fn roots(&self) -> impl DoubleEndedIterator<Item = &Node> {
        self.0.iter().flat_map(|source| &source.documents).map(|document| &document.root)
    }

    /// Whether they are of the first dialect, in which the services are at the top.
    pub fn is_legacy(&self) -> bool {
        self.0.first().is_some_and(Source::is_legacy)
    }
}

/// Reads the files of a stack, of which `report` is about the first. `None` after an error,
/// which is there.
pub fn open(tree: &dyn Tree, root: &str, files: &[String], report: &Reporter) -> Option<Sources> {
    let read = Files::new(tree, root, report);
    let given = Named { path: "", at: Span::START };
    let source = |file: &String| {
        let documents = read.documents(file, given)?;
        Some(Source { file: file.clone(), documents })
    };
    // All of them, so that each one's errors are reported.
    let sources: Vec<Option<Source>> = files.iter().map(source).collect();
    sources.into_iter().collect::<Option<Vec<Source>>>().map(Sources)
}

/// Brings a stack into normal form, with everything that is to be said about it. Nothing is given
/// if anything is wrong with it.
pub fn normal_form(request: &Request<'_>, files: &[String]) -> (Option<Project>, Vec<Diagnostic>) {
    let report = Reporter::hidden(files.first().map_or("", String::as_str));
    let sources = open(request.tree, request.root, files, &report);
    let project = sources.and_then(|sources| load(request, sources, &report));
    let failed = report.has_errors();
    (project.filter(|_| !failed), report.finish_sorted())
}

/// Loads a stack from its files; `None` after an error that hides the rest. After others,
/// which are reported, it is what can still be said: good for finding more of them.
pub fn load(request: &Request<'_>, sources: Sources, report: &Reporter) -> Option<Project> {
    let loader = Loader::new(request, report);
    // Without a name everything else is looked at, too.
    let name = name::of(request, &sources, report).unwrap_or_default();
    let mut variables = request.variables.clone();
    variables.own.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    if !matches!(variables.get("PWD"), Lookup::Found { .. }) {
        let directory = text::paths::join(request.root, request.directory);
        variables.own.insert("PWD".to_owned(), directory.trim_end_matches('/').to_owned());
    }
    let mut scope = Scope::new(request.directory, &variables, &[]);
    scope.legacy = sources.is_legacy();
    let root = loader.model(&scope, sources.0)?;
    let options = Options { legacy: scope.legacy, ..request.options };
    let request = Request { name: Some(&name), variables: &variables, options, ..*request };
    Some(normal::finish(root, &request, report))
}
