//! Which file a path led to. An engine binds a single file by what it is, not by its name: one
//! that takes its place under the same name is not seen by containers that run.

use super::time::Timestamp;

/// A file at one moment, as the file system tells it from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Device, inode and time of birth, as text that is only compared. Numbers of inodes are
    /// given again; with the time of birth it is still another file.
    pub inode: String,
    /// When the path began to lead to it, or later: the newest change of the file or of a
    /// folder on the way. `None` where a link is on the way, whose other changes nobody looks at.
    pub changed: Option<Timestamp>,
}
