//! In which form a result is printed: options that several verbs have.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::console::Format;

/// The form of a result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Form of the result on stdout
    #[arg(short, long, value_name = "FORMAT", value_parser = format(&["text", "json"]))]
    #[arg(default_value = "text")]
    pub(super) output: Format,
}

/// How a plan is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct StepsArgs {
    /// Print the plan as a graph of steps, not by the objects that change
    #[arg(long)]
    pub(super) steps: bool,
}

/// The form of a plan.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct PlanOutputArgs {
    /// Form of the plan on stdout; `markdown` is for the comment of a merge request
    #[arg(short, long, value_name = "FORMAT", value_parser = format(&["text", "json", "markdown"]))]
    #[arg(default_value = "text")]
    pub(super) output: Format,
}

/// A format out of some.
fn format(known: &'static [&'static str]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(known).map(|word| match word.as_str() {
        "json" => Format::Json,
        "markdown" => Format::Markdown,
        _ => Format::Text,
    })
}
