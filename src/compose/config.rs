//! What `docker compose config` prints.

use super::Project;

/// The text that `docker compose config --format json` prints.
pub(crate) fn json_text(project: &Project) -> String {
    let _ = project;
    String::new()
}

/// The same as a value.
pub(crate) fn json(project: &Project) -> serde_json::Value {
    serde_json::from_str(&json_text(project)).unwrap_or_default()
}

/// The text that `docker compose config` prints.
pub(crate) fn yaml(project: &Project) -> String {
    let _ = project;
    String::new()
}
