//! Differences as causes: where they are written, and without what is sensitive.

use crate::plan::cause::Why;
use crate::plan::fact::Fact;
use crate::plan::seen::{Owned, Proof};
use model::desired::Service;
use model::plan::Difference;
use model::secret::{Masker, is_sensitive_name};

/// Renders differences as causes: finds their place and masks what is sensitive.
pub(super) struct CauseRenderer<'a> {
    pub(super) service: &'a Service,
    pub(super) owned: &'a Owned<'a>,
    pub(super) masker: &'a Masker,
}

impl CauseRenderer<'_> {
    pub(super) fn cause(&self, mut difference: Difference, pending: Vec<(String, Fact)>) -> Why {
        let at = self.service.origins.find(&difference.field);
        if self.is_sensitive(&difference.field) {
            let mask = |value: Option<String>| value.map(|value| self.masker.mask(&value));
            difference.have = mask(difference.have);
            difference.want = mask(difference.want);
            difference.field = self.field(&difference.field);
        } else if self.is_of_unknown_origin(&difference.field) {
            difference.have = difference.have.map(|value| self.masker.mask(&value));
        }
        Why::differs(difference, at, pending)
    }

    /// A field's path as it may be shown: a host, a path or a port in it is a value of the
    /// stack, too, where names of variables, labels and networks are none.
    fn field(&self, path: &str) -> String {
        let named = ["environment", "labels", "files", "networks", "network_config", "mac_address"];
        match path.split_once('.') {
            Some((head, rest))
                if self.service.sensitive.contains(head) && !named.contains(&head) =>
            {
                format!("{head}.{}", self.masker.mask(rest))
            }
            _ => path.to_owned(),
        }
    }

    /// Nothing says where a variable of an adopted container came from: perhaps from an
    /// env file.
    fn is_of_unknown_origin(&self, path: &str) -> bool {
        self.owned.proof != Proof::Labels && path.starts_with("environment.")
    }

    fn is_sensitive(&self, path: &str) -> bool {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let named = matches!(head, "environment" | "labels") && is_sensitive_name(rest);
        let masked = head == "environment" && self.owned.identity.masked.iter().any(|n| n == rest);
        named
            || masked
            || self.service.sensitive.contains(path)
            || self.service.sensitive.contains(head)
    }
}
