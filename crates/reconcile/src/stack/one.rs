//! One deployment: from the paths of its stack files to a valid deployment or to
//! everything that is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Options;
use super::codes::BAD_ID;
use super::lower::{self, Contexts, Instance};
use compose::variables::Variables;
use compose::{self, NOWHERE, Sources, template};
use model::desired::Entry;
use model::diagnostic::{Diagnostic, Loc};
use model::id::{DeploymentId, EngineName};
use model::rollback::OnFailure;
use model::sync_mode::SyncMode;
use text::report::{Reporter, sort};
use text::suggest::did_you_mean;
use text::yaml::Node;
use world::Tree;

/// What an id may be.
pub(super) const ID_HELP: &str =
    "use lower-case letters, digits, `-` and `_`, beginning with a letter or digit";

/// The stack files of one deployment.
pub(super) struct Stack {
    /// Paths inside the tree, each merged onto the ones before; empty if it is not known which.
    pub(super) files: Vec<String>,
    /// What was read; `None` if there is nothing, or any of it cannot be parsed or read.
    pub(super) sources: Option<Sources>,
    /// What was found so far.
    pub(super) report: Reporter,
}

impl Stack {
    /// Reads a stack's files.
    pub(super) fn read(loader: Loader<'_>, files: Vec<String>) -> Self {
        let report = Reporter::hidden(files.first().map_or("", String::as_str));
        let open = || compose::open(loader.tree, loader.root(), &files, &report);
        let sources = if files.is_empty() { None } else { open() };
        Self { files, sources, report }
    }

    /// The stack file itself.
    pub(super) fn path(&self) -> &str {
        self.files.first().map_or("", String::as_str)
    }

    /// The roots of the files that were read.
    pub(super) fn roots(&self) -> impl DoubleEndedIterator<Item = &Node> {
        self.sources.iter().flat_map(Sources::roots)
    }
}

/// What is said of one deployment beside its files: by its entry of `deployments.yaml`, by
/// variables, or the defaults.
#[derive(Default)]
pub(super) struct Request {
    /// Its engine; `None` takes the operator's default.
    pub(super) engine: Option<EngineName>,
    /// What may be done for it.
    pub(super) sync: SyncMode,
    /// What is done when a rollout of it fails.
    pub(super) on_failure: OnFailure,
    /// Where it is declared, if not by its stack file.
    pub(super) origin: Option<Loc>,
    /// Numbers of replicas that override the stack's, each with what to say if the stack
    /// has no such service.
    pub(super) scale: BTreeMap<String, (u32, Diagnostic)>,
    /// Env files that replace `.env`, as paths of the tree.
    pub(super) env_files: Vec<String>,
    /// The project directory inside the tree.
    pub(super) base: String,
    /// The active profiles.
    pub(super) profiles: Vec<String>,
    /// What references see.
    pub(super) variables: Variables,
}

/// The id that a stack's files say with `name`; `Err` if they say one that cannot be used,
/// which has been or will be reported.
pub(super) fn declared_name(
    file: &Stack,
    variables: &Variables,
) -> Result<Option<DeploymentId>, ()> {
    let Some(sources) = &file.sources else { return Err(()) };
    if sources.is_legacy() {
        return Ok(None);
    }
    let declared = |root: &Node| root.get("name").filter(|field| !field.value.is_null()).cloned();
    let Some(field) = sources.roots().rev().find_map(declared) else { return Ok(None) };
    let text = file.report.string("name", &field.value).ok_or(())?;
    // What is wrong with a reference is reported when the whole file is interpolated.
    let name = template::expand(&text, variables).map_err(|_| ())?.text;
    let id = compose::normalised(&name);
    if id.is_empty() {
        let message = format!("`{name}` cannot be the id of a deployment");
        file.report.refuse_as(BAD_ID, field.value.span, message, Some(ID_HELP.to_owned()));
        return Err(());
    }
    Ok(Some(DeploymentId::new(id)))
}

/// What is known before any file is read: an entry's own variables, and what the operator
/// passes.
pub(super) fn outer_variables(own: BTreeMap<String, String>, options: &Options) -> Variables {
    let Options { passed, withheld, .. } = options.clone();
    Variables { own, passed, dotenv: BTreeMap::new(), withheld }
}

/// What a deployment is loaded with.
#[derive(Clone, Copy)]
pub(super) struct Loader<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) options: &'a Options,
    pub(super) contexts: &'a Contexts<'a>,
    /// The one deployment that is loaded, if only one is.
    pub(super) only: Option<&'a DeploymentId>,
}

impl Loader<'_> {
    /// Where absolute paths of the normal form begin.
    fn root(&self) -> &str {
        self.options.project_root.as_deref().unwrap_or(NOWHERE)
    }
}

/// Makes the deployment.
pub(super) fn load(
    file: Stack,
    id: &DeploymentId,
    mut request: Request,
    loader: Loader<'_>,
) -> Entry {
    let Loader { tree, options, contexts, .. } = loader;
    request.variables.own.insert("COMPOSE_PROJECT_NAME".to_owned(), id.to_string());
    let request = &request;
    let Request { base, variables, .. } = request;
    let root = options.project_root.as_deref();
    let legacy = file.sources.as_ref().is_some_and(Sources::is_legacy);
    let asked = compose::Request {
        tree,
        directory: base,
        root: loader.root(),
        name: Some(id.as_str()),
        profiles: &request.profiles,
        variables,
        options: compose::Options { bounds: options.bounds, ..compose::Options::default() },
    };
    let Stack { files, sources, report } = file;
    let project = sources.and_then(|sources| compose::load(&asked, sources, &report));
    let deployment = project.and_then(|project| {
        let scale = scale(&project, request, &report);
        let instance = Instance {
            id,
            engine: request.engine.as_ref().unwrap_or(&options.default_engine),
            sync: request.sync,
            on_failure: request.on_failure,
            origin: request.origin.clone(),
            scale: &scale,
            bounds: options.bounds,
            masker: &options.masker,
            legacy,
            variables,
            files: &files,
            env_files: &request.env_files,
            base,
            root,
            same_files: options.same_files,
            tree,
            contexts,
        };
        lower::deployment(&project, &instance, &report)
    });
    let valid = !report.has_errors();
    let mut found = report.finish();
    sort(&mut found);
    match deployment {
        Some(deployment) if valid => Entry::Valid(Arc::new(deployment), found),
        _ => Entry::Invalid(found),
    }
}

/// The numbers of replicas; one of a service that does not exist is reported.
fn scale(
    project: &compose::Project,
    request: &Request,
    report: &Reporter,
) -> BTreeMap<String, (u32, Option<Loc>)> {
    let services = project.root.get("services").map(|entry| &entry.value);
    let known = services.map(Node::keys).unwrap_or_default();
    for (name, (_, unknown)) in &request.scale {
        let disabled = project.disabled.iter().any(|entry| entry.key == *name);
        if !known.contains(&name.as_str()) && !disabled {
            let help = did_you_mean(name, known.iter().copied());
            report.add(Diagnostic { help, ..unknown.clone() });
        }
    }
    let scale = request.scale.iter();
    scale.map(|(name, (count, unknown))| (name.clone(), (*count, unknown.at.clone()))).collect()
}
