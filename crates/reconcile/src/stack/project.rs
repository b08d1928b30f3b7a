//! Which project a folder or a list of stack files is, as `docker compose` finds it: its
//! files, its project directory, and what references in it see. Every verb asks here.
//!
//! The order of the steps is Compose's: `.env` may say which stack file, and the stack
//! file's folder has a `.env` of its own.

use super::codes::{BAD_ID, OUTSIDE};
use compose::codes::{ENV_FILE, FILE};
use compose::environment;
use compose::variables::{Lookup, Variables};
use model::diagnostic::{Code, Diagnostic, Loc};
use model::id::DeploymentId;
use text::report::Reporter;
use text::{paths, stored};
use world::{Tree, TreeEntry, TreeKind};

/// Names of stack files; the first that exists is taken, as Compose does.
pub const STACKS: [&str; 5] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", LEGACY];
/// The oldest name, which nothing is merged onto.
const LEGACY: &str = "fig.yml";
/// Files that are merged onto a stack that was found, as Compose does; the first that exists.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];
/// The file with variables that is read unasked.
pub(super) const DOTENV: &str = ".env";
/// Standard input, as a stack file that was named.
pub const STDIN: &str = "-";

/// What is said of a project from outside: by the command line, or by an entry of
/// `deployments.yaml`. All paths are those of the tree.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The stack files; empty are those that `COMPOSE_FILE` names, or that are found.
    pub files: &'a [String],
    /// The project directory; `None` is the folder of the first stack file.
    pub directory: Option<&'a str>,
    /// Where stack files are looked for, with or without the folders above.
    pub folder: &'a str,
    /// Whether the folders above count.
    pub parents: bool,
    /// Where the paths in `COMPOSE_FILE` and `COMPOSE_ENV_FILES` begin.
    pub here: &'a str,
    /// Env files in place of `.env` and of `COMPOSE_ENV_FILES`.
    pub env_files: Option<&'a [String]>,
    /// Where they are named, if a file does.
    pub origin: Option<&'a Loc>,
}

/// A project that was found.
#[derive(Default)]
pub struct Project {
    /// The stack files, each merged onto the ones before; empty if there is none.
    pub files: Vec<String>,
    /// The project directory.
    pub directory: String,
    /// What references see.
    pub variables: Variables,
    /// Whether nothing was wrong on the way: else there may be other files, and another name.
    pub certain: bool,
    /// The env files that were read, the first wins.
    read: Vec<String>,
    /// Files that would be used if there was not another one: it, and the other one.
    pub unused: Vec<(String, String)>,
}

/// Finds a project; `variables` is what is known before any file is read. What is wrong is
/// reported to `report`, which nothing else was yet.
pub fn find(tree: &dyn Tree, asked: Asked<'_>, variables: Variables, report: &Reporter) -> Project {
    let mut search = Search { tree, asked, report, variables, read: Vec::new() };
    search.read_env_files(&asked.directory_of(asked.files));
    let (files, unused) =
        if asked.files.is_empty() { search.find() } else { (asked.files.to_vec(), Vec::new()) };
    let directory = asked.directory_of(&files);
    search.read_env_files(&directory);
    let certain = !report.has_errors();
    let Search { variables, read, .. } = search;
    Project { files, directory, variables, certain, read, unused }
}

impl Project {
    /// The project's name: the one that is given, else that of `COMPOSE_PROJECT_NAME`.
    /// `None` leaves it to the files and the folder.
    pub fn name(&self, given: Option<&str>) -> Option<String> {
        let name = given.map(str::to_owned).or_else(|| self.get("COMPOSE_PROJECT_NAME"));
        name.filter(|name| !name.is_empty())
    }

