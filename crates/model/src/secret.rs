//! Bytes that must not print: contents of configs and secrets, and the mask that
//! stands for a sensitive value in plans, diffs and errors. And where in a text a secret stands
//! that nobody declared: the same everywhere, in what `adopt` writes, in plans, diffs and failures.

mod found;
mod line;
mod names;

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Serialize, Serializer};
use sha2::Sha256;

pub use self::found::Found;
use self::line::{Line, value_of};
use super::digest::{Digest, hex};

/// The content of a config or secret. `Debug` shows its length, serialising it its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(Arc<[u8]>);

impl Content {
    /// Wraps bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves, for the one place that uploads them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.digest().as_str())
    }
}

/// Replaces sensitive values by a mask that is equal for equal values and, without the
/// installation's key, says nothing else.
#[derive(Clone)]
pub struct Masker {
    key: Arc<[u8]>,
}

impl Masker {
    /// A masker keyed for one installation.
    pub fn new(key: impl AsRef<[u8]>) -> Self {
        Self { key: key.as_ref().into() }
    }

    /// The mask of a value, for example `(masked 3fa91c02)`.
    #[must_use]
    pub fn mask(&self, value: &str) -> String {
        let mut mac = self.keyed();
        mac.0.update(value.as_bytes());
        let tag = mac.0.finalize().into_bytes();
        format!("{MASKED}{})", hex(&tag[..4]))
    }

    /// A text with a mask in place of each secret in it: logins of URLs (`db://(masked 3fa91c02)@host`),
    /// what is assigned to names of secrets, options of commands, keys.
    #[must_use]
    pub fn mask_text(&self, text: &str) -> String {
        if text.contains(PRIVATE_KEY) {
            return self.mask(text);
        }
        let found = secrets_in(text, std::iter::empty()).into_iter().map(|(place, _)| place);
        let mut places: Vec<_> = user_infos(text).chain(found).collect();
        // What is masked already stays.
        places.retain(|place| !text[place.clone()].contains(MASKED.trim_end()));
        places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
        let mut rendered = String::with_capacity(text.len());
        let mut at = 0;
        for place in places {
            if place.start < at {
                continue;
            }
            rendered.push_str(&text[at..place.start]);
            rendered.push_str(&self.mask(&text[place.clone()]));
            at = place.end;
        }
        rendered.push_str(&text[at..]);
        rendered
    }

    /// The words of a command likewise; `program` reads them, if that is not the first of them.
    #[must_use]
    pub fn mask_words(&self, program: Option<&str>, words: &[String]) -> Vec<String> {
        let found = options_in(program, words).into_iter();
        let masked = words.iter().zip(found).map(|(word, found)| match found {
            Some((place, _)) if word[place.clone()].contains(MASKED.trim_end()) => word.clone(),
            Some((place, _)) => {
                let value = self.mask(&word[place.clone()]);
                format!("{}{value}{}", &word[..place.start], &word[place.end..])
            }
            None => self.mask_text(word),
        });
        masked.collect()
    }

    /// A digest of something's JSON that confirms no guess without the key. No text is made of it.
    #[must_use]
    pub fn digest_of_json(&self, thing: &impl Serialize) -> Digest {
        let mut mac = self.keyed();
        serde_json::to_writer(&mut mac, thing).expect("BUG: what is hashed is always JSON");
        Digest::from_text(hex(&mac.0.finalize().into_bytes()))
    }

    fn keyed(&self) -> Keyed {
        let mac = Hmac::new_from_slice(&self.key);
        Keyed(mac.expect("BUG: HMAC takes keys of any length"))
    }
}

/// A keyed hash of what is written to it.
struct Keyed(Hmac<Sha256>);

impl Write for Keyed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker")
    }
}

