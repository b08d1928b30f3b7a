//! The normal form of a stack for whoever wants to see it: what `docker compose config`
//! prints.

use std::collections::BTreeMap;

use super::project::{self, Asked};
use compose::variables::Variables;
use compose::{self, hash};
use model::diagnostic::Diagnostic;
use text::report::Reporter;
use text::yaml::{Node, Value};
use world::Tree;

/// Which stack is shown, and how: Compose's own options of `config`.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct ConfigRequest {
    /// The stack files as paths of the tree, each merged onto the ones before.
    pub files: Vec<String>,
    /// The project directory as a path of the tree; `None` is the first file's folder.
    pub directory: Option<String>,
    /// The tree's root as an absolute path; `None` if it has no place (a commit).
    pub root: Option<String>,
    /// `-p`, or `COMPOSE_PROJECT_NAME`.
    pub name: Option<String>,
    /// `--profile`
    pub profiles: Vec<String>,
    /// The environment that references see.
    pub environment: BTreeMap<String, String>,
    /// `--env-file`, as paths of the tree; `None` is the `.env` of the project directory.
    pub env_files: Option<Vec<String>>,
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
    /// `--all-resources`
    pub all_resources: bool,
}

/// A stack's normal form.
pub struct Config {
    project: compose::Project,
    /// Whether its references were left as they are.
    unfilled: bool,
    /// What was noticed on the way.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// What `docker compose config --format json` prints.
    #[must_use]
    pub fn json(&self) -> String {
        compose::config::json_text(&self.project, self.unfilled)
    }

    /// What `docker compose config` prints, in meaning.
    #[must_use]
    pub fn yaml(&self) -> String {
        compose::config::yaml(&self.project, self.unfilled)
    }

    /// The config hash of each service, as Compose labels its containers with it.
    #[must_use]
    pub fn service_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("services", hash::service)
    }

    /// The config hash of each network, likewise.
    #[must_use]
    pub fn network_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("networks", hash::network)
    }

    /// The config hash of each volume, likewise.
    #[must_use]
    pub fn volume_hashes(&self) -> BTreeMap<String, String> {
        self.hashes("volumes", hash::volume)
    }

    fn hashes(&self, section: &str, hash: fn(&Node) -> String) -> BTreeMap<String, String> {
        match self.project.root.get(section).map(|entry| &entry.value.value) {
            Some(Value::Map(entries)) => {
                entries.iter().map(|entry| (entry.key.clone(), hash(&entry.value))).collect()
            }
            _ => BTreeMap::new(),
        }
    }
}

/// Loads a stack to its normal form.
///
/// # Errors
/// Everything that is wrong with it.
pub fn config(tree: &dyn Tree, asked: &ConfigRequest) -> Result<Config, Vec<Diagnostic>> {
    let first = asked.files.first().map_or("", String::as_str);
    let report = Reporter::hidden(first);
    let root = asked.root.as_deref().unwrap_or(compose::NOWHERE);
    let sources = compose::open(tree, root, &asked.files, &report);
    let variables = Variables { passed: asked.environment.clone(), ..Variables::default() };
    let said = Asked {
        files: &asked.files,
        directory: asked.directory.as_deref(),
        env_files: asked.env_files.as_deref(),
        ..Asked::default()
    };
    let found = project::find(tree, said, variables, &report);
    let name = found.name(asked.name.as_deref());
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
    let project = sources.and_then(|sources| compose::load(&request, sources, &report));
    let failed = report.has_errors();
    let mut found = report.finish();
    super::one::sort(&mut found);
    match project {
        Some(project) if !failed => {
            Ok(Config { project, unfilled: asked.skip_interpolation, warnings: found })
        }
        _ => Err(found),
    }
}
