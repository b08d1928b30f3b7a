//! Which files make the project, in which folder, with which variables. The order of the
//! steps is Compose's: `.env` may say which stack file, and the stack file's folder has a
//! `.env` of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use crate::adapters::local::LocalTree;
use crate::compose::environment;
use crate::compose::variables::{Lookup, Variables};
use crate::model::diagnostic::Diagnostic;
use crate::text::report::Reporter;
use crate::text::yaml::MAX_FILE;

use super::super::environment::Environment;
use super::super::setup::Refusal;
use super::ProjectArgs;

/// Names of stack files, the first that exists counts.
const STACKS: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Names of what is merged onto it, likewise.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// A project that was found.
pub(in crate::cli) struct Located {
    /// The files of the machine, with what was read from standard input.
    pub(in crate::cli) tree: LocalTree,
    /// The stack files, as paths of the tree.
    pub(in crate::cli) files: Vec<String>,
    /// The project directory, as a path of the tree.
    pub(in crate::cli) directory: String,
    /// The working folder, as a path of the tree.
    pub(in crate::cli) here: String,
    /// The name that was given.
    pub(in crate::cli) name: Option<String>,
    /// The profiles that were given.
    pub(in crate::cli) profiles: Vec<String>,
    /// What references see.
    pub(in crate::cli) variables: Variables,
    /// What was noticed on the way.
    pub(in crate::cli) warnings: Vec<Diagnostic>,
}

/// Finds what a command line means.
pub(in crate::cli) fn locate(
    args: &ProjectArgs,
    environment: &Environment,
) -> Result<Located, Refusal> {
    let here = std::env::current_dir()
        .map_err(|error| Refusal::invalid(format!("the working folder is not known: {error}")))?;
    let mut search = Search {
        args,
        here: &here,
        variables: variables(environment, &here),
        warnings: Vec::new(),
    };
    let given: Vec<PathBuf> = args.file.iter().map(|file| search.absolute(file)).collect();
    // Twice: the `.env` of the working folder may say which file, which may have another.
    search.read_env_files(&search.directory(&given))?;
    let files = if given.is_empty() { search.find()? } else { given };
    let directory = search.directory(&files);
    search.read_env_files(&directory)?;
    let Search { variables, warnings, .. } = search;
    if files.is_empty() {
        return Err(Refusal::invalid("there is no stack file in this folder or a parent folder")
            .with_help("name one with `-f FILE`"));
    }
    let get = |name: &str| match variables.get(name) {
        Lookup::Found { value, .. } => Some(value.to_owned()),
        _ => None,
    };
    let profiles = if args.profile.is_empty() {
        let listed = get("COMPOSE_PROFILES").unwrap_or_default();
        listed.split(',').map(|name| name.trim().to_owned()).collect()
    } else {
        args.profile.clone()
    };
    let name = args.project_name.clone().or_else(|| get("COMPOSE_PROJECT_NAME"));
    let name = name.filter(|name| !name.is_empty());
    let directory = tree_path(&directory)?;
    let mut tree = LocalTree::default();
    let mut paths = Vec::new();
    for file in &files {
        paths.push(held(&mut tree, file, &directory)?);
    }
    let here = tree_path(&here)?;
    Ok(Located {
        tree,
        files: paths,
        directory,
        here,
        name,
        profiles: profiles.into_iter().filter(|name: &String| !name.is_empty()).collect(),
        variables,
        warnings,
    })
}

/// The file's path in the tree. What is no regular file can be read only once: it is held.
fn held(tree: &mut LocalTree, file: &Path, directory: &str) -> Result<String, Refusal> {
    let unreadable = |error: io::Error| {
        Refusal::invalid(format!("`{}` cannot be read: {error}", file.display()))
    };
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let path = format!("{directory}/-");
        tree.hold(&path, bytes);
        return Ok(path);
    }
    let path = tree_path(file)?;
    let kind = fs::metadata(file).map_err(unreadable)?;
    if !kind.is_file() && !kind.is_dir() {
        let opened = fs::File::open(file).map_err(unreadable)?;
        opened.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        tree.hold(&path, bytes);
    }
    Ok(path)
}

/// An absolute path as one of the tree.
fn tree_path(path: &Path) -> Result<String, Refusal> {
    let text = path
        .to_str()
        .ok_or_else(|| Refusal::invalid(format!("`{}` is not UTF-8", path.display())))?;
    Ok(text.trim_start_matches('/').to_owned())
}

fn variables(environment: &Environment, here: &Path) -> Variables {
    let mut passed = environment.all().clone();
    passed.entry("PWD".to_owned()).or_insert_with(|| here.to_string_lossy().into_owned());
    Variables { passed, ..Variables::default() }
}

