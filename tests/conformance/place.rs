//! Where Compose refuses: what of its message names a place, and whether one of ours names
//! the same.

use model::diagnostic::Diagnostic;

/// Where a refusal is.
pub(crate) enum Place {
    /// A key path.
    Path(String),
    /// A line of a file.
    Line(u32),
    /// Names that the message has to mention.
    Names(Vec<String>),
}

/// What key paths begin with.
const SECTIONS: [&str; 9] =
    ["services", "networks", "volumes", "configs", "secrets", "models", "include", "extends", "x-"];

impl Place {
    /// The place in a message of Compose, or the key path that a case gives itself.
    pub(crate) fn read(message: &str, given: Option<&str>) -> Self {
        match given.map(|given| (given, given.strip_prefix("line ").map(str::parse))) {
            Some((_, Some(Ok(line)))) => return Self::Line(line),
            Some((path, _)) => return Self::Path(path.to_owned()),
            None => {}
        }
        if let Some((_, rest)) = message.split_once("line ")
            && let Some(line) = rest.split(':').next().and_then(|line| line.parse().ok())
        {
            return Self::Line(line);
        }
        // `non-string key in services: 123`
        if let Some((path, key)) =
            message.trim().strip_prefix("non-string key in ").and_then(|rest| rest.split_once(": "))
        {
            return Self::Path(format!("{path}.{key}"));
        }
        let word = |word: &&str| {
            SECTIONS.iter().any(|start| word.starts_with(start)) && word.contains('.')
        };
        let mut words = message.split([' ', '\'', '"', '\n']);
        if let Some(path) = words.find(|w| word(w) || w.starts_with("services[")) {
            return Self::Path(cleaned(path));
        }
        let quoted = message.split('"').skip(1).step_by(2).map(str::to_owned);
        let named = message
            .split([' ', '\n', ','])
            .filter(|word| !ORDINARY.contains(&word.trim_matches([':', '`'])))
            .map(|word| {
                word.trim_matches([':', '`', '"', '\'', ','])
                    .rsplit('/')
                    .next()
                    .unwrap_or("")
                    .to_owned()
            });
        Self::Names(quoted.chain(named).filter(|name| !name.is_empty()).collect())
    }

    /// Why none of our messages is at this place; `None` if one is.
    pub(crate) fn misses(&self, found: &[Diagnostic]) -> Option<String> {
        let mut errors = found.iter().filter(|d| d.is_error());
        let hit = match self {
            Self::Line(line) => errors.any(|d| d.at.as_ref().is_some_and(|at| at.line == *line)),
            Self::Path(path) => errors.any(|d| same(path, key_path(&d.message))),
            Self::Names(names) => errors.any(|d| {
                let text = [Some(d.message.as_str()), d.excerpt.as_deref(), d.help.as_deref()];
                names.iter().any(|name| text.iter().flatten().any(|text| text.contains(name)))
            }),
        };
        let wanted = match self {
            Self::Path(path) => format!("`{path}`"),
            Self::Line(line) => format!("line {line}"),
            Self::Names(names) => format!("{names:?}"),
        };
        (!hit).then(|| format!("refused elsewhere than {wanted}: {}", crate::case::rendered(found)))
    }
}

/// Words of Compose's messages that name nothing.
const ORDINARY: [&str; 31] = [
    "service",
    "refers",
    "to",
    "undefined",
    "network",
    "volume",
    "secret",
    "config",
    "invalid",
    "compose",
    "project",
    "dependency",
    "cycle",
    "detected",
    "->",
    "declares",
    "mutually",
    "exclusive",
    "and",
    "the",
    "must",
    "include",
    "MUST",
    "specified",
    "No",
    "not",
    "be",
    "failed",
    "a",
    "is",
    "for",
];

/// The key path that a message of ours begins with.
fn key_path(message: &str) -> &str {
    message.strip_prefix('`').and_then(|rest| rest.split('`').next()).unwrap_or("")
}

/// `services[web].ports[0]:` as `services.web.ports.0`.
fn cleaned(path: &str) -> String {
    let path = path.trim_end_matches([':', ',', ';', '.']).replace(['[', ']'], ".");
    let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        // `extends.web.service`
        ["extends", service, rest @ ..] => {
            [&["services", service, "extends"], rest].concat().join(".")
        }
        parts => parts.join("."),
    }
}

/// Whether ours is the place, or inside it. Compose does not count the items of a list
/// everywhere.
fn same(wanted: &str, ours: &str) -> bool {
    let plain = |path: &str| -> Vec<String> {
        let parts = path.split('.').filter(|part| !part.is_empty());
        parts.filter(|part| part.parse::<u32>().is_err()).map(str::to_owned).collect()
    };
    let (wanted_all, ours_all) = (format!("{wanted}."), format!("{ours}."));
    ours_all.starts_with(&wanted_all) || plain(ours).starts_with(&plain(wanted))
}
