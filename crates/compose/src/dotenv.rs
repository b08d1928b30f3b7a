//! The grammar of `.env` and `env_file`, as compose-go reads it. Nothing of such a file
//! is ever shown: its messages carry no excerpt.

use std::collections::BTreeMap;

use super::codes::{ENV_FILE, LIMIT, UNSET};
use super::template::{self, Why};
use super::variables::{Lookup, Resolve, pass_it};
use model::diagnostic::Code;
use model::secret::is_sensitive_name;
use text::report::Reporter;
use text::yaml::Span;

/// How many bytes the values of one file may become: each may repeat the one before.
const MOST: usize = 4 << 20;

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

/// What the values of env files see: what is outside first, then what the files said so
/// far.
struct Scope<'a> {
    outside: &'a dyn Resolve,
    known: &'a BTreeMap<String, String>,
}

impl Resolve for Scope<'_> {
    fn get(&self, name: &str) -> Lookup<'_> {
        match (self.outside.get(name), self.known.get(name)) {
            (Lookup::Unset | Lookup::Withheld, Some(value)) => {
                Lookup::Found { value, sensitive: true, secret: is_sensitive_name(name) }
            }
            (found, _) => found,
        }
    }
}

/// Reads an env file. `outside` is what `$NAME` sees first, `known` what files before
/// this one said, to which this one's values are added. A `raw` file is taken as it is,
/// without quotes and references.
pub(crate) fn read(
    text: &str,
    outside: &dyn Resolve,
    known: &mut BTreeMap<String, String>,
    raw: bool,
    report: &Reporter,
) -> Vec<Assignment> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut file = File { text, at: 0, counted: (0, 1), outside, report, size: 0 };
    let mut found = Vec::new();
    while let Some(start) = file.statement() {
        let at = file.place(start);
        let assignment = if raw { file.raw_line(at) } else { file.assignment(known, at) };
        let Some((name, value)) = assignment else { continue };
        if let Some(value) = &value {
            file.size += value.len();
            if file.size > MOST {
                let message = format!("the values become more than {} MiB", MOST >> 20);
                report.refuse_as(LIMIT, at, message, None);
                break;
            }
            known.insert(name.to_owned(), value.clone());
        }
        found.push(Assignment { name: name.to_owned(), value, line: at.line });
    }
    found
}

/// An env file that is being read.
struct File<'a> {
    text: &'a str,
    /// How far it was read, in bytes.
    at: usize,
    /// Up to where lines were counted, and the line there.
    counted: (usize, u32),
    outside: &'a dyn Resolve,
    report: &'a Reporter,
    /// How long its values are so far.
    size: usize,
}

