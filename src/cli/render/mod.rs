//! How results look: text for people, JSON for programs.

pub(super) mod aftermath;
pub(super) mod answers;
pub(super) mod back;
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
pub(super) mod remains;
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
    if rows.len() == 1 { format!("{}\n", paint(FAINT, "no deployments")) } else { columns(&rows) }
}

/// Rows with their cells below each other, two spaces apart.
fn columns<R: AsRef<[(Style, String)]>>(rows: &[R]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, (_, cell)) in row.as_ref().iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in rows {
        let filled = row.as_ref().iter().rposition(|(_, cell)| !cell.is_empty());
        let row = &row.as_ref()[..filled.map_or(0, |last| last + 1)];
        for (index, (style, cell)) in row.iter().enumerate() {
            out += &paint(*style, cell);
            if index + 1 < row.len() {
                out += &" ".repeat(widths[index] + 2 - cell.chars().count());
            }
        }
        out.push('\n');
    }
    out
}
