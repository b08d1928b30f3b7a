//! Tar archives: the files that are put into a container, and a build's context.

use std::io::{self, Read as _};

use tar::{Builder, EntryType, Header};

use model::host_path::normalise;
use model::spec::FileSpec;

/// An archive of files to be unpacked at a container's root.
///
/// Folders are left out: the engine makes those that are missing, and an entry for one
/// that exists would change its owner and mode.
pub(in crate::docker) fn of_files(files: &[FileSpec]) -> io::Result<Vec<u8>> {
    let mut archive = Archive::new();
    for file in files {
        let path = normalise(&file.target);
        let mut header = header(EntryType::Regular, file.mode);
        header.set_uid(file.uid.into());
        header.set_gid(file.gid.into());
        archive.append(header, path.trim_start_matches('/'), file.content.expose())?;
    }
    archive.finish()
}

/// The bytes of an archive's first member, if that is a regular file.
pub(in crate::docker) fn first_file(archive: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let mut entry = archive.entries().ok()?.next()?.ok()?;
    if !entry.header().entry_type().is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// An archive that is written piece by piece.
pub(in crate::docker) struct Archive(Builder<Vec<u8>>);

impl Archive {
    pub(in crate::docker) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Adds a regular file that root owns. Its time is fixed, so that the builder's cache
    /// sees the content only.
    pub(in crate::docker) fn file(
        &mut self,
        path: &str,
        executable: bool,
        bytes: &[u8],
    ) -> io::Result<()> {
        let mode = if executable { 0o755 } else { 0o644 };
        self.append(header(EntryType::Regular, mode), path, bytes)
    }

    /// Adds a symbolic link.
    pub(in crate::docker) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let mut header = header(EntryType::Symlink, 0o777);
        header.set_size(0);
        self.0.append_link(&mut header, path, target)
    }

    fn append(&mut self, mut header: Header, path: &str, bytes: &[u8]) -> io::Result<()> {
        header.set_size(bytes.len() as u64);
        self.0.append_data(&mut header, path, bytes)
    }

    /// What was written since the last call.
    pub(in crate::docker) fn drain(&mut self) -> Vec<u8> {
        std::mem::take(self.0.get_mut())
    }

    /// Ends the archive and gives what was written since the last [`Self::drain`].
    pub(in crate::docker) fn finish(self) -> io::Result<Vec<u8>> {
        self.0.into_inner()
    }
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use model::secret::Content;

    #[test]
    fn files_keep_owner_mode_and_bytes_and_cannot_climb_out() {
        let file = FileSpec {
            target: "/run/../run/secrets/key".to_owned(),
            uid: 70,
            gid: 71,
            mode: 0o440,
            content: Content::new(*b"s3cret"),
        };
        let bytes = of_files(&[file]).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut entries = archive.entries().unwrap();
        let mut entry = entries.next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("run/secrets/key"));
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (70, 71));
        assert_eq!(header.mode().unwrap(), 0o440);
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(text, "s3cret");
        assert!(entries.next().is_none());
    }

    #[test]
    fn an_archive_in_pieces_is_the_same_archive() {
        let mut archive = Archive::new();
        archive.file("a", true, b"one").unwrap();
        let mut bytes = archive.drain();
        let long = "deep/".repeat(40) + "b";
        archive.link(&long, "../a").unwrap();
        bytes.extend(archive.drain());
        bytes.extend(archive.finish().unwrap());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let paths: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["a", long.as_str()]);
    }
}
