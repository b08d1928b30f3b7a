//! `show`: the plan of a plan file. It asks nobody.

use super::super::console::{Console, Format};
use super::super::exit::Exit;
use super::super::plan_args::ShowArgs;
use super::super::plan_file::PlanFile;
use super::super::render::plan;
use super::super::setup::Refusal;

/// Prints it.
pub(in crate::cli) fn show(console: Console, args: &ShowArgs) -> Result<Exit, Refusal> {
    let file = PlanFile::required(&args.file)?;
    if file.was_changed() {
        console.warning(
            "this is not the plan that was written: the file was changed by hand",
            "`reconciler apply` plans again and refuses it; `reconciler plan --out` writes another one",
        );
    }
    if console.format == Format::Json {
        console.json(&file);
    } else {
        console.result(&plan::overview(&file.text));
        console.progress(&file.origin());
    }
    Ok(Exit::Done)
}
