//! Which values of env files a person could guess: what many a stack has (words, numbers, hosts,
//! paths) tells nothing where it is repeated, and a log without all of it could not be read.

use std::net::{IpAddr, SocketAddr};

/// How many bytes a value has at least that nobody guesses.
const LEAST: usize = 8;
/// How often letters and digits, or small and capital letters, alternate in what a machine drew.
const ALTERNATES: usize = 3;
/// Units of time and of sizes, as settings write them behind a number.
const UNITS: [&str; 30] = [
    "ns", "us", "ms", "s", "sec", "m", "min", "h", "d", "w", "b", "k", "kb", "kib", "ki", "mb",
    "mib", "mi", "g", "gb", "gib", "gi", "t", "tb", "tib", "ti", "%", "hz", "khz", "mhz",
];

/// Whether a value without a secret name could be guessed, so that free text may repeat it: it
/// has fewer than 8 bytes, or it is lower-case letters only, a number, a size or a duration, a
/// host, an address, a path, or a URL without a user info. A host, a path or a URL with a part
/// that looks drawn by a machine (a webhook's token) is not guessed.
#[must_use]
pub fn is_guessable(value: &str) -> bool {
    value.len() < LEAST
        || value.bytes().all(|byte| byte.is_ascii_lowercase())
        || is_number(value)
        || !has_drawn_part(value) && (is_host(value) || is_path(value) || is_url(value))
}

/// A number, alone or with units: `1_000_000`, `-12.5`, `512000kB`, `1h30m15s`.
fn is_number(value: &str) -> bool {
    if value.parse::<f64>().is_ok() {
        return true;
    }
    let mut rest = value.strip_prefix(['-', '+']).unwrap_or(value);
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "._,".contains(c));
        let end = digits.find(|c: char| c.is_ascii_digit()).unwrap_or(digits.len());
        let unit = digits[..end].to_ascii_lowercase();
        let is_unit = unit.is_empty() || UNITS.contains(&unit.as_str());
        if digits.len() == rest.len() || !is_unit {
            return false;
        }
        rest = &digits[end..];
    }
    true
}

/// A host's name or address, perhaps with a port, and what is written like one, as versions are:
/// `db-1.example.com`, `redis-master:6379`, `10.0.0.1`, `1.8.0-rc.1`. A name with neither dots nor a
/// port may be a passphrase.
fn is_host(value: &str) -> bool {
    if value.parse::<IpAddr>().is_ok() || value.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let (name, port) = value.split_once(':').unwrap_or((value, ""));
    let has_port = port.parse::<u16>().is_ok();
    if !has_port && (name.len() < value.len() || !name.contains('.')) {
        return false;
    }
    let is_part = |part: &str| {
        let number = part.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let letters = part.len() - number.len();
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        !part.is_empty() && digits && (letters == 0 || number.len() <= 3)
    };
    name.split(['.', '-']).all(is_part)
}

/// A path that says that it is one, or names that are below each other: `/srv/data`, `./x`,
/// `Europe/Berlin`.
fn is_path(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:~".contains(c);
    if ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start)) {
        return value.chars().all(is_plain);
    }
    let is_name = |part: &str| {
        let rest = part.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(part);
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    value.contains('/') && value.split('/').all(is_name)
}

/// A URL without a user info: `https://host:8443/a?b=c`.
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.:".contains(c);
    !scheme.is_empty()
        && scheme.chars().all(is_of_scheme)
        && !rest.contains('@')
        && !rest.contains(char::is_whitespace)
}

/// Whether a run of letters and digits in it looks drawn: its kinds alternate as in no word. A
/// capital letter before small ones begins a word.
fn has_drawn_part(value: &str) -> bool {
    let kind = |c: char| match c {
        'a'..='z' => 0,
        'A'..='Z' => 1,
        _ => 2,
    };
    let mut parts = value.split(|c: char| !c.is_ascii_alphanumeric());
    parts.any(|part| {
        let kinds: Vec<u8> = part.chars().map(kind).collect();
        let alternates = |two: &&[u8]| two[0] != two[1] && (two[0], two[1]) != (1, 0);
        part.len() >= LEAST && kinds.windows(2).filter(alternates).count() >= ALTERNATES
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stacks_are_full_of_is_guessed_and_what_a_machine_drew_is_not() {
        for value in [
            "info",
            "hunter2",
            "production",
            "true",
            "12345678",
            "-1234.567890",
            "1_000_000",
            "52428800kB",
            "1h30m15s",
            "3600000ms",
            "localhost:5432",
            "redis-master:6379",
            "db-1.example.com",
            "node01.eu-west-1.example.com:8443",
            "10.20.30.40",
            "10.20.30.40:5432",
            "fe80::1:2:3:4",
            "1.8.0-rc.1",
            "/var/lib/postgresql/data",
            "./config/app.yaml",
            "~/settings.json",
            "Europe/Berlin",
            "https://example.com:8443/a/b?page=2",
            "redis://cache:6379/0",
            "jdbc:postgresql://db:5432/shop",
        ] {
            assert!(is_guessable(value), "{value}");
        }
        for value in [
            "hunter2pw",
            "Production",
            "Tr0ub4dor&3",
            "correct-horse-battery-staple",
            "redis-master",
            "correct horse battery",
            "1a2b3c4d5e6f",
            "d41d8cd98f00b204e9800998ecf8427e",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "/Ab3xYz9QwErT5u8",
            "a1b2c3d4e5.example.com",
            "postgres://u:pw@db/x",
            "https://hooks.example.com/services/T024BE7LD/x8Kq2Lm9Pz",
            "https://example.com/x?sig=aB3dE5fG7h",
            "12345678x",
            "pässwort",
            "a=b,c=d,e=f",
        ] {
            assert!(!is_guessable(value), "{value}");
        }
    }
}
