//! Which project a command line of `config` means: its options, and the files of this
//! machine. How a project is found is [`project::find`]'s.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use adapters::local::LocalTree;
use compose::variables::Variables;
use model::diagnostic::Diagnostic;
use reconcile::stack::project::{self, Asked, STDIN};
use text::report::Reporter;
use text::yaml::MAX_FILE;

use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::setup::Refusal;
use super::ProjectArgs;

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
    let absolute = |path: &String| tree_path(&cleaned(&here.join(path)));
    let all = |paths: &[String]| paths.iter().map(absolute).collect::<Result<Vec<_>, _>>();
    let given = args.file.iter().map(|file| match file.as_str() {
        STDIN => Ok(file.clone()),
        _ => absolute(file),
    });
    let given = given.collect::<Result<Vec<_>, _>>()?;
    let directory = args.project_directory.as_ref().map(absolute).transpose()?;
    let env_files = all(&args.env_file)?;
    let working = tree_path(&here)?;
    let asked = Asked {
        files: &given,
        directory: directory.as_deref(),
        folder: directory.as_deref().unwrap_or(&working),
        parents: true,
        here: &working,
        env_files: (!env_files.is_empty()).then_some(&env_files),
        origin: None,
    };
    let mut tree = LocalTree::default();
    let report = Reporter::hidden("");
    let project = project::find(&tree, asked, variables(environment, &here), &report);
    let mut warnings = report.finish();
    if !project.certain {
        return Err(Refusal { exit: Exit::Invalid, messages: warnings });
    }
    if project.files.is_empty() {
        return Err(Refusal::invalid("there is no stack file in this folder or a parent folder")
            .with_help("name one with `-f FILE`"));
    }
    for (unused, used) in &project.unused {
        let help = format!("`/{used}` comes before it");
        let message = format!("`/{unused}` is not used");
        warnings.push(Diagnostic::error(message).with_help(help).as_warning());
    }
    let name = project.name(args.project_name.as_deref());
    let profiles = project.profiles((!args.profile.is_empty()).then_some(&args.profile));
    let project::Project { files, directory, variables, .. } = project;
    let files = files.iter().map(|file| held(&mut tree, file, &directory));
    let files = files.collect::<Result<_, _>>()?;
    Ok(Located { tree, files, directory, here: working, name, profiles, variables, warnings })
}

/// The file's path in the tree. What is no regular file can be read only once: it is held.
fn held(tree: &mut LocalTree, file: &str, directory: &str) -> Result<String, Refusal> {
    let place = Path::new("/").join(file);
    let unreadable = |error: io::Error| {
        Refusal::invalid(format!("`{}` cannot be read: {error}", place.display()))
    };
    let mut bytes = Vec::new();
    if file == STDIN {
        io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let path = format!("{directory}/-");
        tree.hold(&path, bytes);
        return Ok(path);
    }
    let kind = fs::metadata(&place).map_err(unreadable)?;
    if !kind.is_file() && !kind.is_dir() {
        let opened = fs::File::open(&place).map_err(unreadable)?;
        opened.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        tree.hold(file, bytes);
    }
    Ok(file.to_owned())
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
