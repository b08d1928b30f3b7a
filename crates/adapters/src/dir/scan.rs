//! One look at a whole folder: its listings, and a fingerprint of every file, which
//! together are the folder's revision. What is read later is held against it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::beneath::{Beneath, Stamp, split};
use model::digest::Digest;
use model::id::Revision;
use world::{TreeEntry, TreeError, TreeKind};

/// How much of a folder is looked at, so that a home directory does not take minutes.
/// Folders are looked at before their subfolders, in the order of their names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Larger files count by size and modification time only.
    pub(super) file_bytes: u64,
    /// After so many bytes, the rest counts by size and modification time only.
    pub(super) total_bytes: u64,
    /// After so many files, the rest counts by size and modification time only.
    pub(super) hashed: usize,
    /// After so many entries, no further subfolder is looked at.
    pub(super) entries: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { file_bytes: 1 << 20, total_bytes: 64 << 20, hashed: 2000, entries: 20_000 }
    }
}

/// What a file is recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fingerprint {
    /// The digest of its content.
    Content(Digest),
    /// Size and modification time.
    Coarse { size: u64, modified: (i64, u64) },
    /// The target of a link.
    Link(String),
    /// It could not be read: closed to us, gone, or changing all the time.
    Closed,
}

/// A folder at one moment.
pub(super) struct Scan {
    pub(super) revision: Revision,
    /// Every folder that was looked at, with its entries.
    folders: BTreeMap<String, Vec<TreeEntry>>,
    /// Every file and link in them, except [`is_noise`].
    files: BTreeMap<String, Fingerprint>,
    /// How large each file is.
    sizes: BTreeMap<String, u64>,
    /// The latest modification of a file.
    newest: SystemTime,
}

impl Scan {
    /// Looks at a folder. What cannot be read below it is noted as such, and is an error
    /// for its reader; it is never taken as absent.
    pub(super) fn take(path: &Path, budget: Budget) -> io::Result<(Beneath, Self)> {
        let root = Beneath::open(path)?;
        let mut walk = Walk { root: &root, budget, found: Self::empty() };
        walk.run().map_err(|error| io::Error::other(error.to_string()))?;
        let mut found = walk.found;
        found.revision = found.digest();
        Ok((root, found))
    }

    fn empty() -> Self {
        Self {
            revision: Revision::new(""),
            folders: BTreeMap::new(),
            files: BTreeMap::new(),
            sizes: BTreeMap::new(),
            newest: UNIX_EPOCH,
        }
    }

    /// A folder's entries, if it was looked at.
    pub(super) fn folder(&self, path: &str) -> Option<&[TreeEntry]> {
        self.folders.get(path).map(Vec::as_slice)
    }

    /// A file's or link's fingerprint, if it was looked at.
    pub(super) fn file(&self, path: &str) -> Option<&Fingerprint> {
        self.files.get(path)
    }

    /// A file's size, if it is one and was looked at.
    pub(super) fn size(&self, path: &str) -> Option<u64> {
        self.sizes.get(path).copied()
    }

    /// A link's target; `None` for what is none.
    pub(super) fn link(&self, path: &str) -> Option<&str> {
        match self.file(path) {
            Some(Fingerprint::Link(target)) => Some(target),
            _ => None,
        }
    }

    /// Whether something that is certainly no link was seen at a path.
    pub(super) fn is_no_link(&self, path: &str) -> bool {
        let (folder, name) = split(path);
        let entries = self.folder(folder).unwrap_or_default();
        let place = entries.binary_search_by(|entry| entry.name.as_str().cmp(name));
        place.is_ok_and(|place| entries[place].kind != TreeKind::Link)
    }

    /// Whether a file was modified within `span` of `now`: it may still be being written.
    pub(super) fn is_fresh(&self, now: SystemTime, span: Duration) -> bool {
        let age = now.duration_since(self.newest).unwrap_or_else(|future| future.duration());
        age < span
    }

    fn digest(&self) -> Revision {
        let lines: Vec<String> = self
            .folders
            .iter()
            .flat_map(|(folder, entries)| {
                entries.iter().map(move |entry| (join(folder, &entry.name), entry.kind))
            })
            .filter_map(|(path, kind)| match (self.files.get(&path), kind) {
                (Some(print), _) => {
                    let runs = kind == TreeKind::File { executable: true };
                    Some(format!("{path}\0{runs}\0{}", print.text()))
                }
                // The list of its folder has changed.
                (None, TreeKind::Folder) if !is_repository(split(&path).1) => {
                    Some(format!("{path}\0folder"))
                }
                (None, _) => None,
            })
            .collect();
        Revision::new(Digest::of_parts(lines.iter().map(String::as_bytes)).as_str())
    }
}

