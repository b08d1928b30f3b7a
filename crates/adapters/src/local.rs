//! All files of this machine as one tree, whose root is `/`: for `config`, which the
//! operator runs on stacks of his own and which may name files anywhere. Links are
//! followed. No revision: what is read is what is there at that moment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};

use world::{Tree, TreeEntry, TreeError, TreeKind};

/// The machine's files.
#[derive(Debug, Default)]
pub struct LocalTree {
    /// What is read in place of a file: standard input, and pipes, which can be read only
    /// once.
    held: BTreeMap<String, Vec<u8>>,
}

impl LocalTree {
    /// Holds a text under a path, as if it were a file.
    pub fn hold(&mut self, path: &str, bytes: Vec<u8>) {
        self.held.insert(path.to_owned(), bytes);
    }
}

impl Tree for LocalTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let too_large = || TreeError::TooLarge { path: path.to_owned(), limit };
        if let Some(bytes) = self.held.get(path) {
            return if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes.clone()) };
        }
        let failed = |error: io::Error| refusal(path, &error);
        let mut file = File::open(absolute(path)).map_err(failed)?;
        let size = file.metadata().map_err(failed)?;
        if size.is_dir() {
            return Err(TreeError::NotAFile(path.to_owned()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size.len().min(limit)).unwrap_or(0));
        (&mut file).take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let failed = |error: io::Error| refusal(path, &error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(absolute(path)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // What a link leads to counts; one that leads nowhere is a link.
            let kind = match fs::metadata(entry.path()) {
                Ok(there) if there.is_dir() => TreeKind::Folder,
                Ok(there) if there.is_file() => {
                    TreeKind::File { executable: is_executable(&there) }
                }
                Ok(_) => TreeKind::Other,
                Err(_) => TreeKind::Link,
            };
            entries
                .push(TreeEntry { name: entry.file_name().to_string_lossy().into_owned(), kind });
        }
        entries.sort();
        Ok(entries)
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        let target = fs::read_link(absolute(path)).map_err(|error| refusal(path, &error))?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn host_path(&self) -> Option<&str> {
        Some("/")
    }
}

fn absolute(path: &str) -> String {
    format!("/{path}")
}

fn is_executable(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions().mode() & 0o100 != 0
}

fn refusal(path: &str, error: &io::Error) -> TreeError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            TreeError::Missing(absolute(path))
        }
        io::ErrorKind::IsADirectory => TreeError::NotAFile(absolute(path)),
        _ => TreeError::Unreadable { path: absolute(path), why: error.to_string() },
    }
}
