//! One deployment: from the path of its stack file to a valid deployment or to
//! everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Options;
use super::lower::{self, Contexts, Instance};
use crate::compose::variables::Variables;
use crate::compose::{environment, interpolate, template};
use crate::model::desired::{Entry, SyncMode};
use crate::model::diagnostic::{Diagnostic, Loc};
use crate::model::id::{DeploymentId, EngineName};
use crate::text::paths;
use crate::text::report::Reporter;
use crate::text::yaml::{self, FileId, Node};
use crate::world::Tree;

/// A stack file that was read.
pub(super) struct StackFile {
    /// Its path inside the tree.
    pub(super) path: String,
    /// Its tree, not interpolated; `None` if it cannot be parsed or read.
    pub(super) root: Option<Node>,
    /// What was found so far.
    pub(super) report: Reporter,
}

/// What `deployments.yaml` says of one deployment, or the defaults.
pub(super) struct Request {
    /// Its engine; `None` takes the operator's default.
    pub(super) engine: Option<EngineName>,
    /// What may be done for it.
    pub(super) sync: SyncMode,
    /// Where it is declared, if not by its stack file.
    pub(super) origin: Option<Loc>,
    /// Numbers of replicas that override the stack's.
    pub(super) scale: BTreeMap<String, u32>,
    /// Its variables.
    pub(super) variables: BTreeMap<String, String>,
    /// Env files that replace `.env`, as paths of the tree.
    pub(super) env_files: Option<Vec<String>>,
    /// The project directory inside the tree; `None` is the stack file's folder.
    pub(super) base: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            engine: None,
            sync: SyncMode::Auto,
            origin: None,
            scale: BTreeMap::new(),
            variables: BTreeMap::new(),
            env_files: None,
            base: None,
        }
    }
}

/// Reads a stack file.
pub(super) fn read(tree: &dyn Tree, path: &str) -> StackFile {
    let (text, error) = match environment::text(tree, path) {
        Ok(text) => (text, None),
        Err(error) => (String::new(), Some(error)),
    };
    let report = Reporter::new(path, &text);
    let root = match error {
        None => yaml::parse(FileId::FIRST, &text, &report),
        Some(error) => {
            report.error(yaml::Span::START, error.to_string());
            None
        }
    };
    StackFile { path: path.to_owned(), root, report }
}

/// The value of a stack file's `name`; `Err` if there is one that cannot be used (which
/// has been reported).
pub(super) fn declared_name(
    file: &StackFile,
    variables: &Variables,
) -> Result<Option<DeploymentId>, ()> {
    let Some(root) = &file.root else { return Err(()) };
    if lower::is_legacy(root) {
        return Ok(None);
    }
    let Some(field) = root.get("name").filter(|field| !field.value.is_null()) else {
        return Ok(None);
    };
    let text = file.report.string("name", &field.value).ok_or(())?;
    // What is wrong with a reference is reported when the whole file is interpolated.
    let name = template::expand(&text, variables).map_err(|_| ())?.text;
    if !DeploymentId::is_valid(&name) {
        file.report.error_help(
            field.value.span,
            format!("`{name}` cannot be the id of a deployment"),
            "use lower-case letters, digits, `-` and `_`, beginning with a letter or digit",
        );
        return Err(());
    }
    Ok(Some(DeploymentId::new(name)))
}

/// The variables of a deployment. Problems with env files are added to the stack's.
pub(super) fn variables(
    file: &StackFile,
    request: &Request,
    tree: &dyn Tree,
    options: &Options,
) -> Variables {
    let mut variables = Variables {
        own: request.variables.clone(),
        passed: options.passed.clone(),
        dotenv: BTreeMap::new(),
        withheld: options.withheld.clone(),
    };
    let (files, origin) = (request.env_files.as_deref(), request.origin.as_ref());
    let base = base(file, request);
    environment::read(tree, &base, files, &mut variables, origin, &file.report);
    variables
}

/// The project directory inside the tree.
fn base(file: &StackFile, request: &Request) -> String {
    request.base.clone().unwrap_or_else(|| paths::split(&file.path).0.to_owned())
}

/// Makes the deployment.
pub(super) fn load(
    mut file: StackFile,
    id: &DeploymentId,
    request: &Request,
    mut variables: Variables,
    options: &Options,
    contexts: &Contexts<'_>,
    tree: &dyn Tree,
) -> Entry {
    variables.own.insert("COMPOSE_PROJECT_NAME".to_owned(), id.to_string());
    let base = base(&file, request);
    let mut deployment = None;
    if let Some(root) = &mut file.root {
        interpolate::interpolate(root, &variables, &file.report);
        let instance = Instance {
            id,
            engine: request.engine.as_ref().unwrap_or(&options.default_engine),
            sync: request.sync,
            origin: request.origin.clone(),
            scale: &request.scale,
            variables: &variables,
            base: &base,
            root: options.project_root.as_deref(),
            tree,
            contexts,
        };
        deployment = lower::deployment(root, &instance, &file.report);
    }
    let valid = !file.report.has_errors();
    let mut found = file.report.finish();
    sort(&mut found);
    match deployment {
        Some(deployment) if valid => Entry::Valid(Arc::new(deployment), found),
        _ => Entry::Invalid(found),
    }
}

/// In the order of files and lines; each once.
pub(super) fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|a, b| (&a.at, a.severity, &a.message).cmp(&(&b.at, b.severity, &b.message)));
    let mut seen = BTreeSet::new();
    found.retain(|d| seen.insert((d.at.clone(), d.message.clone())));
}