/// Whether a name alone says that its value is a secret: it contains `PASS`, `PWD`, `TOKEN`,
/// `KEY`, `SECRET`, `COOKIE` or `CREDENTIAL`, in any case. `PWD` and `OLDPWD` are folders.
#[must_use]
pub fn is_sensitive_name(name: &str) -> bool {
    let contains = |word: &&str| {
        let mut parts = name.as_bytes().windows(word.len());
        parts.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    let is_folder = ["PWD", "OLDPWD"].iter().any(|folder| name.eq_ignore_ascii_case(folder));
    !is_folder
        && ["PASS", "PWD", "TOKEN", "KEY", "SECRET", "COOKIE", "CREDENTIAL"].iter().any(contains)
}

/// How a mask begins.
pub const MASKED: &str = "(masked ";

/// In what a private key is.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// Whether a name says that its value is a secret, besides those that are so everywhere: what ends
/// with `auth`, `jwt`, `salt` and the like. One that ends with `file` says where one is.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    names::is_secret(name)
}

/// Whether a text may be a secret where one is expected: it is no switch, no place of a file, and no
/// reference to a variable.
#[must_use]
pub fn may_be_a_secret(text: &str) -> bool {
    names::is_value(text)
}

/// Where secrets stand in a text, in order, and what they are called there; `known` are places of
/// which that is known already. None is in another.
#[must_use]
pub fn secrets_in(text: &str, known: impl Iterator<Item = Range<usize>>) -> Vec<Found> {
    found::all(text, known)
}

/// Whether a text may hold a secret.
#[must_use]
pub fn may_hold_a_secret(text: &str) -> bool {
    text.contains(PRIVATE_KEY) || !found::all(text, std::iter::empty()).is_empty()
}

/// Of the words of a command, the secret that is an option's value; `None` of a word in which secrets
/// stand as in any other text. `program` reads them, if that is not the first of them.
#[must_use]
pub fn options_in(program: Option<&str>, words: &[String]) -> Vec<Option<Found>> {
    let is_program = |word: &&String| !word.starts_with('-');
    let first = words.iter().find(|word| *word != "CMD").filter(is_program);
    let program = first.map(String::as_str).or(program).unwrap_or_default();
    let mut line = Line::of(program);
    let mut before = program;
    let mut all = Vec::new();
    for word in words {
        let is_script = is_call_of_shell(before);
        before = word;
        let found = if is_script { None } else { line.read(word).or_else(|| value_of(word)) };
        all.push(found.map(|(place, name)| (place, Some(name))));
    }
    all
}

/// Whether the word after this one is a command for a shell: `-c`, `-ec`, `CMD-SHELL`.
fn is_call_of_shell(word: &str) -> bool {
    let letters = word.strip_prefix('-').and_then(|word| word.strip_suffix('c'));
    word == "CMD-SHELL" || letters.is_some_and(|all| all.chars().all(|c| c.is_ascii_lowercase()))
}

/// What of a text a log may repeat and must not show: the secrets in it, and logins of URLs.
pub fn hidden_in(text: &str) -> impl Iterator<Item = &str> {
    let found = secrets_in(text, std::iter::empty()).into_iter();
    let places = found.map(|(place, _)| &text[place]).filter(|value| value.len() >= SHORTEST);
    url_logins(text).chain(places)
}

/// Shorter values are found in texts by chance.
pub const SHORTEST: usize = 6;

/// What of a text's URLs a log may repeat and must not show: each user info with the `@` behind it,
/// and each password alone.
pub fn url_logins(text: &str) -> impl Iterator<Item = &str> {
    user_infos(text).flat_map(|place| {
        let password = text[place.clone()].split_once(':').map(|(_, password)| password);
        [Some(&text[place.start..=place.end]), password].into_iter().flatten()
    })
}

/// What a text assigns to sensitive names, as mount options do: `username=u,password=x`.
pub fn assigned(text: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | '`');
    text.match_indices('=').filter_map(move |(at, _)| {
        let name = text[..at].rsplit(|c| !is_of_name(c)).next().unwrap_or_default();
        let rest = &text[at + 1..];
        let value = &rest[..rest.find(ends).unwrap_or(rest.len())];
        (is_sensitive_name(name) && !value.is_empty()).then_some(value)
    })
}