    /// The active profiles: those that are given, else those of `COMPOSE_PROFILES`.
    pub fn profiles(&self, given: Option<&[String]>) -> Vec<String> {
        let profiles = given.map_or_else(
            || {
                let listed = self.get("COMPOSE_PROFILES").unwrap_or_default();
                listed.split(',').map(|name| name.trim().to_owned()).collect()
            },
            <[String]>::to_vec,
        );
        profiles.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// The id that `COMPOSE_PROJECT_NAME` gives; `Err` if it cannot be one, which was
    /// reported.
    pub(super) fn id(
        &self,
        tree: &dyn Tree,
        report: &Reporter,
    ) -> Result<Option<DeploymentId>, ()> {
        const VARIABLE: &str = "COMPOSE_PROJECT_NAME";
        let Some(name) = self.name(None) else { return Ok(None) };
        if DeploymentId::is_valid(&name) {
            return Ok(Some(DeploymentId::new(name)));
        }
        // Its value came out of an env file or the environment: those never print.
        let message = format!("the value of `{VARIABLE}` cannot be the id of a deployment");
        let at = place(tree, &self.read, &self.variables, VARIABLE);
        let problem = Diagnostic { at, ..Diagnostic::error(message).with_code(BAD_ID) };
        report.add(problem.with_help(super::one::ID_HELP));
        Err(())
    }

    fn get(&self, name: &str) -> Option<String> {
        get(&self.variables, name).map(str::to_owned)
    }
}

fn get<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    match variables.get(name) {
        Lookup::Found { value, .. } => Some(value),
        Lookup::Withheld | Lookup::Unset => None,
    }
}

/// Where an env file sets a variable; `None` if the environment does.
fn place(tree: &dyn Tree, files: &[String], known: &Variables, name: &str) -> Option<Loc> {
    let sets = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':']))
    };
    let in_file = |file: &String| {
        let text = environment::text(tree, file).ok()?;
        let line = text.lines().zip(1..).filter(|(line, _)| sets(line)).last()?.1;
        Some(Loc::new(file.as_str(), line, 1))
    };
    let outside = known.own.contains_key(name) || known.passed.contains_key(name);
    if outside { None } else { files.iter().find_map(in_file) }
}

impl Asked<'_> {
    /// The project directory, as far as it is known.
    fn directory_of(&self, files: &[String]) -> String {
        let first = files.iter().find(|file| *file != STDIN);
        let folder = first.map_or(self.folder, |file| paths::split(file).0);
        self.directory.unwrap_or(folder).to_owned()
    }
}

struct Search<'a> {
    tree: &'a dyn Tree,
    asked: Asked<'a>,
    report: &'a Reporter,
    variables: Variables,
    /// The env files that were read.
    read: Vec<String>,
}

