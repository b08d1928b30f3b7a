//! The process's environment, read once at the start: everything else gets it as data.

use std::collections::BTreeMap;
use std::fmt;

/// The variables whose name and value are text. `Debug` shows only how many.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads it.
    pub(super) fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// A variable; one that is set to nothing counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All of them.
    pub(super) fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
impl Environment {
    /// One made of these variables.
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
