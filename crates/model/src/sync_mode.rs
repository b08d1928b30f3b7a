//! What the controller may do for a deployment, and of its own accord.

use serde::Serialize;

/// What the controller may do for a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SyncMode {
    /// Apply every revision and repair drift.
    #[default]
    Auto,
    /// Repair drift to the deployed revision; new ones wait for approval.
    Heal,
    /// Report only.
    Notify,
    /// Touch nothing, delete nothing.
    Paused,
}
