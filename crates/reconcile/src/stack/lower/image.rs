//! References to images, checked as the engine checks them, so that what no engine would take
//! is reported where it was written.

use text::codes::VALUE;
use text::read::quote;
use text::report::Reporter;
use text::yaml::Node;

/// How long the name of an image may be behind its registry.
const LONGEST_NAME: usize = 255;
/// How long a tag may be.
const LONGEST_TAG: usize = 128;
/// Digests by the name of their algorithm, and how many digits they have.
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The reference that a field holds, if it is one; what is wrong with it is reported.
pub(super) fn read(field: &str, node: &Node, report: &Reporter) -> Option<String> {
    report.string(field, node).filter(|text| check(text, node, report))
}

/// Whether a text is a reference; if not, why is reported at its node.
pub(super) fn check(text: &str, node: &Node, report: &Reporter) -> bool {
    let Err(why) = parse(text) else { return true };
    let message = format!("{} is not the name of an image{why}", quote(node));
    let shows = node.scalar().is_none_or(|scalar| !scalar.sensitive);
    let form = || "write `NAME`, `NAME:TAG` or `REGISTRY/NAME:TAG`, in lower case".to_owned();
    let help = help(text).filter(|_| shows).unwrap_or_else(form);
    report.refuse_as(VALUE, node.span, message, Some(help));
    false
}

/// What was probably meant, if the engine takes that.
fn help(text: &str) -> Option<String> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let name = bare.split(['@', ':']).next().unwrap_or_default();
    let lower = bare.replacen(name, &name.to_lowercase(), 1);
    let all = bare.to_lowercase();
    let tried = [bare, lower.as_str(), all.as_str()];
    tried.into_iter().find(|text| parse(text).is_ok()).map(|text| format!("write `{text}`"))
}

/// As `reference.ParseNormalizedNamed` of the engine.
fn parse(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err("");
    }
    if text.contains("://") {
        return Err(": it is an address");
    }
    if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(": it is an id; `sha256:` has to be before it");
    }
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let (registry, rest) = split(named);
    let (name, tag) = match rest.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (rest, None),
    };
    if name.chars().any(char::is_uppercase) {
        return Err(": the name of an image is in lower case");
    }
    if registry.is_some_and(|registry| !is_registry(registry)) {
        return Err(": what is before the first `/` is not the address of a registry");
    }
    if name.len() > LONGEST_NAME {
        return Err(": it is longer than 255 characters");
    }
    if !name.split('/').all(is_part) {
        return Err(": each part of a name is letters and digits, with single `.`, `_`, `__` or \
                    dashes between them");
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(": behind the `:` is no tag");
    }
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err(": behind the `@` is no digest such as `sha256:` and 64 digits");
    }
    Ok(())
}

/// The registry, if the reference names one, and the rest.
fn split(named: &str) -> (Option<&str>, &str) {
    match named.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            (Some(first), rest)
        }
        _ => (None, named),
    }
}

fn is_registry(registry: &str) -> bool {
    let is_host = |host: &str| {
        host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if let Some((address, rest)) = registry.strip_prefix('[').and_then(|r| r.split_once(']')) {
        let fits = |b: u8| b.is_ascii_hexdigit() || b == b':';
        return !address.is_empty()
            && address.bytes().all(fits)
            && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
    }
    match registry.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => is_host(registry),
    }
}

/// `[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*`
fn is_part(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_between =
        |between: &str| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-');
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part.split(is_word).filter(|between| !between.is_empty()).all(is_between)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= LONGEST_TAG
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, digits)) = digest.split_once(':') else { return false };
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    DIGESTS.contains(&(algorithm, digits.len())) && digits.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_what_the_engine_takes() {
        let id = "0123456789abcdef".repeat(4);
        let digest = format!("nginx@sha256:{id}");
        let by_id = format!("sha256:{id}");
        for valid in [
            "nginx",
            "nginx:1.27-alpine",
            "h/x",
            "H/x",
            "h:80/x:Y",
            "localhost/a",
            "ghcr.io/a/b-c/d_e/f__g/h.i:v1",
            "[2001:db8::1]:5000/x",
            "a---b",
            digest.as_str(),
            by_id.as_str(),
        ] {
            assert_eq!(parse(valid), Ok(()), "{valid}");
        }
        let long = "a".repeat(256);
        let tag = format!("a:{}", "t".repeat(129));
        for bad in [
            "",
            " ",
            "NGINX",
            "nginx:a:b",
            "https://h/x",
            "-nginx",
            "nginx@sha256:abc",
            "a//b",
            "a/",
            "/a",
            "h:x/y",
            "a:",
            "a:-b",
            "localhost/A",
            "a..b",
            "a___b",
            "a-",
            "a._b",
            id.as_str(),
            long.as_str(),
            tag.as_str(),
            "nginx@",
            "é",
            "a.-b/c",
            "h.:1/c",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_suggested_is_taken() {
        assert_eq!(help("NGINX:1.A").as_deref(), Some("write `nginx:1.A`"));
        assert_eq!(help("https://h/x").as_deref(), Some("write `h/x`"));
        assert_eq!(help("localhost/A").as_deref(), Some("write `localhost/a`"));
        assert_eq!(help("nginx:a:b"), None);
    }
}