impl<'a> File<'a> {
    /// Moves to the next statement, over white space and comments.
    fn statement(&mut self) -> Option<usize> {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            match rest.chars().next()? {
                '#' => self.skip_line(),
                _ => return Some(self.at),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The rest of the line, which is taken.
    fn take_line(&mut self) -> &'a str {
        let line = self.rest().split('\n').next().unwrap_or("");
        self.at = (self.at + line.len() + 1).min(self.text.len());
        line
    }

    fn skip_line(&mut self) {
        self.take_line();
    }

    fn place(&mut self, at: usize) -> Span {
        let (from, line) = self.counted;
        let lines = self.text[from..at].matches('\n').count();
        self.counted = (at, line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)));
        Span { line: self.counted.1, ..Span::START }
    }

    fn refuse<T>(&self, code: Code, at: Span, message: &str, help: Option<&str>) -> Option<T> {
        self.report.refuse_as(code, at, message, help.map(str::to_owned));
        None
    }

    /// `NAME=value` as it is, or a bare `NAME`.
    fn raw_line(&mut self, at: Span) -> Option<(&'a str, Option<String>)> {
        let line = self.take_line();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (line, None),
        };
        if name.is_empty() || name.contains([' ', '\t']) {
            return self.refuse(ENV_FILE, at, "this is not a variable", Some("write `NAME=value`"));
        }
        Some((name, value.map_or_else(|| self.inherited(name, at), |value| Some(value.to_owned()))))
    }

    /// `NAME=value`, `NAME: value` or a bare `NAME`, with or without `export`.
    fn assignment(
        &mut self,
        known: &BTreeMap<String, String>,
        at: Span,
    ) -> Option<(&'a str, Option<String>)> {
        let rest = self.rest();
        if let Some(name) =
            rest.strip_prefix("export").filter(|r| r.starts_with(char::is_whitespace))
        {
            self.at = self.text.len() - name.trim_start_matches(is_blank).len();
        }
        let rest = self.rest();
        let is_name = |c: char| c.is_alphanumeric() || "_.-[]".contains(c) || is_blank(c);
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = rest[..end].trim_end();
        let assigns = rest[end..].starts_with(['=', ':']);
        let bare = rest[end..].is_empty() || rest[end..].starts_with('\n');
        if name.is_empty() || name.contains(' ') || !(assigns || bare) {
            self.skip_line();
            return self.refuse(ENV_FILE, at, "this is not a variable", Some("write `NAME=value`"));
        }
        self.at = (self.at + end + 1).min(self.text.len());
        if bare {
            return Some((name, self.inherited(name, at)));
        }
        self.at = self.text.len() - self.rest().trim_start_matches(is_blank).len();
        let scope = Scope { outside: self.outside, known };
        let value = if let Some(quote @ ('\'' | '"')) = self.rest().chars().next() {
            let text = self.quoted(quote, at);
            if quote == '"' {
                text.and_then(|text| self.expanded(&unescaped(&text), &scope, at))
            } else {
                text
            }
        } else {
            let value = self.take_line().split(" #").next().unwrap_or("").trim_end();
            self.expanded(value, &scope, at)
        };
        Some((name, value))
    }

    fn inherited(&self, name: &str, at: Span) -> Option<String> {
        match self.outside.get(name) {
            Lookup::Found { value, secret, .. } => {
                if secret {
                    self.report.conceal(vec![value.to_owned()]);
                }
                Some(value.to_owned())
            }
            Lookup::Unset => None,
            Lookup::Withheld => {
                let message =
                    format!("the variable `{name}` is set where this runs, but not passed");
                self.refuse(ENV_FILE, at, &message, Some(&pass_it(name)))
            }
        }
    }

    /// What stands in quotes, over several lines if need be; what follows on the line is
    /// the next statement. A backslash keeps the quote, and itself before anything else.
    fn quoted(&mut self, quote: char, at: Span) -> Option<String> {
        let body = &self.rest()[1..];
        let mut text = String::new();
        let mut escaped = false;
        for (index, c) in body.char_indices() {
            if c == quote && !escaped {
                self.at += 1 + index + 1;
                return Some(text);
            }
            if c == '\\' && !escaped {
                escaped = true;
                continue;
            }
            if escaped && c != quote {
                text.push('\\');
            }
            escaped = false;
            text.push(c);
        }
        self.skip_line();
        self.refuse(ENV_FILE, at, "this value's quote is not closed", None)
    }

    fn expanded(&self, text: &str, scope: &Scope<'_>, at: Span) -> Option<String> {
        match template::expand(text, scope) {
            Ok(done) => {
                for (_, name) in &done.unset {
                    let message = format!("the variable `{name}` is not set");
                    self.report.warn_as(UNSET, at, message, None);
                }
                self.report.conceal(done.secrets);
                Some(done.text)
            }
            Err(refused) => {
                let code = if refused.why == Why::TooMuch { LIMIT } else { ENV_FILE };
                self.refuse(code, at, &refused.message, refused.help.as_deref())
            }
        }
    }
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// The escapes of double quotes; `\$` becomes `$$`, which the template reads as `$`.
/// Others stay as they are.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (made, length): (&str, usize) = match after.as_bytes().first() {
            Some(b'a') => ("\u{7}", 1),
            Some(b'b') => ("\u{8}", 1),
            Some(b'f') => ("\u{c}", 1),
            Some(b'n') => ("\n", 1),
            Some(b'r') => ("\r", 1),
            Some(b't') => ("\t", 1),
            Some(b'v') => ("\u{b}", 1),
            Some(b'$') => ("$$", 1),
            Some(b'"') => ("\"", 1),
            Some(b'\\') => ("\\", 1),
            _ => ("", 0),
        };
        let octal = after.strip_prefix('0').and_then(|digits| digits.get(..3));
        let octal = octal.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let length = if let Some(Ok(byte)) = octal.map(|digits| u8::from_str_radix(digits, 8)) {
            out.push(char::from(byte));
            4
        } else {
            out.push_str(if length > 0 { made } else { "\\" });
            length
        };
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Variables;

    fn rendered(text: &str) -> String {
        let outside = Variables {
            own: [("TAG".to_owned(), "1.8".to_owned())].into(),
            withheld: ["HOME".to_owned()].into(),
            ..Variables::default()
        };
        let report = Reporter::hidden(".env");
        let list = read(text, &outside, &mut BTreeMap::new(), false, &report);
        let mut rendered: Vec<String> = list
            .into_iter()
            .map(|a| format!("{}:{}={}", a.line, a.name, a.value.unwrap_or("-".to_owned())))
            .collect();
        rendered.extend(report.finish().into_iter().map(|d| {
            assert_eq!(d.excerpt, None);
            format!("{}:{}", d.at.unwrap().line, d.message)
        }));
        rendered.join("|")
    }

    #[test]
    fn the_grammar_is_composes() {
        for (text, want) in [
            ("A=1\n# c\n\nB = two words # c\r\n", "1:A=1|4:B=two words"),
            ("export A='$X # \\n'", "1:A=$X # \\n"),
            ("A=\"x\\ty\\$Z ${TAG}\"", "1:A=x\ty$Z 1.8"),
            ("A=\"one\ntwo\"\nB=3", "1:A=one\ntwo|3:B=3"),
            ("A: v\nB=$A-$TAG", "1:A=v|2:B=v-1.8"),
            ("A=x#y\t# z", "1:A=x#y\t# z"),
            ("A= # c", "1:A=# c"),
            ("A='it\\'s' # c\nB=\"q\\\\n\\x\"C=1", "1:A=it's|2:B=q\\n\\x|2:C=1"),
            ("A=\"\\0101\\01\"", "1:A=A\\01"),
            ("A=1\nA=$A$A\nB=$A", "1:A=1|2:A=11|3:B=11"),
            ("a b=1\nC=2", "2:C=2|1:this is not a variable"),
            ("a[0].b-c=1", "1:a[0].b-c=1"),
            ("A=\nB", "1:A=|2:B=-"),
            ("TAG", "1:TAG=1.8"),
            ("A='x", "1:A=-|1:this value's quote is not closed"),
            ("= x", "1:this is not a variable"),
            ("A=${X:?}", "1:A=-|1:the variable `X` is required and not set"),
            ("HOME", "1:HOME=-|1:the variable `HOME` is set where this runs, but not passed"),
        ] {
            assert_eq!(rendered(text), want, "{text}");
        }
    }
}
