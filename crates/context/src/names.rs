//! Named contexts in a Dockerfile: `FROM base`, `COPY --from=base` and
//! `RUN --mount=from=base` are made to name the image that stands for `base`.
//!
//! The engine's own call for a build has no parameter for named contexts, whatever its
//! version; since all of ours are images, naming these instead means the same. No line is
//! added, so that the engine's messages keep their line numbers.

use std::collections::BTreeMap;

use model::build::Build;
use model::id::ImageRef;

/// The Dockerfile with the build's named contexts replaced.
pub(super) fn replace(text: &str, build: &Build) -> String {
    let contexts = build.contexts.iter();
    let known = contexts.map(|(name, context)| (name.as_str(), context.image().as_str())).collect();
    let mut names = Names::new(build, known);
    let mut out = String::with_capacity(text.len());
    each_instruction(text, |instruction, escape, heredocs| {
        out.push_str(&with(instruction, names.instruction(instruction, escape)));
        out.push_str(heredocs);
    });
    out
}

/// Which of these images the Dockerfile names, where no stage above has that name.
pub(super) fn named<'a>(text: &str, build: &'a Build, among: &[&'a str]) -> Vec<&'a str> {
    let mut names = Names::new(build, among.iter().map(|name| (*name, *name)).collect());
    names.stages_hide = true;
    let mut found = Vec::new();
    each_instruction(text, |instruction, escape, _| {
        found.extend(names.instruction(instruction, escape).into_iter().map(|(_, _, image)| image));
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// Gives each instruction, what continues its lines, and the here-documents behind it.
fn each_instruction(text: &str, mut visit: impl FnMut(&str, char, &str)) {
    let escape = escape_of(text);
    let mut rest = text;
    while !rest.is_empty() {
        let (instruction, after) = split_instruction(rest, escape);
        let mut behind = after;
        for end in heredocs(instruction) {
            behind = split_heredoc(behind, &end).1;
        }
        visit(instruction, escape, &after[..after.len() - behind.len()]);
        rest = behind;
    }
}

/// Where a name is in an instruction, the name, and the image that stands for it.
type Named<'t, 'a> = (usize, &'t str, &'a str);

struct Names<'a> {
    build: &'a Build,
    /// Names, and the images that stand for them.
    known: Vec<(&'a str, &'a str)>,
    /// Arguments that `FROM` may use.
    global: BTreeMap<String, String>,
    /// The names of the stages so far.
    stages: Vec<String>,
    /// Whether a stage hides what is known by its name.
    stages_hide: bool,
    before_stages: bool,
}

impl<'a> Names<'a> {
    fn new(build: &'a Build, known: Vec<(&'a str, &'a str)>) -> Self {
        let (global, stages) = (BTreeMap::new(), Vec::new());
        Self { build, known, global, stages, stages_hide: false, before_stages: true }
    }

    /// What an instruction names, in order.
    fn instruction<'t>(&mut self, text: &'t str, escape: char) -> Vec<Named<'t, 'a>> {
        let words = words(text, escape);
        let Some((keyword, arguments)) = words.split_first() else { return Vec::new() };
        let flags = arguments.iter().take_while(|word| word.text.starts_with("--"));
        match keyword.text.to_ascii_uppercase().as_str() {
            "FROM" => {
                self.before_stages = false;
                let mut behind = arguments.iter().filter(|word| !word.text.starts_with("--"));
                let name = behind.next();
                let found = name.and_then(|word| {
                    Some((word.at, word.text, self.image(&self.expand(word.text)?)?))
                });
                self.stages.extend(behind.nth(1).map(|word| word.text.to_owned()));
                found.into_iter().collect()
            }
            "ARG" if self.before_stages => {
                for word in arguments {
                    self.declare(word.text);
                }
                Vec::new()
            }
            "COPY" | "ADD" => flags.filter_map(|word| self.value(word, "--from=")).collect(),
            "RUN" => {
                let parts = flags.filter(|word| word.text.starts_with("--mount="));
                let parts = parts.flat_map(|word| split_at_commas(*word));
                parts.filter_map(|part| self.value(&part, "from=")).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The name behind `from=` and the image that stands for it.
    fn value<'t>(&self, word: &Word<'t>, prefix: &str) -> Option<Named<'t, 'a>> {
        let name = word.text.strip_prefix(prefix)?;
        Some((word.at + prefix.len(), name, self.image(name)?))
    }

    fn image(&self, name: &str) -> Option<&'a str> {
        if self.stages_hide && self.stages.iter().any(|stage| stage.eq_ignore_ascii_case(name)) {
            return None;
        }
        let name = ImageRef::familiar(name);
        let mut known = self.known.iter();
        let found = known.find(|(known, _)| ImageRef::familiar(known).eq_ignore_ascii_case(name));
        found.map(|(_, image)| *image)
    }

    fn declare(&mut self, argument: &str) {
        let (name, default) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches(['"', '\'']))),
            None => (argument, None),
        };
        let given = self.build.args.get(name).map(String::as_str).or(default);
        let value = given.and_then(|value| self.expand(value));
        if let Some(value) = value {
            self.global.insert(name.to_owned(), value);
        }
    }

    /// A word with its arguments filled in; `None` if one is not known here.
    fn expand(&self, word: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = word;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (expression, tail) = if let Some(inner) = after.strip_prefix('{') {
                inner.split_once('}')?
            } else {
                let end = after.find(|c: char| !is_name(c)).unwrap_or(after.len());
                after.split_at(end)
            };
            let (name, default) = match expression.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (expression, None),
            };
            let known = self.global.get(name).filter(|v| default.is_none() || !v.is_empty());
            out.push_str(known.map(String::as_str).or(default)?);
            rest = tail;
        }
        out.push_str(rest);
        Some(out)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The text with some parts replaced, which are given in order.