impl Fingerprint {
    /// Whether these bytes and this stamp are those of the file.
    pub(super) fn matches(&self, bytes: &[u8], stamp: &Stamp) -> bool {
        match self {
            Self::Content(digest) => *digest == Digest::of(bytes),
            Self::Coarse { .. } => *self == Self::coarse(stamp),
            Self::Link(_) => false,
            // Readable since then: what it held before is not known.
            Self::Closed => true,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Content(digest) => format!("content {digest}"),
            Self::Coarse { size, modified: (secs, nanos) } => {
                format!("coarse {size} {secs} {nanos}")
            }
            Self::Link(target) => format!("link {target}"),
            Self::Closed => "closed".to_owned(),
        }
    }

    fn coarse(stamp: &Stamp) -> Self {
        Self::Coarse { size: stamp.size, modified: stamp.modified }
    }
}

/// The way through the folders, nearest first.
struct Walk<'a> {
    root: &'a Beneath,
    budget: Budget,
    found: Scan,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), TreeError> {
        let mut queue = VecDeque::from([String::new()]);
        while let Some(folder) = queue.pop_front() {
            let entries = match self.root.list(&folder) {
                Ok(entries) => entries,
                Err(error) if folder.is_empty() => return Err(error),
                // Not noted as looked at: its reader gets the error.
                Err(_) => continue,
            };
            for entry in &entries {
                let path = join(&folder, &entry.name);
                match entry.kind {
                    TreeKind::Folder if is_repository(&entry.name) => {}
                    TreeKind::Folder if self.budget.entries > 0 => queue.push_back(path),
                    TreeKind::Folder | TreeKind::Other => {}
                    TreeKind::File { .. } | TreeKind::Link if is_noise(&entry.name) => {}
                    TreeKind::File { .. } | TreeKind::Link => self.note(path, entry.kind),
                }
                self.budget.entries = self.budget.entries.saturating_sub(1);
            }
            self.found.folders.insert(folder, entries);
        }
        Ok(())
    }

    fn note(&mut self, path: String, kind: TreeKind) {
        let print = match kind {
            TreeKind::Link => self.root.link(&path).map(Fingerprint::Link),
            _ => self.fingerprint(&path),
        };
        self.found.files.insert(path, print.unwrap_or(Fingerprint::Closed));
    }

    fn fingerprint(&mut self, path: &str) -> Result<Fingerprint, TreeError> {
        let stamp = self.root.stamp(path)?;
        self.found.newest = self.found.newest.max(modified(&stamp));
        self.found.sizes.insert(path.to_owned(), stamp.size);
        let limit = self.budget.file_bytes.min(self.budget.total_bytes);
        if self.budget.hashed == 0 || stamp.size > limit {
            return Ok(Fingerprint::coarse(&stamp));
        }
        self.budget.hashed -= 1;
        let read = self.root.read(path, limit)?;
        self.budget.total_bytes -= read.stamp.size.min(self.budget.total_bytes);
        Ok(Fingerprint::Content(Digest::of(&read.bytes)))
    }
}

fn modified(stamp: &Stamp) -> SystemTime {
    let (secs, nanos) = stamp.modified;
    let since = Duration::from_secs(u64::try_from(secs).unwrap_or(0));
    // A time beyond what the clock can say is not "just now".
    UNIX_EPOCH.checked_add(since + Duration::from_nanos(nanos)).unwrap_or(UNIX_EPOCH)
}

/// `name` inside `folder`.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Folders of version control: their content is not desired state, and changes with
/// every `git status`.
fn is_repository(name: &str) -> bool {
    matches!(name, ".git" | ".hg" | ".svn" | ".jj")
}

/// Files that come and go without meaning: what editors keep beside the file that is
/// edited (`.x.swp`, `.#x`, `x~`, `4913`), logs, process ids, and plan files, which are made for
/// the revision of the folder that they are written to.
fn is_noise(name: &str) -> bool {
    let ends = |suffix: &str| name.len() > suffix.len() && name.ends_with(suffix);
    name == "4913"
        || name.starts_with(".#")
        || (name.starts_with('.') && (ends(".swp") || ends(".swx")))
        || ends("~")
        || ends(".log")
        || ends(".pid")
        || ends(".plan")
}
