//! The Compose Specification: the files of one stack to their normal form, the one that
//! `docker compose config` prints. Pure; files come through [`Tree`].
//!
//! The order of the rules is that of compose-go: each file is read, its references are
//! filled in, what it extends and includes is fetched, it is checked against the table of
//! keys ([`spec`]), brought into canonical form and merged onto the files before it; the
//! whole then gets its defaults, absolute paths, implicit dependencies and profiles, and is
//! checked for what no single key can say.

pub(crate) mod canonical;
pub(crate) mod codes;
pub(crate) mod config;
mod consistency;
pub(crate) mod dotenv;
pub(crate) mod environment;
pub(crate) mod hash;
pub(crate) mod interpolate;
pub(crate) mod nodes;
pub(crate) mod normal;
pub(crate) mod path;
pub(crate) mod paths;
pub(crate) mod schema;
pub(crate) mod spec;
pub(crate) mod template;
pub(crate) mod variables;
pub(crate) mod words;

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

pub(crate) use self::name::normalised;

use self::files::{Files, Named};
use self::load::{Loader, Scope, Source};
use self::variables::{Lookup, Variables};
use crate::model::bounds::Bounds;
use crate::text;
use crate::text::report::Reporter;
use crate::text::yaml::{Node, Span};
use crate::world::Tree;

/// Where a tree begins that has no place on the engine's host (a commit): absolute paths of
/// the normal form begin with it. No path of a user can: two slashes are one when cleaned.
pub(crate) const NOWHERE: &str = "//source";

/// How a stack is loaded from its files.
pub(crate) struct Request<'a> {
    /// All files.
    pub(crate) tree: &'a dyn Tree,
    /// The project directory as a path of the tree.
    pub(crate) directory: &'a str,
    /// The tree's root as an absolute path, or [`NOWHERE`].
    pub(crate) root: &'a str,
    /// The project's name if it is given from outside; it wins over `name:`.
    pub(crate) name: Option<&'a str>,
    /// The active profiles; `*` is all.
    pub(crate) profiles: &'a [String],
    /// What references see.
    pub(crate) variables: &'a Variables,
    /// Which steps are left out.
    pub(crate) options: Options,
}

/// Steps of loading that can be left out, as Compose's own `config` offers it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Options {
    /// `--no-interpolate`
    pub(crate) skip_interpolation: bool,
    /// `--no-normalize`
    pub(crate) skip_normalization: bool,
    /// `--no-path-resolution`
    pub(crate) skip_paths: bool,
    /// `--no-consistency`
    pub(crate) skip_consistency: bool,
    /// `--no-env-resolution`
    pub(crate) skip_environment: bool,
    /// `--all-resources`: also those that no service uses.
    pub(crate) all_resources: bool,
    /// The most services that it may have.
    pub(crate) bounds: Bounds,
    /// The files are legacy ones, in which volumes need not be declared: set by [`load`].
    pub(crate) legacy: bool,
}

/// A stack in normal form.
pub(crate) struct Project {
    /// Its name.
    pub(crate) name: String,
    /// The whole tree in normal form: `name`, `services`, `networks`, `volumes`, `configs`,
    /// `secrets`, `models` and `x-*`, each value with the place where it was written.
    pub(crate) root: Node,
    /// Services that no active profile enables, in normal form.
    pub(crate) disabled: Vec<crate::text::yaml::Entry>,
}

/// The files of a stack as they were read: nothing is filled in, extended or included yet.
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// The root of every document, in the order in which they are merged.
    pub(crate) fn roots(&self) -> impl DoubleEndedIterator<Item = &Node> {
        self.0.iter().flat_map(|source| &source.documents).map(|document| &document.root)
    }

    /// Whether they are of the first dialect, in which the services are at the top.
    pub(crate) fn is_legacy(&self) -> bool {
        self.0.first().is_some_and(Source::is_legacy)
    }
}

/// Reads the files of a stack, of which `report` is about the first. `None` after an error,
/// which is there.
pub(crate) fn open(
    tree: &dyn Tree,
    root: &str,
    files: &[String],
    report: &Reporter,
) -> Option<Sources> {
    let read = Files::new(tree, root, report);
    let given = Named { path: "", at: Span::START };
    let source = |file: &String| {
        let documents = read.documents(file, given)?;
        Some(Source { file: file.clone(), documents })
    };
    // All of them, so that each one's errors are told.
    let sources: Vec<Option<Source>> = files.iter().map(source).collect();
    sources.into_iter().collect::<Option<Vec<Source>>>().map(Sources)
}

/// Loads a stack from its files; `None` after an error that hides the rest. After others,
/// which are reported, it is what can still be said: good for finding more of them.
pub(crate) fn load(request: &Request<'_>, sources: Sources, report: &Reporter) -> Option<Project> {
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
