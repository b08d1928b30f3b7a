//! Which builder makes an image, and how it gets the files: decided from what the engine
//! has and what the build needs.

use std::collections::BTreeMap;

use super::Order;
use crate::docker::buildkit::session::{Entry, Source};
use crate::docker::wire::transport::{Builder, Engine};
use context::{self, ContextError, ContextKind};
use model::ability::ApiVersion;
use model::build::Dockerfile;

/// From here on BuildKit heeds `shmsize` and `ulimits` of a build.
const HEEDS_LIMITS: ApiVersion = ApiVersion::one(42);
/// What the classic builder is made to read when that is no file of the context.
pub(super) const APART: &str = ".reconciler.Dockerfile";

/// How an image is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// BuildKit, the context in the request, and a session for logins.
    Tar,
    /// BuildKit, everything by a session.
    Session,
    /// The classic builder, the context in the request.
    Classic,
}

/// Chooses; `Err` says why no way leads there.
pub(super) fn choose(order: &Order<'_>, engine: Engine) -> Result<Way, &'static str> {
    let build = order.build;
    let needs = !build.secrets.is_empty() || !build.ssh.is_empty();
    let limited = build.shm_size.is_some() || !build.ulimits.is_empty();
    let ignores_limits = limited && engine.version < HEEDS_LIMITS;
    match engine.builder {
        Builder::Classic if needs => {
            return Err("the engine has no BuildKit, without which a build has no secrets and \
                no ssh");
        }
        Builder::Classic => return Ok(Way::Classic),
        Builder::ClassicPreferred if !needs && !speaks_buildkit(&order.dockerfile) => {
            return Ok(Way::Classic);
        }
        _ => {}
    }
    if ignores_limits {
        if needs || speaks_buildkit(&order.dockerfile) {
            return Err("the engine's BuildKit would ignore shm_size and ulimits of the build \
                (Docker 23.0 is the first that does not)");
        }
        return Ok(Way::Classic);
    }
    Ok(if needs || is_apart(order) { Way::Session } else { Way::Tar })
}

/// Whether the Dockerfile is not what lies under its name in the context as it is sent.
pub(super) fn is_apart(order: &Order<'_>) -> bool {
    match &order.build.dockerfile {
        Dockerfile::Within(_) if order.build.remote.is_some() => false,
        Dockerfile::Within(path) => {
            !order.build.contexts.is_empty() || order.files.iter().all(|file| file.path != *path)
        }
        Dockerfile::Outside(_) | Dockerfile::Inline(_) => true,
    }
}

/// Whether a Dockerfile uses what only BuildKit understands.
fn speaks_buildkit(dockerfile: &[u8]) -> bool {
    let text = String::from_utf8_lossy(dockerfile).to_ascii_lowercase();
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| {
        let comment = line.strip_prefix('#').map(str::trim_start);
        comment.is_some_and(|comment| comment.starts_with("syntax="))
            || line.contains("<<")
            || line.starts_with("--mount=")
            || (line.starts_with("run") && line.contains("--mount="))
    })
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
