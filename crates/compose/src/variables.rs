//! What `${NAME}` may see: the deployment's variables, what the operator passes, and the
//! stack's `.env`, in that order. The last two never print.

use std::collections::{BTreeMap, BTreeSet};

use model::secret::is_sensitive_name;

/// The variables of one deployment.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// From `deployments.yaml`, and what the loader itself defines.
    pub own: BTreeMap<String, String>,
    /// Passed by the operator.
    pub passed: BTreeMap<String, String>,
    /// From `.env`.
    pub dotenv: BTreeMap<String, String>,
    /// Set where the controller runs, but not passed.
    pub withheld: BTreeSet<String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// A value, and whether it never prints.
    Found {
        /// The value.
        value: &'a str,
        /// Whether it never prints.
        sensitive: bool,
        /// Whether it is secret by its name or by who gave it, so that it hides other texts.
        secret: bool,
    },
    /// The operator has it and does not pass it on.
    Withheld,
    /// Nobody knows it.
    Unset,
}

/// What `${NAME}` is looked up in.
pub trait Resolve {
    /// Looks a name up.
    fn get(&self, name: &str) -> Lookup<'_>;
}

impl Variables {
    /// Looks a name up.
    #[must_use]
    pub fn get(&self, name: &str) -> Lookup<'_> {
        if let Some(value) = self.own.get(name) {
            return Lookup::Found { value, sensitive: false, secret: false };
        }
        let secret = self.passed.contains_key(name) || is_sensitive_name(name);
        match self.passed.get(name).or_else(|| self.dotenv.get(name)) {
            Some(value) => Lookup::Found { value, sensitive: true, secret },
            None if self.withheld.contains(name) => Lookup::Withheld,
            None => Lookup::Unset,
        }
    }
}

impl Resolve for Variables {
    fn get(&self, name: &str) -> Lookup<'_> {
        Self::get(self, name)
    }
}

/// The remedy for a variable that is set but not passed.
#[must_use]
pub fn pass_it(name: &str) -> String {
    format!("pass it with `--env {name}`")
}
