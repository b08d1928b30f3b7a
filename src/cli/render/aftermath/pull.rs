//! Why an image did not come, of what engines say, and what helps.

use model::id::ImageRef;

/// What registries say of who may not read.
const DENIED: &[&str] =
    &["pull access denied", "unauthorized", "authentication required", "no basic auth", "denied"];
/// What they say of what they do not have.
const ABSENT: &[&str] = &["manifest unknown", "not found", "name unknown", "no matching manifest"];
/// What an engine says that does not reach one.
const AWAY: &[&str] = &[
    "no such host",
    "i/o timeout",
    "connection refused",
    "no route to host",
    "network is unreachable",
    "temporary failure in name resolution",
    "server misbehaving",
    "tls handshake timeout",
    "context deadline exceeded",
    "client.timeout exceeded",
];

/// The cause, and what helps; `None` if the error tells none that is known.
pub(super) fn hint(error: &str, image: &ImageRef) -> Option<String> {
    let error = error.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
    let registry = registry(image.as_str());
    let hint = if says(AWAY) {
        format!("the engine does not reach {registry}: look at its network, DNS and proxy")
    } else if error.contains("x509") || error.contains("http response to https") {
        format!(
            "the engine does not trust {registry}: give it the certificate, or list the registry \
             under `insecure-registries`"
        )
    } else if error.contains("toomanyrequests") || error.contains("rate limit") {
        format!("{registry} limits pulls: log in there with `docker login`, or wait")
    } else if error.contains("no matching manifest") {
        "the image is not there for the engine's platform: choose another tag, or set `platform`"
            .to_owned()
    } else if says(DENIED) {
        format!(
            "there is no such image, or one must be logged in: compare its name, or write a login \
             for {registry} with `docker login` (`registry_config`)"
        )
    } else if says(ABSENT) {
        format!("{registry} has no such image or tag: compare its name in the stack")
    } else {
        return None;
    };
    Some(hint)
}

/// The registry of an image, as people know it.
fn registry(image: &str) -> &str {
    let first = image.split_once('/').map(|(first, _)| first);
    first
        .filter(|first| first.contains(['.', ':']) || *first == "localhost")
        .unwrap_or("Docker Hub")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_remedy() {
        for (image, error, remedy) in [
            ("nope:1", "pull access denied for nope, repository does not exist", "logged in"),
            ("r.example/a:9", "manifest for r.example/a:9 not found: manifest unknown", "or tag"),
            ("r.example:5000/a", "Get https://r.example:5000/v2/: no such host", "does not reach"),
            ("a:1", "Get https://registry-1.docker.io/v2/: i/o timeout", "Docker Hub: look at"),
            ("r.example/a", "x509: certificate signed by unknown authority", "does not trust"),
            ("a:1", "toomanyrequests: You have reached your rate limit", "limits pulls"),
            ("a:1", "no matching manifest for linux/arm64", "platform"),
        ] {
            let hint = hint(error, &image.into()).unwrap_or_default();
            assert!(hint.contains(remedy), "{error}: {hint}");
        }
        assert_eq!(hint("the disk is full", &"a".into()), None);
    }

    #[test]
    fn a_registry_has_the_name_that_stands_in_the_image() {
        assert_eq!(registry("localhost:5000/a/b"), "localhost:5000");
        assert_eq!(registry("localhost/a"), "localhost");
        assert_eq!(registry("library/a"), "Docker Hub");
        assert_eq!(registry("a:1"), "Docker Hub");
    }
}
