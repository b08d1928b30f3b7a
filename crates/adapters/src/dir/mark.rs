//! Which file a path of a folder leads to, and since when.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp, openat2,
    statx,
};

use super::beneath::Beneath;
use model::mark::Mark;
use model::time::Timestamp;

impl Beneath {
    /// The mark of a regular file. Links on the way are followed as an engine does, but none
    /// that leads out: what is there, we may see otherwise than the engine's host.
    pub(super) fn mark(&self, path: &str) -> Option<Mark> {
        let linked = ResolveFlags::BENEATH;
        let Some(file) = self.look(path, linked | ResolveFlags::NO_SYMLINKS) else {
            let file = stat(&self.look(path, linked)?)?;
            return Some(Mark { inode: inode(&file)?, changed: None });
        };
        let file = stat(&file)?;
        let inode = inode(&file)?;
        let mut newest = changed(&file)?.max(changed(&stat(&self.root)?)?);
        for (at, _) in path.match_indices('/') {
            let folder = self.look(&path[..at], linked | ResolveFlags::NO_SYMLINKS)?;
            newest = newest.max(changed(&stat(&folder)?)?);
        }
        Some(Mark { inode, changed: Some(newest) })
    }

    fn look(&self, path: &str, way: ResolveFlags) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        openat2(&self.root, path, flags, Mode::empty(), way).ok()
    }
}

fn stat(file: &impl AsFd) -> Option<Statx> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    statx(file, "", AtFlags::EMPTY_PATH, wanted).ok()
}

/// What a regular file differs in from all others.
fn inode(file: &Statx) -> Option<String> {
    if FileType::from_raw_mode(file.stx_mode.into()) != FileType::RegularFile {
        return None;
    }
    let (major, minor, number) = (file.stx_dev_major, file.stx_dev_minor, file.stx_ino);
    let StatxTimestamp { tv_sec, tv_nsec, .. } = file.stx_btime;
    let born = StatxFlags::from_bits_retain(file.stx_mask).contains(StatxFlags::BTIME);
    let born = if born { format!("/{tv_sec}.{tv_nsec:09}") } else { String::new() };
    Some(format!("{major}:{minor}/{number}{born}"))
}

fn changed(file: &Statx) -> Option<Timestamp> {
    let StatxTimestamp { tv_sec, tv_nsec, .. } = file.stx_ctime;
    let seconds = Timestamp::from_secs(u64::try_from(tv_sec).ok()?);
    Some(Timestamp(seconds.0.saturating_add(tv_nsec.into())))
}
