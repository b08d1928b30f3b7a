//! What differs between a container and what git wants.

use serde::Serialize;

/// The field of a catalog entry that follows a replica's health.
pub const CATALOG_CHECK: &str = "catalog.check";

/// A field whose two values differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The field's path: `environment.TAG`.
    pub field: String,
    /// What it is; `None` if it is not there. Masked if it is sensitive.
    pub have: Option<String>,
    /// What git wants; `None` if it shall not be there. Masked if it is sensitive.
    pub want: Option<String>,
    /// Who changed it.
    pub by: ChangedBy,
}

/// Who made two values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangedBy {
    /// The source says something else than when the container was made.
    Source,
    /// The source says the same; the container was changed by hand.
    Hand,
    /// The deployment returns to what worked, because the source's revision failed.
    Rollback,
    /// It is not known.
    Unknown,
}
