//! JSON Schemas (draft 2020-12) of the files that users write.

mod deployments;
mod stack;

pub(super) use deployments::deployments;
pub(super) use stack::stack;

/// The dialect of all schemas here.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