struct Search<'a> {
    args: &'a ProjectArgs,
    here: &'a Path,
    variables: Variables,
    warnings: Vec<Diagnostic>,
}

impl Search<'_> {
    fn absolute(&self, path: &str) -> PathBuf {
        if path == "-" { PathBuf::from(path) } else { cleaned(&self.here.join(path)) }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let Variables { passed, dotenv, .. } = &self.variables;
        passed.get(name).or_else(|| dotenv.get(name)).map(String::as_str)
    }

    /// The project directory, as far as it is known.
    fn directory(&self, files: &[PathBuf]) -> PathBuf {
        if let Some(folder) = &self.args.project_directory {
            return self.absolute(folder);
        }
        let first = files.iter().find(|file| *file != Path::new("-"));
        first.and_then(|file| file.parent()).unwrap_or(self.here).to_owned()
    }

    /// The files that `COMPOSE_FILE` names, or that are found.
    fn find(&mut self) -> Result<Vec<PathBuf>, Refusal> {
        if let Some(list) = self.get("COMPOSE_FILE") {
            let separator = self.get("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty());
            let files: Vec<PathBuf> =
                list.split(separator.unwrap_or(":")).map(|file| self.absolute(file)).collect();
            if let Some(absent) =
                files.iter().find(|file| *file != Path::new("-") && !file.exists())
            {
                let message = format!("there is no file `{}`", absent.display());
                return Err(Refusal::invalid(message).with_help("`COMPOSE_FILE` names it"));
            }
            return Ok(files);
        }
        let start = self.directory(&[]);
        for folder in start.ancestors() {
            let Some(stack) = self.first_of(folder, &STACKS) else { continue };
            return Ok([Some(stack), self.first_of(folder, &OVERRIDES)]
                .into_iter()
                .flatten()
                .collect());
        }
        Ok(Vec::new())
    }

    fn first_of(&mut self, folder: &Path, names: &[&str]) -> Option<PathBuf> {
        let mut found = names.iter().map(|name| folder.join(name)).filter(|path| path.exists());
        let first = found.next()?;
        for other in found {
            let message = format!("`{}` is not used", other.display());
            let help = format!("`{}` comes before it", first.display());
            self.warnings.push(Diagnostic::error(message).with_help(help).as_warning());
        }
        Some(first)
    }

    /// Reads the env files that were named, or the `.env` of a folder. What is known
    /// already stays.
    fn read_env_files(&mut self, folder: &Path) -> Result<(), Refusal> {
        let (files, named) = self.env_files(folder)?;
        let mut found = BTreeMap::new();
        for file in files {
            let text = match fs::read(&file) {
                Ok(bytes) => String::from_utf8(bytes).map_err(|_| {
                    Refusal::invalid(format!("`{}` is not UTF-8 text", file.display()))
                })?,
                Err(error) if !named && error.kind() != io::ErrorKind::PermissionDenied => continue,
                Err(error) => {
                    let message =
                        format!("the env file `{}` cannot be read: {error}", file.display());
                    return Err(Refusal::invalid(message));
                }
            };
            let report = Reporter::hidden("");
            let name = file.to_string_lossy();
            environment::one(&name, &text, &self.variables, &mut found, &report);
            let failed = report.has_errors();
            let messages = report.finish();
            if failed {
                return Err(Refusal { exit: super::super::exit::Exit::Invalid, messages });
            }
            self.warnings.extend(messages);
        }
        self.warnings.dedup();
        for (name, value) in found {
            self.variables.dotenv.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The env files to read, and whether somebody named them.
    fn env_files(&self, folder: &Path) -> Result<(Vec<PathBuf>, bool), Refusal> {
        let process = |name: &str| self.variables.passed.get(name).map(String::as_str);
        let listed = process("COMPOSE_ENV_FILES").unwrap_or_default();
        let listed: Vec<&str> = listed.split(',').filter(|file| !file.is_empty()).collect();
        let named: Vec<&str> = if self.args.env_file.is_empty() {
            listed
        } else {
            self.args.env_file.iter().map(String::as_str).collect()
        };
        if !named.is_empty() {
            return Ok((named.into_iter().map(|file| self.absolute(file)).collect(), true));
        }
        match process("COMPOSE_DISABLE_ENV_FILE") {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok((Vec::new(), false)),
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => {
                Ok((vec![folder.join(".env")], false))
            }
            Some(_) => Err(Refusal::usage(
                "`COMPOSE_DISABLE_ENV_FILE` is neither true nor false",
                "write `true` or `false`",
            )),
        }
    }
}

/// A path without `.` and `..`, as Compose takes them out: without asking where links lead.
fn cleaned(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