impl Search<'_> {
    /// The files that `COMPOSE_FILE` names, or that are found; and what is not used beside
    /// them.
    fn find(&self) -> (Vec<String>, Vec<(String, String)>) {
        let Some(list) = get(&self.variables, "COMPOSE_FILE") else { return self.look() };
        let separator = get(&self.variables, "COMPOSE_PATH_SEPARATOR");
        let separator = separator.filter(|text| !text.is_empty()).unwrap_or(":");
        let named = list.split(separator).map(|file| self.named("COMPOSE_FILE", FILE, file));
        // All of them, so that each one's errors are reported.
        let files: Vec<Option<String>> = named.collect();
        (files.into_iter().collect::<Option<_>>().unwrap_or_default(), Vec::new())
    }

    /// A file of the tree that a variable names.
    fn named(&self, variable: &str, code: Code, file: &str) -> Option<String> {
        if file == STDIN {
            return Some(file.to_owned());
        }
        let root = self.tree.host_path().map(|root| root.trim_end_matches('/'));
        let inside = root.and_then(|root| file.strip_prefix(root)?.strip_prefix('/'));
        let (base, relative) = inside.map_or((self.asked.here, file), |inside| ("", inside));
        let Some(path) = paths::in_tree(base, relative) else {
            let message =
                format!("`{variable}` names `{file}`, which is outside the source's tree");
            return self.refuse(variable, Diagnostic::error(message).with_code(OUTSIDE));
        };
        if let Some(error) = stored::elsewhere(self.tree, &path) {
            let message = format!("`{variable}` names `{file}`: {error}");
            let help = stored::remedy(self.tree, &path, &error, "");
            let problem = Diagnostic::error(message).with_code(stored::code(&error, code));
            return self.refuse(variable, Diagnostic { help, ..problem });
        }
        if file.is_empty() || paths::kind(self.tree, &path).is_none() {
            let message = format!("`{variable}` names `{file}`, and there is no such file");
            let help = paths::beside(self.tree, &path, "");
            return self.refuse(
                variable,
                Diagnostic { help, ..Diagnostic::error(message).with_code(code) },
            );
        }
        Some(path)
    }

    fn refuse(&self, variable: &str, problem: Diagnostic) -> Option<String> {
        let at = place(self.tree, &self.read, &self.variables, variable);
        self.report.add(Diagnostic { at, ..problem });
        None
    }

    /// The stack file of the folder, or of one above, with what is merged onto it.
    fn look(&self) -> (Vec<String>, Vec<(String, String)>) {
        let mut folder = self.asked.folder;
        loop {
            let entries = self.tree.list(folder).unwrap_or_default();
            let mut unused = Vec::new();
            if let Some(stack) = first_of(folder, &entries, &STACKS, &mut unused) {
                let legacy = paths::split(&stack).1 == LEGACY;
                let more =
                    if legacy { None } else { first_of(folder, &entries, &OVERRIDES, &mut unused) };
                return ([Some(stack), more].into_iter().flatten().collect(), unused);
            }
            if folder.is_empty() || !self.asked.parents {
                return (Vec::new(), Vec::new());
            }
            folder = paths::split(folder).0;
        }
    }

    /// Reads the env files that were named, or the `.env` of a folder. What is known
    /// already stays.
    fn read_env_files(&mut self, folder: &str) {
        let Some((files, named)) = self.env_files(folder) else { return };
        let files: Vec<String> =
            files.into_iter().filter(|file| !self.read.contains(file)).collect();
        let origin = self.asked.origin;
        environment::read(self.tree, &files, named, &mut self.variables, origin, self.report);
        self.read.extend(files);
    }

    /// The env files to read, and whether they were named explicitly.
    fn env_files(&self, folder: &str) -> Option<(Vec<String>, bool)> {
        if let Some(files) = self.asked.env_files {
            return Some((files.to_vec(), true));
        }
        let process = |name: &str| self.variables.passed.get(name).map(String::as_str);
        let listed = process("COMPOSE_ENV_FILES").unwrap_or_default().split(',');
        let listed = listed.filter(|file| !file.is_empty());
        let named: Vec<Option<String>> =
            listed.map(|file| self.named("COMPOSE_ENV_FILES", ENV_FILE, file)).collect();
        if !named.is_empty() {
            return Some((named.into_iter().collect::<Option<_>>()?, true));
        }
        match process("COMPOSE_DISABLE_ENV_FILE") {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => None,
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => {
                Some((vec![paths::join(folder, DOTENV)], false))
            }
            Some(_) => {
                let problem =
                    Diagnostic::error("`COMPOSE_DISABLE_ENV_FILE` is neither true nor false");
                let problem = problem.with_code(ENV_FILE).with_help("write `true` or `false`");
                self.report.add(problem);
                None
            }
        }
    }
}

/// The first of these names that a folder has; the others that it has are added to `unused`.
fn first_of(
    folder: &str,
    entries: &[TreeEntry],
    names: &[&str],
    unused: &mut Vec<(String, String)>,
) -> Option<String> {
    let mut there = names.iter().filter(|name| has_file(entries, name));
    let first = paths::join(folder, there.next()?);
    unused.extend(there.map(|name| (paths::join(folder, name), first.clone())));
    Some(first)
}

/// Whether there is such a file, or something that is named like one.
pub(super) fn has_file(entries: &[TreeEntry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name && entry.kind != TreeKind::Folder)
}

/// The stack file among a folder's entries.
pub(super) fn stack_in(entries: &[TreeEntry]) -> Option<&'static str> {
    STACKS.into_iter().find(|name| has_file(entries, name))
}
