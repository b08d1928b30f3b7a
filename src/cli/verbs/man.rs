//! `man`: the manual pages, made from the command line's own definition.

use std::path::Path;

use model::diagnostic::Diagnostic;
use model::printable::one_line;

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::man_args::ManArgs;
use super::super::reference::man::manual;
use super::super::reference::markdown::document;

/// Prints reconciler(1) or the document of all verbs, or writes all pages into a folder.
pub(in crate::cli) fn man(console: Console, args: &ManArgs) -> Exit {
    if args.markdown {
        console.result_as_is(&document());
        return Exit::Done;
    }
    let pages = manual();
    let Some(folder) = &args.out else {
        console.result_as_is(&pages[0].1);
        return Exit::Done;
    };
    match write(folder, &pages) {
        Ok(()) => {
            let folder = one_line(&folder.to_string_lossy()).into_owned();
            console.progress(&format!("{} pages are in {folder}", pages.len()));
            Exit::Done
        }
        Err(error) => {
            let folder = one_line(&folder.to_string_lossy()).into_owned();
            let message = format!("the pages cannot be written into `{folder}`: {error}");
            let help = "name a folder that this user may write to";
            console.complain_all(&[Diagnostic::error(message).with_help(help)]);
            Exit::Failed
        }
    }
}

fn write(folder: &Path, pages: &[(String, String)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}
