//! Files that the program writes for people: new ones only, what is there stays.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whom the process's mask lets.
    All,
    /// Its owner.
    Owner,
}

/// Writes a file that is not there yet. What could not be written whole is taken away again.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if there is something, also a link that leads nowhere.
pub(super) fn create(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
    let mut file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}
