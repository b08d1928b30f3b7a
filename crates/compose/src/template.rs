//! Interpolation of one text: `$X ${X} ${X:-d} ${X-d} ${X:?e} ${X?e} ${X:+a} ${X+a} $$`,
//! nested, as compose-go's template package reads it. Defaults are evaluated only when
//! they are used.

use super::variables::{Lookup, Resolve, pass_it};

/// How deep defaults may be nested.
const MAX_DEPTH: usize = 32;
/// How long one text may become, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// How many unset names of one text are named.
const MOST_UNSET: usize = 20;

/// A text with everything filled in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// Whether a value that never prints is in it.
    pub(crate) sensitive: bool,
    /// Values in it that hide other texts.
    pub(crate) secrets: Vec<String>,
    /// Names that were not set and became nothing, with their offsets in bytes.
    pub(crate) unset: Vec<(usize, String)>,
}

impl Expanded {
    fn put(&mut self, value: &str, (sensitive, secret): (bool, bool)) {
        self.text.push_str(value);
        self.sensitive |= sensitive;
        if secret {
            self.secrets.push(value.to_owned());
        }
    }
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// This is no reference.
    Invalid,
    /// A variable has to be set, or to be passed.
    Required,
    /// It becomes too long, or is nested too deep.
    TooMuch,
}

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where the reference begins, in bytes.
    pub(crate) offset: usize,
    /// How long it is, in bytes.
    pub(crate) length: usize,
    /// The kind.
    pub(crate) why: Why,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

/// Expands a text.
pub fn expand(text: &str, names: &dyn Resolve) -> Result<Expanded, Refused> {
    let mut out = Expanded::default();
    fill(text, 0, 0, names, &mut out)?;
    Ok(out)
}

/// Expands `text`, which begins at byte `base` of the whole and stands in `depth` others.
fn fill(
    text: &str,
    base: usize,
    depth: usize,
    names: &dyn Resolve,
    out: &mut Expanded,
) -> Result<(), Refused> {
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        out.text.push_str(&text[at..at + found]);
        let start = at + found;
        let rest = &text[start + 1..];
        let length = name_length(rest);
        at = if let Some(braced) = rest.strip_prefix('{') {
            let Some(inner) = inner(braced) else {
                let help = "write `$$` for a `$` that is meant as it is".to_owned();
                let line = rest.lines().next().unwrap_or("").len();
                let message = "this is not a valid reference";
                return Err(refuse(Why::Invalid, base + start, line + 1, message, Some(help)));
            };
            reference(inner, base + start, depth, names, out)?;
            start + 2 + inner.len() + 1
        } else if length > 0 {
            plain(&rest[..length], base + start, names, out)?;
            start + 1 + length
        } else {
            // `$$` is one, and a `$` that begins no reference stays.
            out.text.push('$');
            start + 1 + usize::from(rest.starts_with('$'))
        };
        if out.text.len() > MAX_TEXT {
            let message = format!("this becomes more than {} KiB", MAX_TEXT >> 10);
            return Err(refuse(Why::TooMuch, base + start, 1, &message, None));
        }
    }
    out.text.push_str(&text[at..]);
    Ok(())
}

/// What stands between the braces of a reference, of which the first was read; `None` if
/// it is no reference. A word after an operator ends on its line, where its braces close;
/// or at the line's last brace, if they never do.
fn inner(braced: &str) -> Option<&str> {
    let length = name_length(braced);
    let rest = &braced[length..];
    if length == 0 || rest.starts_with('}') {
        return (length > 0).then(|| &braced[..length]);
    }
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    if !operator.starts_with(['-', '+', '?']) {
        return None;
    }
    let line = braced.split('\n').next().unwrap_or(braced);
    let last = line.rfind('}')?;
    Some(&braced[..closing(&braced[..=last]).unwrap_or(last)])
}