fn with<'a>(text: &str, changes: impl IntoIterator<Item = (usize, &'a str, &'a str)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, old, new) in changes {
        out.push_str(&text[done..at]);
        out.push_str(new);
        done = at + old.len();
    }
    out.push_str(&text[done..]);
    out
}

#[derive(Clone, Copy)]
struct Word<'a> {
    at: usize,
    text: &'a str,
}

/// The words of an instruction, without what continues its lines and without comments.
fn words(text: &str, escape: char) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') {
            let line = line.trim_end();
            let line = line.strip_suffix(escape).unwrap_or(line);
            let found = line.split_whitespace();
            words.extend(found.map(|word| Word { at: start + offset(line, word), text: word }));
        }
        start += line.len();
    }
    words
}

fn split_at_commas(word: Word<'_>) -> impl Iterator<Item = Word<'_>> {
    let skipped = "--mount=".len();
    let parts = word.text[skipped..].split(',');
    parts.map(move |part| Word { at: word.at + offset(word.text, part), text: part })
}

/// Where a part of a text is in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// The first instruction (or comment, or empty line) with all its lines, and the rest.
fn split_instruction(text: &str, escape: char) -> (&str, &str) {
    let is_aside = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let first = end == 0;
        end += line.len();
        if is_aside(line) {
            if first {
                break;
            }
            continue;
        }
        if !line.trim_end().ends_with(escape) {
            break;
        }
    }
    text.split_at(end)
}

/// The words that end the here-documents of an instruction, in order.
fn heredocs(instruction: &str) -> Vec<String> {
    let keyword = instruction.split_whitespace().next().unwrap_or_default();
    if !["RUN", "COPY", "ADD"].iter().any(|known| keyword.eq_ignore_ascii_case(known)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in instruction.split("<<").skip(1) {
        let part = part.strip_prefix('-').unwrap_or(part);
        let quoted = part.strip_prefix(['"', '\'']).unwrap_or(part);
        let end = quoted.find(|c: char| !is_name(c)).unwrap_or(quoted.len());
        if end > 0 {
            found.push(quoted[..end].to_owned());
        }
    }
    found
}

/// A here-document up to the line that ends it, and the rest.
fn split_heredoc<'a>(text: &'a str, end: &str) -> (&'a str, &'a str) {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        if line.trim_start_matches('\t').trim_end_matches(['\n', '\r']) == end {
            return text.split_at(length);
        }
    }
    // It does not end, so it was none (`<<` is an operator of the shell, too).
    ("", text)
}

