//! A value of the configuration that cannot be read, in the words of the file and not of the
//! program's types, and an example of one that can.

/// Settings with a value that is more than a text, and how one is written.
const EXAMPLES: &[(&str, &str)] = &[
    ("source", "source: https://git.example/ops/stacks.git"),
    ("git", "git: true"),
    ("ref", "ref: main"),
    ("path", "path: hosts/web1"),
    ("poll", "poll: 10s"),
    ("env", "env: [GREETING]"),
    ("allow", "allow: [\"shop:bind=/srv/shop\"]"),
    ("trust_stacks", "trust_stacks: false"),
    ("max_services", "max_services: 5000"),
    ("max_replicas", "max_replicas: 1000"),
    ("max_containers", "max_containers: 10000"),
    ("consul", "consul: http://127.0.0.1:8500"),
    ("consul_dns", "consul_dns: [10.0.0.1]"),
    ("prune_share", "prune_share: 50"),
    ("deadline", "deadline: 10m"),
    ("resync", "resync: 5m"),
    ("prune_delay", "prune_delay: 1m"),
    ("listen", "listen: \"127.0.0.1:8620\""),
    ("log_level", "log_level: info"),
    ("log_format", "log_format: json"),
    ("color", "color: never"),
    ("url", "url: unix:///run/docker.sock"),
    ("tls", "tls: { ca: ca.pem, cert: cert.pem, key: key.pem }"),
    ("insecure", "insecure: true"),
    ("advertise", "advertise: 10.0.0.1"),
    ("routable", "routable: all"),
];

/// Types of the program, and what they are in a file. Longer ones stand first.
const TYPES: &[(&str, &str)] = &[
    ("u8", "a whole number from 0 to 100"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number, 0 or more"),
    ("path string", "a path"),
    ("a string", "a text"),
    ("a boolean", "`true` or `false`"),
    ("a sequence", "a list: `[a, b]`"),
    ("a map", "a list of `name: value` lines"),
];

/// What kinds of values are called.
const KINDS: &[(&str, &str)] = &[
    ("integer ", "the number "),
    ("floating point ", "the number "),
    ("string ", "the text "),
    ("boolean ", ""),
    ("sequence", "a list"),
    ("map", "a map"),
    ("null", "nothing"),
    ("unit value", "nothing"),
];

/// An error of reading a value, in words.
pub(super) fn message(error: &str) -> String {
    if let Some(word) = error.strip_prefix("unknown variant ") {
        return word.replacen(", expected", " is not known here; it is", 1);
    }
    let parts = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|kind| error.strip_prefix(kind))
        .and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = parts else { return error.to_owned() };
    let kind = KINDS
        .iter()
        .find_map(|(kind, word)| found.strip_prefix(kind).map(|value| format!("{word}{value}")));
    let expected =
        TYPES.iter().find(|(name, _)| *name == expected).map_or(expected, |(_, word)| word);
    format!("{expected} is expected, and not {}", kind.unwrap_or_else(|| found.to_owned()))
}

/// How the setting of this name is written.
pub(super) fn example(key: &str) -> Option<String> {
    line(key).map(|example| format!("write for example `{example}`"))
}

/// A line of the file with the setting of this name.
pub(in crate::cli) fn line(key: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(name, _)| *name == key).map(|(_, example)| *example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_the_program_are_not_told() {
        for (error, words) in [
            (
                "invalid value: integer `300`, expected u8",
                "a whole number from 0 to 100 is expected, and not the number `300`",
            ),
            (
                "invalid type: string \"yes\", expected a boolean",
                "`true` or `false` is expected, and not the text \"yes\"",
            ),
            (
                "invalid type: null, expected a sequence",
                "a list: `[a, b]` is expected, and not nothing",
            ),
            ("`1M` would be months", "`1M` would be months"),
            (
                "unknown variant `xml`, expected `text` or `json`",
                "`xml` is not known here; it is `text` or `json`",
            ),
        ] {
            assert_eq!(message(error), words);
        }
    }

    #[test]
    fn examples_are_read_as_they_stand() {
        for (key, example) in EXAMPLES {
            let read: serde_json::Value = serde_yaml::from_str(example).expect("YAML");
            assert_eq!(read.as_object().expect("a map").keys().next().expect("one"), key);
        }
    }
}
