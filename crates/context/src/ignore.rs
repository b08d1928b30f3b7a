//! The grammar of `.dockerignore`: Go's `filepath.Match` with `**`, where a pattern that
//! matches a folder matches all below it, `!` takes files back, and the last match wins.

/// The patterns of an ignore file. The default ignores nothing.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
    /// How many of the patterns, at the end, are not from the file.
    added: usize,
}

#[derive(Debug)]
struct Pattern {
    keeps: bool,
    parts: Vec<String>,
}

impl Ignore {
    /// Reads an ignore file; `Err` is the number of a line with a malformed pattern.
    /// `always` are files that are kept whatever the patterns say.
    pub(super) fn parse(text: &str, always: &[impl AsRef<str>]) -> Result<Self, usize> {
        let mut patterns = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keeps, line) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let parts = clean(line);
            if line.is_empty() || parts.iter().any(|part| !is_well_formed(part)) {
                return Err(index + 1);
            }
            patterns.push(Pattern { keeps, parts });
        }
        let kept = |path: &_| Pattern { keeps: true, parts: literal(AsRef::<str>::as_ref(path)) };
        patterns.extend(always.iter().map(kept));
        Ok(Self { patterns, added: always.len() })
    }

    /// Whether a file is left out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        ignores(&self.patterns, path)
    }

    /// Whether the file itself says that a file is left out, also if it is always kept.
    pub(super) fn hides(&self, path: &str) -> bool {
        ignores(&self.patterns[..self.patterns.len() - self.added], path)
    }

    /// Whether nothing below a folder can be in the context, so that it need not be read.
    pub(super) fn prunes(&self, folder: &str) -> bool {
        let parts: Vec<&str> = folder.split('/').collect();
        let may_keep = self.patterns.iter().any(|pattern| pattern.keeps && pattern.reaches(&parts));
        self.ignores(folder) && !may_keep
    }
}

fn ignores(patterns: &[Pattern], path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let mut ignored = false;
    for pattern in patterns {
        if pattern.keeps == ignored && pattern.matches(&parts) {
            ignored = !pattern.keeps;
        }
    }
    ignored
}

impl Pattern {
    /// Whether it matches the path or a folder above it.
    fn matches(&self, path: &[&str]) -> bool {
        !self.parts.is_empty()
            && (1..=path.len()).any(|length| matches_parts(&self.parts, &path[..length]))
    }

    /// Whether it could match something below a folder.
    fn reaches(&self, folder: &[&str]) -> bool {
        let along = self.parts.iter().zip(folder);
        let meets = along
            .take_while(|(pattern, _)| *pattern != "**")
            .all(|(pattern, name)| matches_name(pattern.as_bytes(), name.as_bytes()));
        let wild = self.parts.iter().take(folder.len()).any(|part| part == "**");
        meets && (wild || self.parts.len() > folder.len())
    }
}