/// Where the brace closes that opened before this text. A character right after an
/// opening brace is not looked at, as in Compose.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' => {
                open += 1;
                bytes.next();
            }
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// `NAME` or `NAME<operator>word` between braces.
fn reference(
    inner: &str,
    offset: usize,
    depth: usize,
    names: &dyn Resolve,
    out: &mut Expanded,
) -> Result<(), Refused> {
    let (name, rest) = inner.split_at(name_length(inner));
    if rest.is_empty() {
        return plain(name, offset, names, out);
    }
    let (empty_counts, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let mut chars = rest.chars();
    let (operator, word) = (chars.next(), chars.as_str());
    let word_at = offset + 2 + (inner.len() - word.len());
    let value = match names.get(name) {
        Lookup::Withheld => return Err(withheld(name, offset, inner.len() + 3)),
        Lookup::Found { value, .. } if empty_counts && value.is_empty() => None,
        Lookup::Found { value, sensitive, secret } => Some((value, (sensitive, secret))),
        Lookup::Unset => None,
    };
    match (operator, value) {
        _ if depth >= MAX_DEPTH => {
            let message = format!("defaults are nested more than {MAX_DEPTH} levels deep");
            Err(refuse(Why::TooMuch, offset, inner.len() + 3, &message, None))
        }
        (Some('-'), None) | (Some('+'), Some(_)) => fill(word, word_at, depth + 1, names, out),
        (_, Some((value, kind))) => {
            out.put(value, kind);
            Ok(())
        }
        (Some('?'), None) => {
            let mut why = Expanded::default();
            let why = match fill(word, word_at, depth + 1, names, &mut why) {
                Ok(()) if !why.sensitive => why.text,
                _ => word.to_owned(),
            };
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            let message = format!("the variable `{name}` is required and not set{why}");
            let help = format!(
                "set it under the deployment's `variables`, in the stack's `.env`, or {}",
                pass_it(name)
            );
            Err(refuse(Why::Required, offset, inner.len() + 3, &message, Some(help)))
        }
        (_, None) => Ok(()),
    }
}

/// A reference without an operator.
fn plain(
    name: &str,
    offset: usize,
    names: &dyn Resolve,
    out: &mut Expanded,
) -> Result<(), Refused> {
    match names.get(name) {
        Lookup::Found { value, sensitive, secret } => {
            out.put(value, (sensitive, secret));
            Ok(())
        }
        Lookup::Withheld => Err(withheld(name, offset, name.len() + 1)),
        Lookup::Unset => {
            if out.unset.len() < MOST_UNSET {
                out.unset.push((offset, name.to_owned()));
            }
            Ok(())
        }
    }
}

fn withheld(name: &str, offset: usize, length: usize) -> Refused {
    let message = format!("the variable `{name}` is set where this runs, but not passed");
    refuse(Why::Required, offset, length, &message, Some(pass_it(name)))
}

fn refuse(why: Why, offset: usize, length: usize, message: &str, help: Option<String>) -> Refused {
    Refused { offset, length, why, message: message.to_owned(), help }
}

/// How many bytes of a name a text begins with.
fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Variables;

    fn variables() -> Variables {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Variables {
            own: [("TAG", "1.8"), ("EMPTY", "")].map(pair).into(),
            passed: [("PW", "hunter2")].map(pair).into(),
            dotenv: [("PORT", "80"), ("TAG", "lower")].map(pair).into(),
            withheld: ["HOME".to_owned()].into(),
        }
    }

    fn text(template: &str) -> String {
        match expand(template, &variables()) {
            Ok(done) => done.text,
            Err(refused) => format!("{}: {}", refused.offset, refused.message),
        }
    }

    #[test]
    fn every_form_is_filled_in_as_compose_does() {
        for (template, want) in [
            ("a$TAG-b", "a1.8-b"),
            ("${TAG}", "1.8"),
            ("$$TAG $${X}", "$TAG ${X}"),
            ("${EMPTY:-d}|${EMPTY-d}", "d|"),
            ("${NONE:-d}|${NONE-d}", "d|d"),
            ("${NONE:-${TAG}}", "1.8"),
            ("${NONE:-{\"a\":1}}", "{\"a\":1}"),
            ("${TAG:+yes}|${EMPTY:+yes}|${EMPTY+yes}|${NONE+yes}", "yes||yes|"),
            ("${TAG:-${NONE:?unused}}", "1.8"),
            ("$NONE.", "."),
            ("${TAG:?why}", "1.8"),
            ("x${NONE:?set it}", "1: the variable `NONE` is required and not set: set it"),
            ("${EMPTY?}", ""),
            ("5$ $1 $", "5$ $1 $"),
            ("${NONE:-a}b}", "ab}"),
            ("${NONE:-{}}", "{}"),
            ("${NONE:-\n}", "0: this is not a valid reference"),
            ("${1a}", "0: this is not a valid reference"),
            ("ab${TAG", "2: this is not a valid reference"),
            ("${TAG!x}", "0: this is not a valid reference"),
            ("${TAG:-a} ${TAG", "10: this is not a valid reference"),
            ("${HOME:-/root}", "0: the variable `HOME` is set where this runs, but not passed"),
        ] {
            assert_eq!(text(template), want, "{template}");
        }
    }

    #[test]
    fn what_comes_from_the_operator_or_dotenv_marks_the_text() {
        let marked = |template| expand(template, &variables()).map(|e| e.sensitive);
        assert_eq!(marked("${TAG}"), Ok(false));
        assert_eq!(marked("a${PW}"), Ok(true));
        assert_eq!(marked("${NONE:-${PORT}}"), Ok(true));
        assert_eq!(marked("${PW:+set}"), Ok(false));
    }

    #[test]
    fn what_is_unset_is_named() {
        let done = expand("a $NONE", &variables()).unwrap();
        assert_eq!(done.unset, [(2, "NONE".to_owned())]);
    }
}
