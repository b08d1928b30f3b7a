//! Values that a stack file must not show: each becomes a reference to a variable, so that the
//! file means the same and holds none of them.

use std::collections::BTreeMap;
use std::ops::Range;

use model::secret::is_sensitive_name;

/// Shorter values are found in texts by chance.
const SHORTEST: usize = 6;
/// What ends a value in the middle of a text.
const ENDS: &[char] = &[' ', '\t', '\n', '\r', ';', ',', '&', '\'', '"', '(', ')', '{', '}'];

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
        if is_sensitive_name(name) {
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
            if range.start < done {
                continue;
            }
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

    /// Words of a command: an option's value may be a word of its own.
    pub(super) fn words(&mut self, service: &str, about: &str, words: &[String]) -> Vec<String> {
        let mut option: Option<&str> = None;
        let mut out = Vec::new();
        for word in words {
            let name = option.filter(|_| is_value(word));
            out.push(match name {
                Some(name) => {
                    let wanted = name.trim_start_matches('-').to_ascii_uppercase();
                    self.reference(service, &wanted, word)
                }
                None => self.text(service, about, word),
            });
            option = Some(word.as_str()).filter(|word| is_option(word));
        }
        out
    }

    /// Where secrets are in a text, in order, and what they are called there.
    fn found(&self, text: &str) -> Vec<(Range<usize>, Option<String>)> {
        let mut all = Vec::new();
        for value in self.0.values().filter(|value| value.len() >= SHORTEST) {
            let places = text.match_indices(value.as_str());
            all.extend(places.map(|(at, _)| (at..at + value.len(), None)));
        }
        let logins = url_passwords(text).into_iter();
        all.extend(logins.map(|range| (range, Some("PASSWORD".to_owned()))));
        all.extend(assigned(text).into_iter().map(|(range, name)| (range, Some(name))));
        all.extend(options(text).into_iter().map(|(range, name)| (range, Some(name))));
        all.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        all
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
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

/// Whether a text may be a secret: no path of a file that holds one, and no reference.
fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['-', '/', '$']) && !matches!(text, "true" | "false")
}

/// Whether a word is an option whose value follows.
fn is_option(word: &str) -> bool {
    word.starts_with('-') && !word.contains('=') && is_sensitive_name(word)
}

/// The passwords in `scheme://user:password@host`.
fn url_passwords(text: &str) -> Vec<Range<usize>> {
    let schemes = text.match_indices("://").map(|(at, _)| at + 3);
    let password = |start: usize| {
        let rest = &text[start..];
        let end = rest.find(|c: char| "/?#".contains(c) || ENDS.contains(&c));
        let login = &rest[..rest[..end.unwrap_or(rest.len())].rfind('@')?];
        let colon = login.find(':')?;
        (colon + 1 < login.len()).then_some(start + colon + 1..start + login.len())
    };
    schemes.filter_map(password).collect()
}

/// What is assigned to sensitive names inside a text: `password=x`, `"token": "x"`.
fn assigned(text: &str) -> Vec<(Range<usize>, String)> {
    let signs = text.match_indices(['=', ':']);
    let value = |(at, sign): (usize, &str)| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ']);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let name = &before[before.trim_end_matches(is_part).len()..];
        let after = &text[at + 1..];
        let start = at + 1 + (after.len() - after.trim_start().len());
        let quote = text[start..].chars().next().filter(|c| matches!(c, '"' | '\''));
        if !is_sensitive_name(name) || (sign == ":" && quote.is_none()) {
            return None;
        }
        let start = start + usize::from(quote.is_some());
        let rest = &text[start..];
        let end = match quote {
            Some(quote) => rest.find(quote),
            None => rest.find(ENDS),
        };
        let range = start..start + end.unwrap_or(rest.len());
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        is_value(&text[range.clone()]).then_some((range, name))
    };
    signs.filter_map(value).collect()
}

/// The values of sensitive options inside a text: `--password x`.
fn options(text: &str) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    let mut option = None;
    let mut next = 0;
    for word in text.split([' ', '\t', '\r', '\n']) {
        let start = next;
        next += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        if let Some(name) = option.take()
            && is_value(word)
        {
            let end = word.trim_end_matches(ENDS).len();
            all.push((start..start + end, name));
        }
        option = is_option(word).then(|| word.trim_start_matches('-').to_owned());
    }
    all
}

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
        let words = secrets.words("web", "COMMAND", &words);
        assert_eq!(words, ["serve", "--token", "${TOKEN:?}", "--key-file", "/k"]);
    }
}
