//! What `PATH|URL` names: a folder or file of this machine, or a git repository.

/// Whether a text is the address of a repository rather than a path: it has a scheme, or
/// the short ssh form `git@host:path`.
pub(super) fn is_url(text: &str) -> bool {
    if text.contains("://") {
        return true;
    }
    // `host:path` as ssh and git read it: the colon comes before any slash.
    matches!(text.split_once(':'), Some((host, path))
        if !host.is_empty() && !host.contains('/') && !path.is_empty() && host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths_are_distinguished() {
        for url in ["https://h/r.git", "file:///srv/r", "git@h:ops/r.git", "ssh://h/r"] {
            assert!(is_url(url), "{url}");
        }
        for path in [".", "/srv/stacks", "shop/compose.yaml", "a:b", "./x@y:z", "x@y"] {
            assert!(!is_url(path), "{path}");
        }
    }
}
