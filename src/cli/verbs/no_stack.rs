//! A place without stacks: for verbs that need one it is a mistake.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use model::desired::{DesiredState, Layout};
use model::diagnostic::Diagnostic;
use model::printable::one_line;
use model::remedy::quoted;
use reconcile::stack::{LIST, STACKS};

/// How deep folders with stacks are looked for, to name one.
const DEPTH: usize = 4;
/// How many folders are looked into for that.
const MOST: usize = 1_000;

/// Whether a place was looked through for stacks, and has none.
pub(super) fn is_without_stacks(desired: &DesiredState) -> bool {
    let is_empty = desired.deployments.is_empty() && desired.incomplete.is_empty();
    is_empty && desired.layout == Layout::Folders
}

/// A verb that reads stacks needs one.
pub(super) fn no_stack(place: &str, verb: &str) -> Diagnostic {
    let folder = Path::new(place.strip_prefix("dir:").unwrap_or(place));
    let below = folder_of_stacks(folder).filter(|found| found != folder);
    let names = STACKS.join("`, `");
    let help = match below {
        Some(found) => {
            let here = env::current_dir().ok();
            let found = here.and_then(|here| found.strip_prefix(here).ok()).unwrap_or(&found);
            let found = found.strip_prefix(".").unwrap_or(found).to_string_lossy();
            format!(
                "the folder `{}` has some, and is not looked into by itself: `reconciler {verb} {}`",
                one_line(&found),
                one_line(&quoted(&found))
            )
        }
        None => format!(
            "`{names}` are looked for in the folder and in its direct children; `{LIST}` lists \
             stacks that lie deeper or have other names; a stack file can also be given itself, or \
             a repository with `--git` and a folder of it with `--path`"
        ),
    };
    Diagnostic { help: Some(help), ..Diagnostic::error(format!("there is no stack in `{place}`")) }
}

/// The nearest folder, at or below this one, that has stacks if it is given as the source.
pub(super) fn folder_of_stacks(folder: &Path) -> Option<PathBuf> {
    let has = |folder: &Path, names: &[&str]| names.iter().any(|name| folder.join(name).is_file());
    let mut waiting = VecDeque::from([(folder.to_owned(), 0)]);
    for _ in 0..MOST {
        let (folder, depth) = waiting.pop_front()?;
        let children = folders(&folder);
        let is_found = has(&folder, &[LIST])
            || has(&folder, &STACKS)
            || children.iter().any(|child| has(child, &STACKS));
        if is_found {
            return Some(folder);
        }
        if depth < DEPTH {
            waiting.extend(children.into_iter().map(|child| (child, depth + 1)));
        }
    }
    None
}

/// The folders in a folder that are not hidden, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map_while(Result::ok);
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let is_hidden = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    let folders = entries.filter(|entry| is_folder(entry) && !is_hidden(entry));
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}
