//! Differences as causes: where they are written, and without what is sensitive.

use crate::plan::cause::Why;
use crate::plan::fact::Fact;
use crate::plan::seen::{Owned, Proof};
use model::desired::Service;
use model::labels::PUT;
use model::plan::Difference;
use model::secret::{Masker, is_sensitive_name, names_a_secret};
use model::spec::ContainerSpec;

/// Renders differences as causes: finds their place and masks what is sensitive.
pub(super) struct CauseRenderer<'a> {
    pub(super) service: &'a Service,
    pub(super) secrecy: Secrecy<'a>,
}

impl CauseRenderer<'_> {
    pub(super) fn cause(&self, mut difference: Difference, pending: Vec<(String, Fact)>) -> Why {
        let at = self.service.origins.find(&difference.field);
        let mask = |value: Option<String>| value.map(|value| self.secrecy.masker.mask(&value));
        if self.secrecy.is_sensitive(&difference.field) {
            difference.have = mask(difference.have);
            difference.want = mask(difference.want);
            difference.field = self.secrecy.field(&difference.field);
        } else {
            let field = difference.field.clone();
            let rendered = |value: String| self.secrecy.rendered(&field, &value);
            let unknown = self.secrecy.is_of_unknown_origin(&difference.field);
            difference.have =
                if unknown { mask(difference.have) } else { difference.have.map(rendered) };
            difference.want = difference.want.map(rendered);
        }
        Why::differs(difference, at, pending)
    }
}

/// Which values of a container print.
#[derive(Clone, Copy)]
pub(super) struct Secrecy<'a> {
    /// Its service; that of a container whose service is gone is not known.
    pub(super) service: Option<&'a Service>,
    /// The container, if there is one.
    pub(super) owned: Option<&'a Owned<'a>>,
    pub(super) masker: &'a Masker,
}

/// What prints of a container of which nothing says where its values came from.
const NO_VALUES: &[&str] = &["image", "networks", "restart"];

/// Fields whose paths go on with a name, which prints also where the value does not.
const NAMED: &[&str] =
    &["environment", "labels", "files", "networks", "network_config", "mac_address"];

impl Secrecy<'_> {
    /// A field's path as it may be shown: a host, a path or a port in it is a value of the
    /// stack, too, where names of variables, labels and networks are none.
    pub(super) fn field(self, path: &str) -> String {
        match path.split_once('.') {
            Some((head, rest)) if self.hides(head) && !NAMED.contains(&head) => {
                format!("{head}.{}", self.masker.mask(rest))
            }
            _ => path.to_owned(),
        }
    }

    /// Nothing says where a variable of an adopted container came from: perhaps from an
    /// env file.
    pub(super) fn is_of_unknown_origin(self, path: &str) -> bool {
        self.is_adopted() && path.starts_with("environment.")
    }

    fn is_adopted(self) -> bool {
        self.owned.is_some_and(|owned| owned.proof != Proof::Labels)
    }

    /// Whether the value of a field does not print.
    pub(super) fn is_sensitive(self, path: &str) -> bool {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let is_named = is_sensitive_name(rest) || names_a_secret(rest);
        let named = matches!(head, "environment" | "labels") && is_named;
        named
            || head == "environment" && self.was_masked(rest)
            || self.hides(path)
            || self.hides(head)
    }

    /// Whether the container says that a value was put into it where this stands.
    fn was_masked(self, name: &str) -> bool {
        self.owned.is_some_and(|owned| owned.identity.masked.iter().any(|known| known == name))
    }

    /// A value that prints, without the secrets in it.
    pub(super) fn rendered(self, path: &str, value: &str) -> String {
        let words = matches!(path, "command" | "entrypoint" | "healthcheck.test")
            .then(|| serde_json::from_str::<Vec<String>>(value).ok())
            .flatten();
        let Some(words) = words else { return self.masker.mask_text(value) };
        let of = |spec: &ContainerSpec| spec.entrypoint.as_ref()?.first().cloned();
        let program = self.service.and_then(|service| of(&service.spec));
        let program = program.or_else(|| of(&self.owned?.view.spec));
        let masked = self.masker.mask_words(program.as_deref(), &words);
        serde_json::to_string(&masked).expect("BUG: words are JSON")
    }

    /// Whether a value was put into a field of the stack that does not print.
    fn hides(self, path: &str) -> bool {
        match self.service {
            // A value that the operator passed may stand in a field that the stack has no more.
            Some(service) => {
                service.sensitive.contains(path) || self.was_masked(&format!("{PUT}{path}"))
            }
            None if self.was_masked(PUT) && !self.is_adopted() => {
                self.was_masked(&format!("{PUT}{path}"))
            }
            None => !NO_VALUES.contains(&path.split('.').next().unwrap_or(path)),
        }
    }
}
