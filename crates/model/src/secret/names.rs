//! Which names say that a value is secret, and which values cannot be one. Where it is doubtful a
//! value counts as secret: a variable in its place means the same.

use super::is_sensitive_name;

/// What the last part of a secret's name may be, besides what is sensitive everywhere.
const LAST: [&str; 8] = ["auth", "authorization", "jwt", "psk", "pw", "salt", "sig", "signature"];
/// What a secret's name may have in it, besides that.
const WITHIN: [&str; 5] = ["basicauth", "basic-auth", "basic_auth", "digestauth", "webhook"];
/// The last part of names whose values say where a secret is.
const PLACES: [&str; 5] = ["file", "path", "dir", "folder", "filename"];
/// Words that stand before a secret although they are no options.
const BARE: [&str; 8] =
    ["password", "passwd", "passphrase", "requirepass", "masterauth", "token", "secret", "auth"];
/// How tokens begin that say by themselves what they are.
const TOKENS: [&str; 16] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "eyJ",
    "hvs.",
    "sk-",
    "sk_live_",
    "npm_",
    "dop_v1_",
];

/// Whether a name says that its value is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_place = PLACES.iter().any(|place| name.ends_with(place));
    !is_place
        && (is_sensitive_name(&name)
            || LAST.iter().any(|last| name.ends_with(last))
            || WITHIN.iter().any(|part| name.contains(part)))
}

/// Whether a name ends as those of secrets do: `token:x` is one, `keycloak:8080` is none.
pub(super) fn ends_secret(name: &str) -> bool {
    const ENDS: [&str; 9] =
        ["pass", "passin", "passout", "password", "passwd", "passphrase", "token", "secret", "key"];
    let name = name.to_ascii_lowercase();
    is_secret(&name) && ENDS.iter().chain(&LAST).any(|end| name.ends_with(end))
}

/// Whether a word is an option whose value follows in a word of its own.
pub(super) fn is_option(word: &str) -> bool {
    word.starts_with('-') && !word.contains('=') && is_secret(word)
}

/// Whether a word stands before a secret, without being an option.
pub(super) fn is_bare(word: &str) -> bool {
    BARE.iter().any(|bare| word.eq_ignore_ascii_case(bare))
}

/// Whether a text may be a secret where one is expected: it is no switch, no other option, no
/// place of a file, and no reference to a variable.
pub(super) fn is_value(text: &str) -> bool {
    !text.is_empty()
        && !matches!(text, "true" | "false" | "$" | "\\")
        && !is_flag(text)
        && !is_reference(text)
        && !["/run/", "/var/run/", "/etc/"].iter().any(|root| text.starts_with(root))
}

/// `--long`, `--long=x` or `-x`.
pub(super) fn is_flag(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    let long = name.strip_prefix("--").is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    });
    let short = name
        .strip_prefix('-')
        .is_some_and(|name| name.len() == 1 && name.starts_with(|c: char| c.is_ascii_alphabetic()));
    long || short
}

/// `$NAME` or `${NAME}`, of a shell.
fn is_reference(text: &str) -> bool {
    let name = text
        .strip_prefix('$')
        .map(|rest| rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_part)
    })
}

/// Whether a word is a token by how it looks, whatever stands before it.
pub(super) fn is_token(word: &str) -> bool {
    let is_known = TOKENS.iter().any(|begin| {
        word.strip_prefix(begin).is_some_and(|rest| {
            rest.len() >= 12 && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        })
    });
    let has = |of: fn(&char) -> bool| word.chars().any(|c| of(&c));
    let is_random = word.len() >= 20
        && !word.starts_with(['/', '-'])
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-".contains(c))
        && word.trim_end_matches('=').chars().all(|c| c != '=')
        && has(char::is_ascii_digit)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_uppercase);
    is_known || is_random
}
