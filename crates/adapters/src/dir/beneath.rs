//! Opening files under one folder without ever leaving it. Every component is opened
//! relative to its parent's handle and none may be a symbolic link, so neither `..` nor
//! a link that is swapped in between leads outside; only regular files are opened, so a
//! FIFO cannot make us wait.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use world::{TreeEntry, TreeError, TreeKind};

/// A file is read again this often if it changed while it was read.
const ATTEMPTS: u32 = 4;

/// A folder held open.
pub(super) struct Beneath {
    pub(super) root: OwnedFd,
}

/// A file's bytes and what the file system said of it before and after they were read.
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: Stamp,
}

/// What changes when a file is written to or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: (u64, u64),
    changed: (i64, u64),
    /// Seconds and nanoseconds since 1970.
    pub(super) modified: (i64, u64),
    pub(super) size: u64,
}

impl Beneath {
    /// Opens the folder; links on the way to it are the operator's and are followed.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::openat(CWD, path, flags, Mode::empty())? })
    }

    /// A regular file's bytes, if it has at most `limit` and stays the same meanwhile.
    pub(super) fn read(&self, path: &str, limit: u64) -> Result<Contents, TreeError> {
        for _ in 0..ATTEMPTS {
            let (mut file, before) = self.file(path)?;
            if before.size > limit {
                return Err(TreeError::TooLarge { path: path.to_owned(), limit });
            }
            // One more than there is: then the end is seen without another buffer.
            let expected = usize::try_from(before.size.saturating_add(1)).unwrap_or_default();
            let mut bytes = Vec::with_capacity(expected);
            (&mut file)
                .take(limit.saturating_add(1))
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable(path, &error))?;
            let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            // Opened again by name: an editor may have put another file in its place.
            let (_, after) = self.file(path)?;
            if before == after && read == after.size {
                return Ok(Contents { bytes, stamp: after });
            }
        }
        Err(TreeError::Unreadable {
            path: path.to_owned(),
            why: "it changed while it was read".to_owned(),
        })
    }

    /// What the file system says of a regular file.
    pub(super) fn stamp(&self, path: &str) -> Result<Stamp, TreeError> {
        let (parent, name) = split(path);
        let folder = self.folder(parent, path)?;
        let stat = stat(&folder, name).map_err(|errno| refusal(path, errno))?;
        regular(path, &stat)
    }

    /// The target of a symbolic link, as written.
    pub(super) fn link(&self, path: &str) -> Result<String, TreeError> {
        let (parent, name) = split(path);
        let folder = self.folder(parent, path)?;
        match rustix::fs::readlinkat(&folder, name, Vec::new()) {
            Ok(target) => target.into_string().map_err(|_| TreeError::Unreadable {
                path: path.to_owned(),
                why: "its target is not UTF-8".to_owned(),
            }),
            Err(Errno::INVAL) => Err(TreeError::NotAFile(path.to_owned())),
            Err(errno) => Err(refusal(path, errno)),
        }
    }

    /// The entries of a folder, sorted by name. A name that is not UTF-8 is shown with
    /// replacement characters: the entry is seen, and cannot be read.
    pub(super) fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let folder = self.folder(path, path)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&folder).map_err(|errno| refusal(path, errno))? {
            let entry = entry.map_err(|errno| refusal(path, errno))?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => entries.push(TreeEntry {
                    name: name.to_string_lossy().into_owned(),
                    kind: kind(&stat),
                }),
                // Removed since the folder was read.
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(refusal(path, errno)),
            }
        }
        entries.sort();
        Ok(entries)
    }

    /// Opens a regular file for reading.
    fn file(&self, path: &str) -> Result<(File, Stamp), TreeError> {
        let (parent, name) = split(path);
        let folder = self.folder(parent, path)?;
        // Looked at before it is opened: opening a device can have effects.
        let before = stat(&folder, name).map_err(|errno| refusal(path, errno))?;
        regular(path, &before)?;
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&folder, name, flags, Mode::empty())
            .map_err(|errno| refusal(path, errno))?;
        let opened = rustix::fs::fstat(&file).map_err(|errno| refusal(path, errno))?;
        Ok((File::from(file), regular(path, &opened)?))
    }

    /// Opens a folder component by component; `asked` is what errors are about.
    fn folder(&self, path: &str, asked: &str) -> Result<OwnedFd, TreeError> {
        let mut here = self.root.try_clone().map_err(|error| unreadable(asked, &error))?;
        if !is_plain(asked) {
            return Err(TreeError::NotAFile(asked.to_owned()));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            here = match rustix::fs::openat(&here, name, flags, Mode::empty()) {
                Ok(next) => next,
                // Linux says the same of a link and of a file where a folder should be.
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    let link = stat(&here, name).is_ok_and(|s| kind(&s) == TreeKind::Link);
                    let asked = asked.to_owned();
                    return Err(if link {
                        TreeError::NotAFile(asked)
                    } else {
                        TreeError::Missing(asked)
                    });
                }
                Err(errno) => return Err(refusal(asked, errno)),
            };
        }
        Ok(here)
    }
}

/// Whether a path is relative, without empty, `.` or `..` components.
fn is_plain(path: &str) -> bool {
    path.is_empty()
        || path.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

/// A path as its folder and its name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn stat(folder: &OwnedFd, name: &str) -> Result<Stat, Errno> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

fn kind(stat: &Stat) -> TreeKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => TreeKind::File { executable: stat.st_mode & 0o100 != 0 },
        FileType::Directory => TreeKind::Folder,
        FileType::Symlink => TreeKind::Link,
        _ => TreeKind::Other,
    }
}

/// The stamp of a regular file, and a refusal of anything else.
#[expect(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "the widths of these fields differ between architectures"
)]
fn regular(path: &str, stat: &Stat) -> Result<Stamp, TreeError> {
    if !matches!(kind(stat), TreeKind::File { .. }) {
        return Err(TreeError::NotAFile(path.to_owned()));
    }
    Ok(Stamp {
        identity: (stat.st_dev as u64, stat.st_ino as u64),
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        size: stat.st_size as u64,
    })
}

fn refusal(path: &str, errno: Errno) -> TreeError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => TreeError::Missing(path.to_owned()),
        Errno::LOOP => TreeError::NotAFile(path.to_owned()),
        other => unreadable(path, &io::Error::from(other)),
    }
}

fn unreadable(path: &str, error: &io::Error) -> TreeError {
    TreeError::Unreadable { path: path.to_owned(), why: error.to_string() }
}
