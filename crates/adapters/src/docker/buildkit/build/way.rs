//! How BuildKit gets the files of a build.

use std::collections::BTreeMap;

use super::Order;
use crate::docker::buildkit::session::{Entry, Source};
use context::{self, ContextError, ContextKind};
use model::build::Dockerfile;

/// How the files of a build reach the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The context in the request; the session has the logins alone.
    Tar,
    /// Everything by the session.
    Session,
}

impl Way {
    /// What this build needs.
    pub(super) fn of(order: &Order<'_>) -> Self {
        let build = order.build;
        let asks = !build.secrets.is_empty() || !build.ssh.is_empty();
        if asks || is_apart(order) { Self::Session } else { Self::Tar }
    }
}

/// Whether the Dockerfile is not what lies under its name in the context as it is sent.
fn is_apart(order: &Order<'_>) -> bool {
    match &order.build.dockerfile {
        Dockerfile::Within(_) if order.build.remote.is_some() => false,
        Dockerfile::Within(path) => {
            !order.build.contexts.is_empty() || order.files.iter().all(|file| file.path != *path)
        }
        Dockerfile::Outside(_) | Dockerfile::Inline(_) => true,
    }
}

/// What a session hands out: the folders that the builder asks for by name.
pub(super) async fn folders(
    order: &Order<'_>,
) -> Result<BTreeMap<&'static str, Vec<Entry>>, ContextError> {
    let mut entries = Vec::new();
    for file in &order.files {
        let path = context::tree_path(&order.build.context, &file.path);
        let entry = match &file.kind {
            ContextKind::Link { target } => Entry::link(&file.path, target),
            ContextKind::File { executable } => {
                let length = order.tree.read(&path, context::MAX_FILE);
                let size = length.map_err(ContextError::File)?.len();
                // Reading may take long: other tasks run in between.
                tokio::task::yield_now().await;
                Entry::file(&file.path, *executable, size, Source::Tree(path))
            }
        };
        entries.push(entry);
    }
    let text = order.dockerfile.clone();
    let dockerfile = Entry::file("Dockerfile", false, text.len(), Source::Bytes(text.into()));
    let folders = [("context", entries), ("dockerfile", vec![dockerfile])];
    Ok(folders.into_iter().map(|(name, entries)| (name, Entry::with_folders(entries))).collect())
}