/// A pattern's parts, lexically cleaned as Go's `filepath.Clean` does it.
fn clean(pattern: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

/// A path whose special characters mean themselves.
fn literal(path: &str) -> Vec<String> {
    let escape = |part: &str| {
        part.chars()
            .flat_map(|c| {
                let special = matches!(c, '*' | '?' | '[' | '\\');
                special.then_some('\\').into_iter().chain([c])
            })
            .collect()
    };
    path.split('/').map(escape).collect()
}

/// Whether a whole path matches: `**` stands for any number of parts. Like
/// [`matches_name`], it only ever goes back to the last wildcard, so that no pattern
/// takes more than quadratic time.
fn matches_parts(pattern: &[String], path: &[&str]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut wild = None;
    loop {
        if pattern.get(p).is_some_and(|part| part == "**") {
            wild = Some((p, n));
            p += 1;
        } else if let (Some(part), Some(name)) = (pattern.get(p), path.get(n))
            && matches_name(part.as_bytes(), name.as_bytes())
        {
            p += 1;
            n += 1;
        } else if p == pattern.len() && n == path.len() {
            return true;
        } else if let Some((at, from)) = wild.filter(|(_, from)| *from < path.len()) {
            wild = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
}

/// One part of a path against one part of a pattern: `*`, `?`, `[a-z]`, `[^a]`, `\x`.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut wild = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            wild = Some((p, n));
            p += 1;
        } else if let Some(length) = name.get(n).and_then(|c| matches_one(&pattern[p..], *c)) {
            p += length;
            n += 1;
        } else if p == pattern.len() && n == name.len() {
            return true;
        } else if let Some((at, from)) = wild.filter(|(_, from)| *from < name.len()) {
            wild = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
}

/// How much of a pattern one character matches, if it does.
fn matches_one(pattern: &[u8], c: u8) -> Option<usize> {
    let (matched, length) = match pattern.first()? {
        b'?' => (true, 1),
        b'[' => {
            let (inside, rest) = class(&pattern[1..], c)?;
            (inside, pattern.len() - rest.len())
        }
        b'\\' => (*pattern.get(1)? == c, 2),
        literal => (*literal == c, 1),
    };
    matched.then_some(length)
}

/// Whether a character is in the class that follows a `[`, and what follows its `]`;
/// `None` if it does not close.
fn class(pattern: &[u8], c: u8) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = match pattern.first() {
        Some(b'^') => (true, &pattern[1..]),
        _ => (false, pattern),
    };
    let mut inside = false;
    let mut first = true;
    while first || rest.first() != Some(&b']') {
        first = false;
        let low = take(&mut rest)?;
        let high = if rest.first() == Some(&b'-') {
            rest = &rest[1..];
            take(&mut rest)?
        } else {
            low
        };
        inside |= (low..=high).contains(&c);
    }
    Some((inside != negated, &rest[1..]))
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    if rest.first() == Some(&b'\\') {
        *rest = &rest[1..];
    }
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

fn is_well_formed(part: &str) -> bool {
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = match first {
            b'\\' if tail.is_empty() => return false,
            b'\\' => &tail[1..],
            b'[' => match class(tail, 0) {
                Some((_, after)) => after,
                None => return false,
            },
            _ => tail,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(patterns: &str, paths: &[&str]) -> Vec<String> {
        let ignore = Ignore::parse(patterns, &["Dockerfile"]).unwrap();
        paths.iter().filter(|path| !ignore.ignores(path)).map(|&path| path.to_owned()).collect()
    }

    #[test]
    fn the_grammar_is_dockers() {
        let all = ["Dockerfile", "a.md", "src/a.md", "src/b.rs", "target/x/y", "README.md"];
        for (patterns, want) in [
            ("*.md", vec!["Dockerfile", "src/a.md", "src/b.rs", "target/x/y"]),
            ("**/*.md", vec!["Dockerfile", "src/b.rs", "target/x/y"]),
            ("target\n*.md\n!README.md", vec!["Dockerfile", "src/a.md", "src/b.rs", "README.md"]),
            ("*", vec!["Dockerfile"]),
            ("# c\n\n/src/\n", vec!["Dockerfile", "a.md", "target/x/y", "README.md"]),
            ("src/[a-b].??", vec!["Dockerfile", "a.md", "target/x/y", "README.md"]),
            ("**\n!src/**", vec!["Dockerfile", "src/a.md", "src/b.rs"]),
            ("./x/../src", vec!["Dockerfile", "a.md", "target/x/y", "README.md"]),
        ] {
            assert_eq!(kept(patterns, &all), want, "{patterns}");
        }
    }

    #[test]
    fn a_folder_is_skipped_only_if_nothing_in_it_is_taken_back() {
        let ignore = Ignore::parse("target\nnode\n!node/keep\n", &[""; 0]).unwrap();
        assert!(ignore.prunes("target"));
        assert!(!ignore.prunes("node"));
        assert!(ignore.prunes("node/other"));
    }

    #[test]
    fn a_malformed_pattern_is_named() {
        assert_eq!(Ignore::parse("a\n[b", &[""; 0]).unwrap_err(), 2);
    }
}
