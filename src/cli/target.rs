//! What `PATH|URL` names: a folder or file of this machine, or a git repository.

use std::path::Path;

use model::printable::one_line;
use model::remedy::quoted;

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

/// What to write in place of a word that stands for no deployment, if it is the source.
pub(super) fn meant_as_source(word: &str) -> Option<String> {
    let is_place = is_url(word) || Path::new(word).exists();
    is_place.then(|| {
        let place = without_login(word);
        let place = one_line(&quoted(&place)).into_owned();
        format!("words name deployments, services or containers; the source is `--source {place}`")
    })
}

/// A URL without what may be a secret: what stands before its host, and its query.
pub(super) fn without_login(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?QUERY"),
        None => (rest, ""),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (login, rest) = match rest[..end].rfind('@') {
        Some(at) => ("LOGIN@", &rest[at + 1..]),
        None => ("", rest),
    };
    format!("{scheme}://{login}{rest}{query}")
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
