//! Absolute paths of a host, as texts: nothing is looked up.

/// Whether `path` is `folder` or lies below it. Both must be absolute; `..` is resolved
/// first, so that `/srv/../etc` lies in `/etc`.
#[must_use]
pub fn is_within(path: &str, folder: &str) -> bool {
    let (path, folder) = (normalise(path), normalise(folder));
    path == folder
        || folder == "/"
        || path.strip_prefix(&folder).is_some_and(|r| r.starts_with('/'))
}

/// Resolves `.`, `..` and repeated slashes of an absolute path, lexically.
#[must_use]
pub fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// An absolute path, [`normalise`]d; what is none stays as it is.
#[must_use]
pub fn cleaned(path: String) -> String {
    if path.starts_with('/') { normalise(&path) } else { path }
}
