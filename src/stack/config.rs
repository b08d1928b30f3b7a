//! The normal form of a stack for whoever wants to see it: what `docker compose config`
//! prints.

use std::collections::BTreeMap;

use crate::compose::variables::{Lookup, Variables};
use crate::compose::{self, environment};
use crate::model::diagnostic::Diagnostic;
use crate::text::paths;
use crate::text::report::Reporter;
use crate::text::yaml::{Entry, Value};
use crate::world::Tree;

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

/// A stack's normal form, and what was noticed on the way.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `docker compose config --format json` prints.
    pub json: serde_json::Value,
    /// The config hash of each service, as Compose labels its containers with it.
    pub hashes: BTreeMap<String, String>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Loads a stack to its normal form.
///
/// # Errors
/// Everything that is wrong with it.
pub fn config(tree: &dyn Tree, asked: &ConfigRequest) -> Result<Config, Vec<Diagnostic>> {
    let first = asked.files.first().map_or("", String::as_str);
    let report = match environment::text(tree, first) {
        Ok(text) => Reporter::new(first, &text),
        Err(_) => Reporter::hidden(first),
    };
    let directory = asked.directory.as_deref().unwrap_or(paths::split(first).0);
    let mut variables = Variables { passed: asked.environment.clone(), ..Variables::default() };
    environment::read(tree, directory, asked.env_files.as_deref(), &mut variables, None, &report);
    let set = |name: &str| match variables.get(name) {
        Lookup::Found { value, .. } if !value.is_empty() => Some(value.to_owned()),
        _ => None,
    };
    let name = asked.name.clone().or_else(|| set("COMPOSE_PROJECT_NAME"));
    let mut profiles = asked.profiles.clone();
    if profiles.is_empty() {
        let named = set("COMPOSE_PROFILES").unwrap_or_default();
        profiles.extend(named.split(',').map(|profile| profile.trim().to_owned()));
    }
    let request = compose::Request {
        tree,
        files: &asked.files,
        directory,
        root: asked.root.as_deref().unwrap_or(compose::NOWHERE),
        name: name.as_deref(),
        profiles: &profiles,
        variables: &variables,
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
    let project = compose::load(&request, &report);
    let failed = report.has_errors();
    let mut found = report.finish();
    super::one::sort(&mut found);
    match project {
        Some(project) if !failed => {
            let services = project.root.get("services").map(|entry| &entry.value.value);
            let services = match services {
                Some(Value::Map(entries)) => entries.as_slice(),
                _ => &[],
            };
            let hash = |e: &Entry| (e.key.clone(), compose::hash::service(&e.value));
            Ok(Config {
                json: compose::config::json(&project),
                hashes: services.iter().map(hash).collect(),
                warnings: found,
            })
        }
        _ => Err(found),
    }
}
