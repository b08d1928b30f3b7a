//! No file imports itself by way of others: what belongs together is one file, or has a floor
//! below both. A `mod.rs` is there for all files below it, and they may name it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use super::layers::CRATES;
use super::source::{code, paths, rust_files};

/// Circles that stay, and why: the files of one of them, in order.
const KNOWN: &[(&str, &[&str])] = &[(
    "a stack file extends and includes stack files, which are read in the same way",
    &["extends.rs", "include.rs", "load.rs"],
)];

/// A module: its names from the crate's root on.
type Module = Vec<String>;

/// The files of a crate, and what each imports of them.
struct Crate {
    /// By module: the file, relative to the crate's `src`, and its code.
    files: BTreeMap<Module, (String, String)>,
}

/// What the files of a crate import of each other; of a folder's `mod.rs`, only by files outside.
pub(crate) fn imports(krate: &str) -> BTreeMap<String, BTreeSet<String>> {
    let of = Crate::read(krate);
    let mut found = BTreeMap::new();
    for (module, (file, text)) in &of.files {
        let named = paths(text).into_iter().filter_map(|path| of.target(module, &path));
        let above = |other: &Module| module.starts_with(other);
        let imported = named.filter(|other| !above(other)).map(|other| of.files[&other].0.clone());
        found.insert(file.clone(), imported.collect());
    }
    found
}

impl Crate {
    fn read(krate: &str) -> Self {
        let folder =
            if krate == "reconciler" { "src".into() } else { format!("crates/{krate}/src") };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        let mut files = BTreeMap::new();
        for path in rust_files(&folder).into_iter().filter(|path| !path.ends_with("tests.rs")) {
            let inner = path.strip_prefix(&root).expect("below the root");
            let file = inner.display().to_string();
            files.insert(module_of(inner), (file, code(&path)));
        }
        Self { files }
    }

    /// Which module a path that a module names leads to.
    fn target(&self, from: &[String], path: &str) -> Option<Module> {
        self.resolve(from, path, 0)
    }

    fn resolve(&self, from: &[String], path: &str, depth: usize) -> Option<Module> {
        let mut names = path.split("::").filter(|name| !name.is_empty()).peekable();
        let mut at: Module = from.to_vec();
        match names.peek().copied()? {
            "crate" => {
                names.next();
                at.clear();
            }
            "self" => {
                names.next();
            }
            "super" => {
                while names.next_if_eq(&"super").is_some() {
                    at.pop()?;
                }
            }
            name => {
                let child = joined(&at, name);
                self.files.contains_key(&child).then_some(())?;
            }
        }
        for name in names {
            let child = joined(&at, name);
            if self.files.contains_key(&child) {
                at = child;
                continue;
            }
            // A name that the module has from elsewhere.
            let leaf =
                |path: &String| path.rsplit("::").next() == Some(name) && path.contains("::");
            let (_, text) = self.files.get(&at)?;
            let other = uses(text).into_iter().filter(leaf).find(|path| depth < 5 && path != name);
            return Some(other.and_then(|path| self.resolve(&at, &path, depth + 1)).unwrap_or(at));
        }
        Some(at)
    }
}

fn joined(module: &[String], name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn module_of(inner: &Path) -> Module {
    let mut names: Module =
        inner.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        names.pop();
    }
    names
}

/// The paths of a file's `use` lines.
fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end + 1);
        if at == 0 || rest[..at].ends_with(['\n', ' ', ')']) {
            found.extend(paths(&rest[at..end]));
        }
        rest = &rest[end..];
    }
    found
}

/// Groups of files that reach each other.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reach(imports, file))).collect();
    let mut found = BTreeSet::new();
    for (file, others) in &reached {
        let both = others.iter().filter(|other| reached[**other].contains(file));
        let group: Vec<String> = both.map(|other| (*other).clone()).collect();
        if group.len() > 1 {
            found.insert(group);
        }
    }
    found
}

fn reach<'a>(
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    from: &'a String,
) -> BTreeSet<&'a String> {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(file) = open.pop() {
        open.extend(imports[file].iter().filter(|next| seen.insert(*next)));
    }
    seen
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for krate in CRATES.iter().map(|(krate, ..)| *krate).chain(["reconciler"]) {
        let imports = imports(krate);
        for circle in circles(&imports) {
            if KNOWN.iter().any(|(_, files)| *files == circle) {
                seen.insert(circle);
                continue;
            }
            let mut text = format!("{krate}: a circle of {} files\n", circle.len());
            for file in &circle {
                let of: Vec<&str> = imports[file]
                    .iter()
                    .filter(|it| circle.contains(it))
                    .map(String::as_str)
                    .collect();
                writeln!(text, "    {file} imports {}", of.join(", ")).expect("memory");
            }
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen.len(), KNOWN.len(), "a circle that stays is gone: take it out of KNOWN");
}
