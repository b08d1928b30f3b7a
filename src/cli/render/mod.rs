//! How results look: text for people, JSON for programs.

pub(super) mod aftermath;
pub(super) mod diagnostics;
pub(super) mod diff;
pub(super) mod ended;
#[cfg(test)]
mod fixture;
pub(super) mod happened;
pub(super) mod log_line;
pub(super) mod logs;
pub(super) mod markdown;
pub(super) mod objects;
pub(super) mod plan;
pub(super) mod progress;
pub(super) mod report;

use std::collections::BTreeMap;

use clap::builder::styling::Style;

use model::id::DeploymentId;
use model::plan::{DeploymentState, Health, Sync};

use super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};

/// Each deployment's id, sync and health, below each other.
pub(super) fn deployments(states: &BTreeMap<DeploymentId, DeploymentState>) -> String {
    let mut rows = vec![["DEPLOYMENT", "SYNC", "HEALTH"].map(|title| (STRONG, title.to_owned()))];
    rows.extend(states.iter().map(|(id, DeploymentState { sync, health })| {
        let sync_style = if *sync == Sync::Synced { GOOD } else { WARN };
        let health_style = match health {
            Health::Healthy => GOOD,
            Health::Degraded | Health::Missing => BAD,
            _ => WARN,
        };
        let (sync, health) = (format!("{sync:?}"), format!("{health:?}"));
        [(STRONG, id.to_string()), (sync_style, sync), (health_style, health)]
    }));
    if rows.len() == 1 { paint(FAINT, "no deployments\n") } else { columns(&rows) }
}

/// Rows with their cells below each other, two spaces apart.
fn columns<const N: usize>(rows: &[[(Style, String); N]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].1.chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        for (index, (style, cell)) in row.iter().enumerate() {
            out += &paint(*style, cell);
            if index + 1 < N {
                out += &" ".repeat(widths[index] + 2 - cell.chars().count());
            }
        }
        out.push('\n');
    }
    out
}
