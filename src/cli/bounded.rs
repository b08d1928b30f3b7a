//! Files that a person names, read without waiting for anyone: regular ones of a bounded size. A
//! FIFO has no end until another process writes, and some devices have none.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file for reading, and waits for nobody.
///
/// # Errors
/// As [`File::open`].
pub(super) fn open(path: &Path) -> io::Result<File> {
    // Without it, opening a FIFO waits for who writes to it.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

/// The bytes of a regular file with at most `limit` of them.
///
/// # Errors
/// If it cannot be read, is not regular, or has more.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // What a shell hands over, as by `<(command)`, has a process that writes it.
    let handed_over = path.starts_with("/dev/fd") || path == Path::new("/dev/stdin");
    let file = if handed_over { File::open(path)? } else { open(path)? };
    let about = file.metadata()?;
    // Of a folder, reading says better what is wrong.
    if !about.is_file() && !about.is_dir() && !handed_over {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_refused_and_a_limit_is_inclusive() {
        let zero = read(Path::new("/dev/zero"), 8).expect_err("no file");
        assert_eq!(zero.to_string(), "it is not a regular file");
        let path = std::env::temp_dir().join(format!("rc-bounded-{}", std::process::id()));
        std::fs::write(&path, "12345678").expect("written");
        assert_eq!(read(&path, 8).expect("read"), b"12345678");
        let long = read(&path, 7).expect_err("too long");
        assert_eq!(long.to_string(), "it has more than 7 bytes");
        std::fs::remove_file(&path).expect("removed");
    }
}
