//! Folders for BuildKit: first the list of files, then the content of those it asks for. The
//! protocol is that of `fsutil`, which BuildKit copies a client's files with.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::grpc::{Call, Status};
use crate::docker::buildkit::protobuf::{self, Field};

/// Kinds of packets.
const STAT: u64 = 0;
const REQUEST: u64 = 1;
const DATA: u64 = 2;
const FINISHED: u64 = 3;
const ERROR: u64 = 4;

/// Go's bits for a folder and a link.
const FOLDER: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// How much of a file one packet holds.
const PIECE: usize = 32 << 10;

/// A file, folder or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::docker) struct Entry {
    path: String,
    mode: u32,
    size: usize,
    link: String,
    source: Option<Source>,
}

/// Where a file's content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::docker) enum Source {
    /// Here.
    Bytes(Bytes),
    /// At this path of the tree.
    Tree(String),
}

impl Entry {
    pub(in crate::docker) fn file(
        path: &str,
        executable: bool,
        size: usize,
        source: Source,
    ) -> Self {
        let mode = if executable { 0o755 } else { 0o644 };
        Self { path: path.to_owned(), mode, size, link: String::new(), source: Some(source) }
    }

    pub(in crate::docker) fn link(path: &str, target: &str) -> Self {
        let mode = LINK | 0o777;
        Self { path: path.to_owned(), mode, size: 0, link: target.to_owned(), source: None }
    }

    /// These entries with the folders above them, in the order that BuildKit insists on.
    pub(in crate::docker) fn with_folders(entries: Vec<Self>) -> Vec<Self> {
        let mut all: BTreeMap<Vec<String>, Self> = BTreeMap::new();
        for entry in entries {
            let parts: Vec<String> = entry.path.split('/').map(str::to_owned).collect();
            for length in 1..parts.len() {
                let above = &parts[..length];
                all.entry(above.to_vec()).or_insert_with(|| {
                    let (mode, link) = (FOLDER | 0o755, String::new());
                    Self { path: above.join("/"), mode, size: 0, link, source: None }
                });
            }
            all.insert(parts, entry);
        }
        all.into_values().collect()
    }

    /// Owner and time are left at 0, so that only content counts.
    fn stat(&self) -> Vec<u8> {
        let mut stat = Vec::new();
        protobuf::put_bytes(&mut stat, 1, self.path.as_bytes());
        protobuf::put_number(&mut stat, 2, self.mode.into());
        protobuf::put_number(&mut stat, 5, self.size as u64);
        protobuf::put_bytes(&mut stat, 7, self.link.as_bytes());
        stat
    }
}

fn packet(kind: u64, stat: Option<&[u8]>, id: u64, data: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(data.len() + 16);
    protobuf::put_number(&mut packet, 1, kind);
    if let Some(stat) = stat {
        protobuf::put_bytes(&mut packet, 2, stat);
    }
    protobuf::put_number(&mut packet, 3, id);
    if !data.is_empty() {
        protobuf::put_bytes(&mut packet, 4, data);
    }
    packet
}

/// Answers one call of `DiffCopy`.
pub(super) async fn send(mut call: Call) -> Result<(), Status> {
    let name = call.metadata("dir-name").unwrap_or_default().to_owned();
    let entries: Vec<Entry> = match call.served.offer.files.get(name.as_str()) {
        Some(entries) => entries.iter().filter(|entry| is_wanted(&call, entry)).cloned().collect(),
        None => return Err(Status::not_found(format!("there is no folder {name}"))),
    };
    for entry in &entries {
        call.replies.send(&packet(STAT, Some(&entry.stat()), 0, &[])).await?;
    }
    call.replies.send(&packet(STAT, None, 0, &[])).await?;
    while let Some(message) = call.messages.next().await? {
        let (mut kind, mut id) = (STAT, 0);
        for (number, value) in protobuf::fields(&message) {
            match (number, value) {
                (1, Field::Number(value)) => kind = value,
                (3, Field::Number(value)) => id = value,
                _ => {}
            }
        }
        match kind {
            REQUEST => content(&call, &entries, id).await?,
            FINISHED => return call.replies.send(&packet(FINISHED, None, 0, &[])).await,
            ERROR => return Err(Status::failed("the engine could not take the files")),
            _ => {}
        }
    }
    Ok(())
}

async fn content(call: &Call, entries: &[Entry], id: u64) -> Result<(), Status> {
    let entry = usize::try_from(id).ok().and_then(|index| entries.get(index));
    let source = entry.and_then(|entry| entry.source.as_ref());
    let source = source.ok_or_else(|| Status::not_found(format!("there is no file {id}")))?;
    let bytes = call.served.content(source).await.map_err(Status::failed)?;
    for piece in bytes.chunks(PIECE) {
        call.replies.send(&packet(DATA, None, id, piece)).await?;
    }
    call.replies.send(&packet(DATA, None, id, &[])).await
}

/// Before it reads the context, BuildKit looks for the ignore file in it alone. What the
/// files are to be that the Dockerfile names, is not worth reading its patterns for.
fn is_wanted(call: &Call, entry: &Entry) -> bool {
    let mut asked = call.headers.get_all("followpaths").iter().peekable();
    let only_ignore_files =
        asked.peek().is_some() && asked.all(|path| path.as_bytes().ends_with(b".dockerignore"));
    !only_ignore_files || entry.path.ends_with(".dockerignore") || entry.mode & FOLDER != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_what_is_in_them_and_names_are_compared_part_by_part() {
        let file = |path: &str| Entry::file(path, false, 1, Source::Bytes(Bytes::new()));
        let entries = vec![file("a.txt"), file("a/b/c"), file("a-b"), Entry::link("a/z", "b/c")];
        let paths: Vec<String> =
            Entry::with_folders(entries).into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/c", "a/z", "a-b", "a.txt"]);
    }

    #[test]
    fn a_packet_is_as_buildkit_reads_it() {
        let entry = Entry::file("a", true, 3, Source::Bytes(Bytes::from_static(b"abc")));
        let stat = b"\x0a\x01a\x10\xed\x03\x28\x03\x3a\x00";
        assert_eq!(entry.stat(), stat);
        assert_eq!(packet(STAT, None, 0, &[]), b"");
        assert_eq!(packet(DATA, None, 7, b"abc"), b"\x08\x02\x18\x07\x22\x03abc");
        assert_eq!(packet(FINISHED, None, 0, &[]), b"\x08\x03");
    }
}
