//! Where in a stack a node is: `services.web.ports.0`. Rules are keyed by such paths.

use std::fmt;

/// Deeper than any rule reaches.
const DEEPEST: usize = 10;

/// The keys that lead to a node. Lives on the call stack of the code that walks a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    /// The whole tree.
    Root,
    /// The value of a key.
    Key(&'a Path<'a>, &'a str),
    /// An item of a list.
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The value of a key below this.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// An item below this.
    pub(crate) fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }

    /// The keys as a slice to match on, `[]` for an item; nothing below the deepest rule.
    pub(crate) fn keys(&self) -> Keys<'a> {
        let mut keys = Keys { keys: [""; DEEPEST], from: DEEPEST };
        let mut at = *self;
        while let (Self::Key(up, key), _) | (Self::Item(up, _), key) = (at, "[]") {
            if keys.from == 0 {
                return Keys { keys: [""; DEEPEST], from: DEEPEST };
            }
            keys.from -= 1;
            keys.keys[keys.from] = key;
            at = *up;
        }
        keys
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (up, dot) = match self {
            Self::Root => return Ok(()),
            Self::Key(up, _) | Self::Item(up, _) if matches!(up, Self::Root) => (up, ""),
            Self::Key(up, _) | Self::Item(up, _) => (up, "."),
        };
        up.fmt(f)?;
        match self {
            Self::Item(_, index) => write!(f, "{dot}{index}"),
            Self::Key(_, key) => write!(f, "{dot}{key}"),
            Self::Root => Ok(()),
        }
    }
}

/// The keys of a path, outermost first.
pub(crate) struct Keys<'a> {
    keys: [&'a str; DEEPEST],
    from: usize,
}

impl<'a> std::ops::Deref for Keys<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &Self::Target {
        &self.keys[self.from..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_and_matched() {
        let services = Path::Root.key("services");
        let web = services.key("web");
        let ports = web.key("ports");
        let first = ports.item(0);
        assert_eq!(first.to_string(), "services.web.ports.0");
        assert!(matches!(*first.keys(), ["services", _, "ports", "[]"]));
        assert_eq!(Path::Root.to_string(), "");
        assert!(Path::Root.keys().is_empty());
    }
}