/// What continues a line: `\`, or what `# escape=` says at the top.
fn escape_of(text: &str) -> char {
    for line in text.lines() {
        let Some(comment) = line.trim().strip_prefix('#') else { break };
        match comment.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("escape") => {
                return value.trim().chars().next().unwrap_or('\\');
            }
            Some(_) => {}
            None => break,
        }
    }
    '\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::build::{Dockerfile, NamedContext};

    fn build() -> Build {
        let mut build = Build::of("", Dockerfile::Inline(String::new()));
        let names = [("base", "shop-base"), ("assets", "ctx:1"), ("alpine:3.21", "own/alpine:4")];
        for (name, image) in names {
            build.contexts.insert(name.to_owned(), NamedContext::Image(image.into()));
        }
        build
    }

    #[test]
    fn names_are_replaced_where_the_builder_would_look_for_them() {
        for (text, want) in [
            ("FROM base\n", "FROM shop-base\n"),
            ("from --platform=linux/amd64 base AS x", "from --platform=linux/amd64 shop-base AS x"),
            ("FROM docker.io/library/alpine:3.21 AS base\n", "FROM own/alpine:4 AS base\n"),
            ("COPY --chown=1:1 --from=base /a /b", "COPY --chown=1:1 --from=shop-base /a /b"),
            (
                "COPY \\\n  # why\n  --from=assets \\\n  a b",
                "COPY \\\n  # why\n  --from=ctx:1 \\\n  a b",
            ),
            (
                "RUN --mount=type=bind,from=base,target=/x --mount=from=assets,target=/y from=base",
                "RUN --mount=type=bind,from=shop-base,target=/x --mount=from=ctx:1,target=/y from=base",
            ),
            ("ARG V=base\nFROM ${V}\n", "ARG V=base\nFROM shop-base\n"),
            ("ARG N=3.21\nFROM alpine:$N", "ARG N=3.21\nFROM own/alpine:4"),
            ("FROM ${V:-base}", "FROM shop-base"),
        ] {
            assert_eq!(replace(text, &build()), want);
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for text in [
            "FROM based\nCOPY --from=0 a b\nCOPY base --from=base\n",
            "# FROM base\nFROM scratch\nRUN echo \\\nFROM base\n",
            "FROM scratch\nRUN <<E\nFROM base\nE\n",
            "FROM scratch\nCOPY <<-'E' /x\n\tFROM base\n\tE\n",
            "# escape=`\nFROM scratch\nRUN a `\n\nFROM base\n",
            "FROM $UNKNOWN\n",
            "FROM scratch\nENV A=base\n",
        ] {
            assert_eq!(replace(text, &build()), text);
        }
    }

    #[test]
    fn an_argument_given_to_the_build_wins() {
        let mut build = build();
        build.args.insert("V".to_owned(), "base".to_owned());
        assert_eq!(replace("ARG V=other\nFROM $V\n", &build), "ARG V=other\nFROM shop-base\n");
        let inner = "FROM scratch\nARG V=base\nRUN x\n";
        assert_eq!(replace(inner, &build), inner);
    }

    #[test]
    fn an_image_is_named_where_no_stage_or_context_hides_it() {
        let among = ["acme/base:1", "tools", "base"];
        for (text, want) in [
            ("FROM acme/base:1\n", &["acme/base:1"][..]),
            ("FROM scratch\nCOPY --from=tools:latest a b\n", &["tools"]),
            ("FROM scratch\nRUN --mount=from=docker.io/library/tools,target=/x y", &["tools"]),
            ("ARG V=1\nFROM acme/base:$V AS tools\nCOPY --from=tools a b", &["acme/base:1"]),
            ("FROM scratch AS TOOLS\nFROM tools\n", &[]),
            ("FROM tools AS tools\nFROM tools\n", &["tools"]),
            ("FROM acme/base:2\nRUN echo tools\n", &[]),
        ] {
            assert_eq!(
                named(text, &Build::of("", Dockerfile::Inline(String::new())), &among),
                want
            );
        }
    }

    #[test]
    fn a_shift_of_the_shell_is_no_document() {
        let text = "FROM scratch\nRUN echo $((1<<2))\nFROM base\n";
        assert_eq!(replace(text, &build()), text.replace("FROM base", "FROM shop-base"));
    }
}
