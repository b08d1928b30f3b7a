//! `schema`: the JSON Schemas that editors complete and check files by, and of results for programs.

use super::super::args::SchemaOf;
use super::super::console::Console;
use super::super::exit::Exit;
use super::super::schema;

/// Prints one.
pub(in crate::cli) fn schema(console: Console, of: SchemaOf) -> Exit {
    console.json(&match of {
        SchemaOf::Stack => schema::stack(),
        SchemaOf::Deployments => schema::deployments(),
        SchemaOf::Plan => schema::plan(),
    });
    Exit::Done
}
