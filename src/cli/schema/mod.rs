//! JSON Schemas (draft 2020-12) of the files that users write, and of results for programs.

mod deployments;
mod stack;

pub(super) use deployments::deployments;
pub(super) use stack::stack;

/// The schema of a plan as JSON.
pub(super) fn plan() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../docs/plan.schema.json")).expect("BUG: no JSON")
}

/// The dialect of all schemas here.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
