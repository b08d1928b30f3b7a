//! The grammar of `.env` and `env_file`, as compose-go reads it. Nothing of such a file
//! is ever shown: its messages carry no excerpt.

use super::report::Reporter;
use super::template;
use super::variables::{Lookup, Variables, pass_it};
use super::yaml::Span;

/// One variable of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Its name.
    pub(super) name: String,
    /// Its value; `None` for a bare name that nothing outside sets.
    pub(super) value: Option<String>,
    /// Its line, from 1.
    pub(super) line: u32,
}

/// Reads an env file. `outside` is what `$NAME` sees beside the file's own variables; a
/// `raw` file is taken as it is, without quotes and references.
pub(super) fn read(
    text: &str,
    outside: &Variables,
    raw: bool,
    report: &Reporter,
) -> Vec<Assignment> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut scope = outside.clone();
    let mut found = Vec::new();
    let mut rest = text.as_str();
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let start = first.trim_start();
        if start.is_empty() || start.starts_with('#') {
            continue;
        }
        let at = Span { line, column: 1, length: 1 };
        let start = start.strip_prefix("export ").map_or(start, str::trim_start);
        let Some((name, value)) = name_of(start) else {
            report.error_help(at, "this is not a variable", "write `NAME=value`");
            continue;
        };
        let value = match value {
            None => inherited(name, &scope, at, report),
            Some(value) if raw => Some(value.to_owned()),
            Some(value) => {
                let more = if after.is_empty() { String::new() } else { format!("\n{after}") };
                let (value, lines) = assigned(&format!("{value}{more}"), &scope, at, report);
                for _ in 0..lines {
                    line += 1;
                    rest = rest.split_once('\n').map_or("", |(_, tail)| tail);
                }
                value
            }
        };
        if let Some(value) = &value {
            scope.dotenv.insert(name.to_owned(), value.clone());
        }
        found.push(Assignment { name: name.to_owned(), value, line: at.line });
    }
    found
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

/// The value that a text begins with, and how many more lines it takes.
fn assigned(text: &str, scope: &Variables, at: Span, report: &Reporter) -> (Option<String>, usize) {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        let line = text.split('\n').next().unwrap_or("");
        let comment =
            line.match_indices('#').find(|(i, _)| *i == 0 || line[..*i].ends_with([' ', '\t']));
        let value = comment.map_or(line, |(i, _)| &line[..i]).trim_end();
        return (expanded(value, scope, at, report), 0);
    };
    let body = &text[1..];
    let Some(end) = closing(body, quote) else {
        report.error(at, "this value's quote is not closed");
        return (None, 0);
    };
    let lines = body[..end].matches('\n').count();
    let value = if quote == '\'' {
        Some(body[..end].to_owned())
    } else {
        expanded(&unescaped(&body[..end]), scope, at, report)
    };
    (value, lines)
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
