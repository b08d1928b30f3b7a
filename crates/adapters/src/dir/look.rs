//! Whether a path still lies in its folder, as the kernel would go: it follows links, and
//! tells when one leads out.

use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// A rename meanwhile makes the kernel unsure.
const ATTEMPTS: u32 = 4;

/// Whether a link on the way to a path below a folder leads out of the folder. Links on the
/// way to the folder itself are the operator's. What is not there, or may not be looked at,
/// leads nowhere; where the kernel cannot be asked (before Linux 5.6), no link may be on it.
#[must_use]
pub fn leads_out(folder: &Path, path: &str) -> bool {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(root) = openat(CWD, folder, flags, Mode::empty()) else { return false };
    if path.is_empty() {
        return false;
    }
    for _ in 0..ATTEMPTS {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match openat2(&root, path, flags, Mode::empty(), ResolveFlags::BENEATH) {
            Err(Errno::AGAIN) => {}
            Err(Errno::XDEV | Errno::LOOP) => return true,
            Err(Errno::NOSYS | Errno::PERM) => return has_links(folder, path),
            Ok(_) | Err(_) => return false,
        }
    }
    true
}

fn has_links(folder: &Path, path: &str) -> bool {
    let mut here = folder.to_path_buf();
    path.split('/').any(|name| {
        here.push(name);
        std::fs::symlink_metadata(&here).is_ok_and(|seen| seen.is_symlink())
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, write};
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_leads_out_is_seen_wherever_it_is() {
        let root = std::env::temp_dir().join(format!("reconciler-look-{}", std::process::id()));
        let shop = root.join("shop");
        create_dir_all(shop.join("data")).unwrap();
        write(shop.join("file"), "x").unwrap();
        symlink("../file", shop.join("data/near")).unwrap();
        symlink("../../other", shop.join("data/out")).unwrap();
        symlink("/etc", shop.join("data/etc")).unwrap();
        symlink("shop", root.join("way")).unwrap();
        for folder in [&shop, &root.join("way")] {
            for path in ["", "file", "data", "data/near", "data/none", "none/x"] {
                assert!(!leads_out(folder, path), "{path}");
            }
            for path in ["data/out", "data/out/x", "data/etc", "data/etc/passwd"] {
                assert!(leads_out(folder, path), "{path}");
            }
        }
        assert!(has_links(&shop, "data/near") && !has_links(&shop, "data/none"));
        std::fs::remove_dir_all(root).unwrap();
    }
}
