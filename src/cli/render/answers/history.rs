//! The last rollouts of deployments, newest first.

use std::time::Duration;

use clap::builder::styling::Style;

use model::ledger::{PastRollout, RolloutResult};
use model::tree::{DeploymentNode, Tree};

use super::lines::Lines;
use super::{ago, none};
use crate::cli::console::{BAD, FAINT, GOOD, STRONG, WARN};
use crate::cli::render::progress::elapsed;

/// What is said of a deployment that runs and has no history.
const NOTHING: &str =
    "? no rollout is remembered: what was remembered of it is lost, or none came to its end";
const UNSEEN: &str = "? what is remembered of it was not seen";

/// `history`.
pub(in crate::cli) fn text(tree: &Tree) -> String {
    let known = |node: &&DeploymentNode| !node.history.is_empty() || runs(node);
    if !tree.deployments.iter().any(|node| known(&node)) {
        return none(tree, "rollouts");
    }
    let mut lines = Lines::default();
    for node in tree.deployments.iter().filter(known) {
        let engine = node.engine.as_ref().map(|engine| format!(" (engine {engine})"));
        lines.put(("", "  "), (STRONG, node.id.as_str()), &engine.unwrap_or_default());
        for rollout in &node.history {
            put(&mut lines, tree, rollout);
        }
        if node.history.is_empty() {
            let why = if node.unseen.is_none() { NOTHING } else { UNSEEN };
            lines.put(("  ", "  "), (WARN, why), "");
        }
    }
    lines.text()
}

/// Whether something of it is there.
fn runs(node: &DeploymentNode) -> bool {
    let services = node.services.iter().flatten();
    services.flat_map(|service| service.replicas.iter().flatten()).any(|it| it.container.is_some())
}

fn put(lines: &mut Lines, tree: &Tree, rollout: &PastRollout) {
    let (style, word) = match (&rollout.back_from, &rollout.result) {
        (Some(_), RolloutResult::Done) => (GOOD, "✓ rolled back"),
        (Some(_), RolloutResult::Failed { .. }) => (BAD, "✗ rollback failed"),
        (_, result) => words(result),
    };
    let took = elapsed(Duration::from_millis(rollout.took_ms));
    let attempts = match rollout.attempts {
        0 | 1 => String::new(),
        many => format!(", attempt {many}"),
    };
    let ended = rollout.began.plus(Duration::from_millis(rollout.took_ms));
    let when = ago(tree.at.0, ended);
    let revision = match &rollout.back_from {
        Some(from) => format!("to revision {} from {}", rollout.revision.short(), from.short()),
        None => format!("revision {}", rollout.revision.short()),
    };
    let by = rollout.by.as_ref().map(|by| format!(", asked for by {by}")).unwrap_or_default();
    let tail = format!(", {revision}, {when} ago, took {took}{attempts}{by}");
    lines.put(("  ", "    "), (style, word), &tail);
    let commit = [rollout.author.as_deref(), rollout.subject.as_deref()];
    let commit: Vec<&str> = commit.into_iter().flatten().collect();
    if !commit.is_empty() {
        lines.put(("    ", "    "), (FAINT, &commit.join(": ")), "");
    }
    if !rollout.changes.is_empty() {
        lines.plain(("    ", "    "), &rollout.changes.join(", "));
    }
    if let RolloutResult::Failed { step, error } = &rollout.result {
        lines.plain(("    ", "      "), &format!("{step}: {error}"));
    }
}

fn words(result: &RolloutResult) -> (Style, &'static str) {
    match result {
        RolloutResult::Done => (GOOD, "✓ done"),
        RolloutResult::Failed { .. } => (BAD, "✗ failed"),
        RolloutResult::Withheld => (WARN, "? withheld in part"),
        RolloutResult::Interrupted => (WARN, "! interrupted"),
        RolloutResult::Unknown => (WARN, "? unknown"),
    }
}