/// Where the user info of each URL of a text stands, without its `@`; empty ones are left out.
fn user_infos(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, scheme)| {
        let start = at + scheme.len();
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let rest = &text[start..];
        let rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let rest = &rest[..rest.find("://").unwrap_or(rest.len())];
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        // A password that nobody encoded may hold a `/`: what follows a host's colon is a port.
        let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
        let is_host = port.bytes().all(|byte| byte.is_ascii_digit()) || authority.ends_with(']');
        let within = if authority.contains('@') || is_host { authority } else { rest };
        let end = start + within.rfind('@')?;
        (start < end).then_some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_assigned_to_a_sensitive_name_is_found() {
        let found = |text| assigned(text).collect::<Vec<_>>();
        assert_eq!(found("data: username=u,password=hunter2: no such host"), ["hunter2:"]);
        assert_eq!(found("a?token=x&b=c DB_PASS='' pwd=\"\""), ["x"]);
        assert_eq!(found("volume=/srv size=3"), Vec::<&str>::new());
    }

    #[test]
    fn names_of_passwords_and_cookies_are_sensitive_and_those_of_folders_are_not() {
        for name in ["DB_PWD", "PWD_DB", "mysqlpwd", "SESSION_COOKIE", "AWS_CREDENTIALS", "PASS"] {
            assert!(is_sensitive_name(name), "{name}");
        }
        for name in ["PWD", "OLDPWD", "pwd", "DSN", "PATH", ""] {
            assert!(!is_sensitive_name(name), "{name}");
        }
    }

    #[test]
    fn the_user_info_of_urls_is_masked_and_nothing_else_of_them() {
        let masker = Masker::new("k");
        let (one, two) = (masker.mask("u:pw"), masker.mask("ann"));
        for (text, masked) in [
            ("postgres://u:pw@db/x", format!("postgres://{one}@db/x")),
            ("a=x://u:pw@h b=ssh://ann@h", format!("a=x://{one}@h b=ssh://{two}@h")),
            ("x://u:pw@h1,h2:5/x", format!("x://{one}@h1,h2:5/x")),
            ("x://a://u:pw@h", format!("x://a://{one}@h")),
            ("x://u:p/w@h/x", format!("x://{}@h/x", masker.mask("u:p/w"))),
            ("x://u:p@w@h?q=1", format!("x://{}@h?q=1", masker.mask("u:p@w"))),
        ] {
            assert_eq!(masker.mask_text(text), masked);
            assert_eq!(masker.mask_text(&masked), masked, "once is enough");
        }
        for text in [
            "https://host/@scope/x",
            "https://host:80/a@b",
            "https://[::1]/a@b",
            "x://@h",
            "ann@host",
            "x://h?to=a@b",
            "://",
            "",
        ] {
            assert_eq!(masker.mask_text(text), text);
        }
        assert_ne!(masker.mask_text("x://a:1@h"), masker.mask_text("x://a:2@h"));
    }

    #[test]
    fn a_log_hides_a_login_as_a_whole_and_its_password() {
        let found: Vec<&str> = url_logins("x://u:pw4711@h,y://ann@h z").collect();
        assert_eq!(found, ["u:pw4711@", "pw4711", "ann@"]);
    }

    #[test]
    fn what_is_assigned_or_is_an_option_is_masked_and_once_is_enough() {
        let masker = Masker::new("k");
        for text in [
            "jdbc:postgresql://db/x?user=u&password=hunter2",
            "{\"password\": \"hunter2\", \"a\": 1}",
            "Server=db;User Id=u;Pwd=hunter2;Encrypt=true",
            "serve --token hunter2 --quick",
        ] {
            let hidden = masker.mask_text(text);
            assert!(!hidden.contains("hunter2") && hidden.contains("(masked "), "{hidden}");
            assert_eq!(masker.mask_text(&hidden), hidden, "once is enough");
        }
        for text in ["PWD=/srv/app make", "nginx:1.27@sha256:0a0a0a", "a=b c", "keycloak:8080"] {
            assert_eq!(masker.mask_text(text), text);
        }
        let words = ["serve", "--password=hunter2", "-v"].map(str::to_owned);
        let hidden = masker.mask_words(None, &words);
        assert_eq!((&*hidden[0], &*hidden[2]), ("serve", "-v"));
        assert_eq!(hidden[1], format!("--password={}", masker.mask("hunter2")));
        assert_eq!(masker.mask_words(None, &hidden), hidden);
        let hidden = masker.mask_words(Some("mysql"), &["-phunter2".to_owned()]);
        assert!(!hidden[0].contains("hunter2"), "{hidden:?}");
    }
}
