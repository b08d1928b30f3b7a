//! `init`: the files that a repository of stacks begins with. What is there is never written over.

mod configuration;
mod files;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

use model::printable::one_line;
use model::remedy::quoted;
use model::render::machine::SCHEMA_VERSION;

use super::super::console::{Console, Format};
use super::super::exit::Exit;
use super::super::init_args::InitArgs;
use super::super::new_file::{self, Readers};
use super::super::schema;
use super::super::setup::Refusal;
use super::no_stack::folder_of_stacks;

/// A file, and what became of it.
struct Outcome {
    path: &'static str,
    text: String,
    written: bool,
}

/// Writes the files, or prints them.
pub(in crate::cli) fn init(console: Console, args: &InitArgs) -> Result<Exit, Refusal> {
    let folder = &args.folder;
    let mut outcomes = Vec::new();
    for (path, text) in all(folder_of_stacks(folder).is_some()) {
        let written = !args.print && write(&folder.join(path), &text)?;
        outcomes.push(Outcome { path, text, written });
    }
    if console.format == Format::Json {
        console.json(&machine(args, &outcomes));
    } else if args.print {
        let documents = outcomes.iter().map(|it| format!("# ==== {}\n{}", it.path, it.text));
        console.result_as_is(&documents.collect::<Vec<_>>().join("\n"));
    } else {
        report(console, folder, &outcomes);
    }
    Ok(Exit::Done)
}

/// The files; an example only where there is no stack yet.
fn all(has_stack: bool) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("reconciler.yaml", configuration::text()),
        ("compose.controller.yaml", files::CONTROLLER.to_owned()),
        (".github/workflows/reconciler.yaml", files::GITHUB.to_owned()),
        ("ci/gitlab.yaml", files::GITLAB.to_owned()),
        (".gitignore", files::GITIGNORE.to_owned()),
    ];
    if !has_stack {
        let schema = serde_json::to_string_pretty(&schema::stack());
        let schema = schema.expect("BUG: a schema is plain data with string keys");
        all.push(("stack.schema.json", schema + "\n"));
        all.push(("desired-state/hello/compose.yaml", files::STACK.to_owned()));
    }
    all
}

/// Writes a file unless something is there. Whether it did.
fn write(path: &Path, text: &str) -> Result<bool, Refusal> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    match made.and_then(|()| new_file::create(path, text, Readers::All)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => {
            let name = path.to_string_lossy();
            let message = format!("`{}` cannot be written: {error}", one_line(&name));
            Err(Refusal::invalid(message)
                .with_help("name a folder that this user may write to; `--print` writes nothing"))
        }
    }
}

fn report(console: Console, folder: &Path, outcomes: &[Outcome]) {
    for it in outcomes {
        let path = folder.join(it.path);
        let path = path.strip_prefix(".").unwrap_or(&path).to_string_lossy();
        let what = if it.written { "written  " } else { "left as it is" };
        console.result(&format!("{what} {}", one_line(&path)));
    }
    let stacks = folder_of_stacks(folder).unwrap_or_else(|| folder.to_owned());
    let stacks = match stacks.strip_prefix(".") {
        Ok(inside) if inside.as_os_str().is_empty() => ".".into(),
        Ok(inside) => inside.to_string_lossy(),
        Err(_) => stacks.to_string_lossy(),
    };
    let stacks = one_line(&quoted(&stacks)).into_owned();
    console.progress("Then");
    console.progress(&format!("  reconciler validate {stacks}    checks the stacks"));
    console.progress(&format!("  reconciler plan {stacks}        shows what would change"));
    console.progress(&format!("  reconciler apply {stacks}       shows it, asks, and does it"));
    console.progress("  and set `source` in reconciler.yaml before you start the controller.");
}

fn machine(args: &InitArgs, outcomes: &[Outcome]) -> serde_json::Value {
    let paths = |written: bool| {
        let some = outcomes.iter().filter(|it| it.written == written && !args.print);
        some.map(|it| it.path).collect::<Vec<_>>()
    };
    let mut result = json!({
        "schema_version": SCHEMA_VERSION,
        "folder": args.folder.to_string_lossy(),
        "written": paths(true),
        "left": paths(false),
    });
    if args.print {
        let files = outcomes.iter().map(|it| json!({ "path": it.path, "text": it.text }));
        result["files"] = files.collect();
    }
    result
}
