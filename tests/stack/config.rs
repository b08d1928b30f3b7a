//! The normal form of a stack in memory, on the way that `reconciler config` takes.

use std::collections::BTreeMap;

use compose::variables::Variables;
use compose::{self, hash};
use model::diagnostic::Diagnostic;
use reconcile::stack::project::{self, Asked};
use text::report::{Reporter, sort};
use text::yaml::{Node, Value};
use world::Tree;

/// Which stack is shown, and how: Compose's own options of `config`.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct ConfigRequest {
    /// The stack files as paths of the tree, each merged onto the ones before.
    pub(crate) files: Vec<String>,
    /// The project directory as a path of the tree; `None` is the first file's folder.
    pub(crate) directory: Option<String>,
    /// The tree's root as an absolute path; `None` if it has no place (a commit).
    pub(crate) root: Option<String>,
    /// `-p`, or `COMPOSE_PROJECT_NAME`.
    pub(crate) name: Option<String>,
    /// `--profile`
    pub(crate) profiles: Vec<String>,
    /// The environment that references see.
    pub(crate) environment: BTreeMap<String, String>,
    /// `--env-file`, as paths of the tree; `None` is the `.env` of the project directory.
    pub(crate) env_files: Option<Vec<String>>,
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
    /// `--all-resources`
    pub(crate) all_resources: bool,
}

/// A stack's normal form.
#[allow(dead_code, reason = "several test programs share it, and each uses a part")]
pub(crate) struct Config {
    project: compose::Project,
    /// Whether its references were left as they are.
    unfilled: bool,
    /// What was noticed on the way.
    pub(crate) warnings: Vec<Diagnostic>,
}

#[allow(dead_code, reason = "several test programs share it, and each uses a part")]
impl Config {
    /// What `docker compose config --format json` prints.
    pub(crate) fn json(&self) -> String {
        compose::config::json_text(&self.project, self.unfilled)
    }

    /// What `docker compose config` prints, in meaning.
    pub(crate) fn yaml(&self) -> String {
        compose::config::yaml(&self.project, self.unfilled)
    }

    /// The config hash of each service, as Compose labels its containers with it.
    pub(crate) fn service_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("services", hash::service)
    }

    /// The config hash of each network, likewise.
    pub(crate) fn network_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("networks", hash::network)
    }

    /// The config hash of each volume, likewise.
    pub(crate) fn volume_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("volumes", hash::volume)
    }

    fn hashes(&self, section: &str, hash: fn(&Node) -> String) -> BTreeMap<String, String> {
        let section = self.project.root.get(section).map(|entry| &entry.value.value);
        let Some(Value::Map(entries)) = section else { return BTreeMap::new() };
        entries.iter().map(|entry| (entry.key.to_string(), hash(&entry.value))).collect()
    }
}

/// Loads a stack to its normal form.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn config(tree: &dyn Tree, asked: &ConfigRequest) -> Result<Config, Vec<Diagnostic>> {
    let first = asked.files.first().map_or("", String::as_str);
    let report = Reporter::hidden(first);
    let root = asked.root.as_deref().unwrap_or(compose::NOWHERE);
    let variables = Variables { passed: asked.environment.clone(), ..Variables::default() };
    let wanted = Asked {
        files: &asked.files,
        directory: asked.directory.as_deref(),
        env_files: asked.env_files.as_deref(),
        ..Asked::default()
    };
    let found = project::find(tree, wanted, variables, &report);
    let name = found.name(asked.name.as_deref());
    let failed = report.has_errors();
    let given = (!asked.profiles.is_empty()).then_some(asked.profiles.as_slice());
    let profiles = found.profiles(given);
    let request = compose::Request {
        tree,
        directory: &found.directory,
        root,
        name: name.as_deref(),
        profiles: &profiles,
        variables: &found.variables,
        options: compose::Options {
            skip_interpolation: asked.skip_interpolation,
            skip_normalization: asked.skip_normalization,
            skip_paths: asked.skip_paths,
            skip_consistency: asked.skip_consistency,
            skip_environment: asked.skip_environment,
            all_resources: asked.all_resources,
            ..compose::Options::default()
        },
    };
    let mut warnings = report.finish();
    let (project, found) = compose::normal_form(&request, &asked.files);
    warnings.extend(found);
    sort(&mut warnings);
    match project {
        Some(project) if !failed => {
            Ok(Config { project, unfilled: asked.skip_interpolation, warnings })
        }
        _ => Err(warnings),
    }
}
