//! The grammar of `.env` and `env_file`, as compose-go reads it. Nothing of such a file
//! is ever shown: its messages carry no excerpt.

use super::template;
use super::variables::{Lookup, Variables, pass_it};
use crate::text::report::Reporter;
use crate::text::yaml::Span;

/// One variable of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Its name.
    pub(crate) name: String,
    /// Its value; `None` for a bare name that nothing outside sets.
    pub(crate) value: Option<String>,
    /// Its line, from 1.
    pub(crate) line: u32,
}

/// Reads an env file. `outside` is what `$NAME` sees beside the file's own variables; a
/// `raw` file is taken as it is, without quotes and references.
pub(crate) fn read(
    text: &str,
    outside: &Variables,
    raw: bool,
    report: &Reporter,
) -> Vec<Assignment> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut scope = outside.clone();
    let mut found = Vec::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let at = Span { line, ..Span::START };
        let end = match parse(rest) {
            Line::Nothing(end) => end,
            Line::Wrong(end) => {
                report.error_help(at, "this is not a variable", "write `NAME=value`");
                end
            }
            Line::Assigns(name, value, first_end) => {
                let (value, end) = match value {
                    None => (inherited(name, &scope, at, report), first_end),
                    Some(from) if raw => (Some(rest[from..first_end].to_owned()), first_end),
                    Some(from) => {
                        let (value, length) = assigned(&rest[from..], &scope, at, report);
                        (value, line_end(rest, first_end.max(from + length)))
                    }
                };
                if let Some(value) = &value {
                    scope.dotenv.insert(name.to_owned(), value.clone());
                }
                found.push(Assignment { name: name.to_owned(), value, line });
                end
            }
        };
        line = line.saturating_add(newlines(&rest[..end])).saturating_add(1);
        rest = rest.get(end + 1..).unwrap_or("");
    }
    found
}

/// The first line of a text, with the offset of its end.
enum Line<'t> {
    Nothing(usize),
    Wrong(usize),
    /// A name, and where its value begins.
    Assigns(&'t str, Option<usize>, usize),
}

fn parse(rest: &str) -> Line<'_> {
    let end = line_end(rest, 0);
    let line = rest[..end].trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Line::Nothing(end);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    match name_of(line) {
        Some((name, value)) => Line::Assigns(name, value.map(|value| end - value.len()), end),
        None => Line::Wrong(end),
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// Where the line ends that this offset is in.
fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |end| from + end)
}

/// The name, and what follows its `=` or `:`; `None` inside for a bare name.
fn name_of(line: &str) -> Option<(&str, Option<&str>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start_matches([' ', '\t']);
    match rest.strip_prefix(['=', ':']) {
        _ if name.is_empty() => None,
        Some(value) => Some((name, Some(value))),
        None if rest.trim().is_empty() => Some((name, None)),
        None => None,
    }
}

fn inherited(name: &str, scope: &Variables, at: Span, report: &Reporter) -> Option<String> {
    match scope.get(name) {
        Lookup::Found { value, .. } => Some(value.to_owned()),
        Lookup::Unset => None,
        Lookup::Withheld => {
            let message = format!("the variable `{name}` is set where this runs, but not passed");
            report.error_help(at, message, pass_it(name));
            None
        }
    }
}

/// The value that a text begins with, and how many bytes of the text it takes.
fn assigned(text: &str, scope: &Variables, at: Span, report: &Reporter) -> (Option<String>, usize) {
    let whole = text.len();
    let text = text.trim_start_matches([' ', '\t']);
    let skipped = whole - text.len();
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        let line = text.split('\n').next().unwrap_or("");
        let comment =
            line.match_indices('#').find(|(i, _)| *i == 0 || line[..*i].ends_with([' ', '\t']));
        let value = comment.map_or(line, |(i, _)| &line[..i]).trim_end();
        return (expanded(value, scope, at, report), skipped + line.len());
    };
    let body = &text[1..];
    let Some(end) = closing(body, quote) else {
        report.error(at, "this value's quote is not closed");
        return (None, skipped);
    };
    let value = if quote == '\'' {
        Some(body[..end].to_owned())
    } else {
        expanded(&unescaped(&body[..end]), scope, at, report)
    };
    (value, skipped + end + 2)
}

fn expanded(text: &str, scope: &Variables, at: Span, report: &Reporter) -> Option<String> {
    match template::expand(text, scope) {
        Ok(done) => {
            for (_, name) in &done.unset {
                report.warn(at, format!("the variable `{name}` is not set"), None);
            }
            Some(done.text)
        }
        Err(refused) => {
            report.refuse(at, refused.message, refused.help);
            None
        }
    }
}

/// Where a quote closes; in double quotes a backslash keeps the next character.
fn closing(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    body.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        closes.then_some(at)
    })
}

/// The escapes of double quotes; `\$` becomes `$$`, which the template reads as `$`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('$') => out.push_str("$$"),
            Some(c @ ('"' | '\\' | '\'')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let outside = Variables {
            own: [("TAG".to_owned(), "1.8".to_owned())].into(),
            withheld: ["HOME".to_owned()].into(),
            ..Variables::default()
        };
        let report = Reporter::hidden(".env");
        let list = read(text, &outside, false, &report);
        let mut shown: Vec<String> = list
            .into_iter()
            .map(|a| format!("{}:{}={}", a.line, a.name, a.value.unwrap_or("-".to_owned())))
            .collect();
        shown.extend(report.finish().into_iter().map(|d| {
            assert_eq!(d.excerpt, None);
            format!("{}:{}", d.at.unwrap().line, d.message)
        }));
        shown.join("|")
    }

    #[test]
    fn the_grammar_is_composes() {
        for (text, want) in [
            ("A=1\n# c\n\nB = two words # c\r\n", "1:A=1|4:B=two words"),
            ("export A='$X # \\n'", "1:A=$X # \\n"),
            ("A=\"x\\ty\\$Z ${TAG}\"", "1:A=x\ty$Z 1.8"),
            ("A=\"one\ntwo\"\nB=3", "1:A=one\ntwo|3:B=3"),
            ("A: v\nB=$A-$TAG", "1:A=v|2:B=v-1.8"),
            ("A=x#y", "1:A=x#y"),
            ("A=\nB", "1:A=|2:B=-"),
            ("TAG", "1:TAG=1.8"),
            ("A='x", "1:A=-|1:this value's quote is not closed"),
            ("= x", "1:this is not a variable"),
            ("A=${X:?}", "1:A=-|1:the variable `X` is required and not set"),
            ("HOME", "1:HOME=-|1:the variable `HOME` is set where this runs, but not passed"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }
}
