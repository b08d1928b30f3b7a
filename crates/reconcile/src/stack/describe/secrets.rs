//! Values that a stack file must not show: each becomes a reference to a variable, so that the
//! file means the same and holds none of them.

use std::collections::BTreeMap;

use model::secret::{
    Found, SHORTEST, is_sensitive_name, may_be_a_secret, names_a_secret, options_in, secrets_in,
};

pub use model::secret::may_hold_a_secret;

/// The variables that stand for secrets, and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets(pub(super) BTreeMap<String, String>);

impl Secrets {
    /// The variable that stands for a value: of this name, if another value does not have it.
    fn variable(&mut self, service: &str, wanted: &str, value: &str) -> String {
        let wanted = variable_name(wanted);
        let own = variable_name(&format!("{}_{wanted}", service.to_ascii_uppercase()));
        let numbered = (2..).map(|n| format!("{own}_{n}"));
        let mut names = [wanted, own.clone()].into_iter().chain(numbered);
        let is_free = |name: &String| self.0.get(name).is_none_or(|known| known == value);
        let name = names.find(is_free).expect("BUG: numbers do not end");
        self.0.insert(name.clone(), value.to_owned());
        name
    }

    /// What stands in the file in place of a value.
    pub(super) fn reference(&mut self, service: &str, wanted: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        format!("${{{}:?}}", self.variable(service, wanted, value))
    }

    /// A value with a name, which may say that it is secret.
    pub(super) fn named(&mut self, service: &str, name: &str, value: &str) -> String {
        if is_sensitive_name(name) || (names_a_secret(name) && may_be_a_secret(value)) {
            self.reference(service, name, value)
        } else {
            self.text(service, name, value)
        }
    }

    /// A text as a stack file has it, without the secrets in it; `about` is what it is.
    pub(super) fn text(&mut self, service: &str, about: &str, text: &str) -> String {
        if text.contains("PRIVATE KEY-----") {
            return self.reference(service, about, text);
        }
        let mut out = String::new();
        let mut done = 0;
        for (range, name) in self.found(text) {
            out += &escaped(&text[done..range.start]);
            let wanted = match &name {
                Some(name) if about.to_ascii_uppercase().contains(&name.to_ascii_uppercase()) => {
                    about.to_owned()
                }
                Some(name) => format!("{about}_{name}"),
                None => about.to_owned(),
            };
            let value = &text[range.clone()];
            let known = self.0.iter().find(|(_, known)| *known == value);
            let wanted = known.map_or(wanted, |(name, _)| name.clone());
            out += &self.reference(service, &wanted.to_ascii_uppercase(), value);
            done = range.end;
        }
        out + &escaped(&text[done..])
    }

    /// Words of a command: an option's value may be a word of its own. `program` reads them, if
    /// that is not the first of them.
    pub(super) fn words(
        &mut self,
        (service, about): (&str, &str),
        program: Option<&String>,
        words: &[String],
    ) -> Vec<String> {
        let mut out = Vec::new();
        for (word, found) in words.iter().zip(options_in(program.map(String::as_str), words)) {
            out.push(match found {
                Some((range, name)) => {
                    let wanted = name.unwrap_or_default().to_ascii_uppercase();
                    let hidden = self.reference(service, &wanted, &word[range.clone()]);
                    escaped(&word[..range.start]) + &hidden + &escaped(&word[range.end..])
                }
                None => self.text(service, about, word),
            });
        }
        out
    }

    /// Where secrets are in a text, in order, and what they are called there.
    fn found(&self, text: &str) -> Vec<Found> {
        let values = self.0.values().filter(|value| value.len() >= SHORTEST);
        let places = values.flat_map(|value| {
            let places = text.match_indices(value.as_str());
            places.map(|(at, _)| at..at + value.len())
        });
        secrets_in(text, places)
    }
}

/// A `$` is doubled, so that it means itself.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A name that a variable can have.
fn variable_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = text.chars().map(plain).collect();
    let name = name.trim_matches('_');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod ways;

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> (String, Secrets) {
        let mut secrets = Secrets::default();
        let text = secrets.text("web", "URL", text);
        (text, secrets)
    }

    #[test]
    fn what_is_secret_in_a_text_becomes_a_variable() {
        for (text, wanted, value) in [
            ("postgres://app:hunter2@db/x", "postgres://app:${URL_PASSWORD:?}@db/x", "hunter2"),
            ("host=db password=hunter2 x=1", "host=db password=${URL_PASSWORD:?} x=1", "hunter2"),
            ("-Da.secret=h;b=c", "-Da.secret=${URL_DA_SECRET:?};b=c", "h"),
            ("{\"api_token\": \"t 1\"}", "{\"api_token\": \"${URL_API_TOKEN:?}\"}", "t 1"),
            ("redis --requirepass h $x", "redis --requirepass ${URL_REQUIREPASS:?} $$x", "h"),
        ] {
            let (written, secrets) = hidden(text);
            assert_eq!(written, wanted);
            assert_eq!(secrets.0.values().collect::<Vec<_>>(), [value], "{text}");
        }
        for plain in ["http://db:80/a@b", "TOKEN_FILE=/run/secrets/x", "--key-file /etc/key", "a:b"]
        {
            assert_eq!(hidden(plain).0, plain);
        }
    }

    #[test]
    fn a_value_that_is_known_is_found_everywhere_and_two_values_have_two_names() {
        let mut secrets = Secrets::default();
        assert_eq!(secrets.named("db", "DB_PASSWORD", "hunter2"), "${DB_PASSWORD:?}");
        assert_eq!(secrets.named("web", "DB_PASSWORD", "other-1"), "${WEB_DB_PASSWORD:?}");
        assert_eq!(secrets.named("job", "DB_PASSWORD", "hunter2"), "${DB_PASSWORD:?}");
        assert_eq!(secrets.text("web", "X", "see hunter2!"), "see ${DB_PASSWORD:?}!");
        assert_eq!(secrets.named("web", "EMPTY_TOKEN", ""), "");
        let words = ["serve", "--token", "t1", "--key-file", "/k"].map(str::to_owned);
        let words = secrets.words(("web", "COMMAND"), None, &words);
        assert_eq!(words, ["serve", "--token", "${TOKEN:?}", "--key-file", "/k"]);
    }
}
