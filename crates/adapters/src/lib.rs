//! The real world, one file per outside thing.

pub mod clock;
pub mod consul;
pub mod dir;
pub mod dns;
pub mod docker;
pub mod git;
mod hint;
pub mod host;
pub mod http;
pub mod lease;
pub mod local;
pub mod process;

use std::path::Path;

use world::SourceError;

/// Why a source of this machine cannot be read: only what is certain counts as missing.
fn unread(path: &Path, error: &std::io::Error) -> SourceError {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let path = path.display();
    match error.kind() {
        NotFound | NotADirectory => SourceError::Missing(format!("`{path}` does not exist")),
        _ => SourceError::Unreachable(format!("`{path}` cannot be read: {error}")),
    }
}
