//! Where secrets stand in a text: in addresses, behind names, and in the words of commands, as a
//! shell has them.

use std::ops::Range;

use super::line::{Line, is_printed, reads_a_secret};
use super::names::{ends_secret, is_secret, is_token, is_value};

/// A place, and what stands there is called.
pub type Found = (Range<usize>, Option<String>);

/// All places, in order; none is in another.
pub(super) fn all(text: &str, known: impl Iterator<Item = Range<usize>>) -> Vec<Found> {
    let mut all: Vec<Found> = known.map(|range| (range, None)).collect();
    logins(text, &mut all);
    all.extend(assigned(text).into_iter().map(|(range, name)| (range, Some(name))));
    commands(text, 0, &mut all);
    all.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut joined: Vec<Found> = Vec::new();
    for (range, name) in all {
        match joined.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push((range, name)),
        }
    }
    joined
}

/// The logins of addresses: `scheme://user:password@host`, `user:password@tcp(host)`, and
/// `https://token@host`.
fn logins(text: &str, all: &mut Vec<Found>) {
    let ends = |c: char| c.is_whitespace() || "\"'`<>,;".contains(c);
    let mut start = 0;
    for part in text.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        let scheme = word.find("://").map(|at| at + 3);
        let rest = &word[scheme.unwrap_or(0)..];
        let at = start + scheme.unwrap_or(0);
        let is_web = word[..scheme.unwrap_or(0)].contains("http");
        start += part.len();
        let Some(end) = rest.rfind('@') else { continue };
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
        let is_host = port.bytes().all(|byte| byte.is_ascii_digit()) || authority.ends_with(']');
        // A password that nobody encoded may hold a `/`: what follows a host's colon is a port.
        let end = match authority.rfind('@') {
            Some(end) => end,
            None if scheme.is_none() || is_host => continue,
            None => end,
        };
        let user_info = &rest[..end];
        if scheme.is_none() && rest[end + 1..].starts_with("sha256:") {
            continue;
        }
        // What is before it may be a name: `URL=user:password@tcp(db)`.
        let first = user_info.rfind('=').filter(|_| scheme.is_none()).map_or(0, |at| at + 1);
        match user_info[first..].find(':').map(|colon| first + colon) {
            Some(colon) if colon + 1 < end => {
                if is_token(&user_info[first..colon]) {
                    all.push((at + first..at + colon, Some("TOKEN".to_owned())));
                }
                all.push((at + colon + 1..at + end, Some("PASSWORD".to_owned())));
            }
            _ if scheme.is_some() && !user_info.is_empty() && (is_web || is_token(user_info)) => {
                all.push((at..at + end, Some("TOKEN".to_owned())));
            }
            _ => {}
        }
    }
}

/// What is assigned to secret names inside a text: `password=x`, `"token": "x"`,
/// `Authorization: x`.
fn assigned(text: &str) -> Vec<(Range<usize>, String)> {
    let value = |(at, sign): (usize, &str)| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ']);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-[]".contains(c);
        let name = &before[before.trim_end_matches(is_part).len()..];
        let after = &text[at + 1..];
        // As in a connection string; the folder of a shell begins with a `/`.
        let is_folder = after.trim_start().starts_with(['/', '.', '~', '$']);
        let is_pwd = name.eq_ignore_ascii_case("pwd") && sign == "=" && !is_folder;
        if !is_secret(name) && !is_pwd {
            return None;
        }
        let start = at + 1 + (after.len() - after.trim_start_matches([' ', '=']).len());
        let rest = &text[start..];
        let is_quoted = rest.starts_with(['"', '\'']);
        let stands_apart = start > at + 1 || before.len() < at || is_quoted;
        if sign == ":" && !stands_apart && (!ends_secret(name) || is_port(rest)) {
            return None;
        }
        if rest.starts_with(['?', '+', ':', '/']) && sign == ":" {
            return None;
        }
        // In quotes with its name, or as a header has it: all that is in them.
        let opened = text[..before.len() - name.len()].chars().next_back();
        let within = opened.filter(|c| matches!(c, '"' | '\'') && before.len() == at);
        let is_header = sign == ":" && start > at + 1 && !is_quoted;
        let (skipped, long) = match (within, is_quoted) {
            (_, true) => in_quotes(rest),
            (Some(quote), _) => (0, rest.find(quote).unwrap_or(rest.len())),
            (None, _) if is_header => (0, header(text, start)),
            (None, _) => (0, word(text, start)),
        };
        let scheme = if is_header || within.is_some() { scheme(&rest[..long]) } else { 0 };
        let range = start + skipped + scheme..start + long;
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        is_value(text.get(range.clone())?).then_some((range, name))
    };
    text.match_indices(['=', ':']).filter_map(value).collect()
}

/// `8080/x`: what follows a host's colon.
fn is_port(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && !rest.starts_with(|c: char| c.is_alphanumeric())
}

/// Where a value in quotes begins and ends.
fn in_quotes(rest: &str) -> (usize, usize) {
    let quote = rest.chars().next().unwrap_or('"');
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return (1, at);
        }
        escaped = c == '\\' && !escaped && quote == '"';
    }
    (1, rest.len())
}

/// How long a header's value is: to the quote around it, or the end of its line.
fn header(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let around = around(&text[..start]);
    rest.find(|c| c == '\n' || Some(c) == around).unwrap_or(rest.len())
}

/// `Bearer `, which is no secret.
fn scheme(value: &str) -> usize {
    let first = value.find(' ').map_or("", |at| &value[..=at]);
    let known = ["bearer ", "basic ", "digest ", "token "];
    known.iter().find(|it| first.eq_ignore_ascii_case(it)).map_or(0, |it| it.len())
}

/// How long a value without quotes is. Where a sign may be in it or end it, it is in it: more that
/// is hidden means the same.
fn word(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let around = around(&text[..start]);
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            _ if Some(c) == around => return at,
            '"' | '\'' => quote = Some(c),
            ';' | '&' => {
                let next = &rest[at + 1..];
                let next = &next[..next.find([';', '&']).unwrap_or(next.len())];
                if next.is_empty() || next.contains('=') || next.starts_with(char::is_whitespace) {
                    return at;
                }
            }
            c if c.is_whitespace() => return at,
            _ => {}
        }
    }
    rest.len()
}

/// The quote that is open at the end of a text.
fn around(text: &str) -> Option<char> {
    text.chars().fold(None, |open, c| match open {
        Some(quote) if quote == c => None,
        None if matches!(c, '"' | '\'') => Some(c),
        open => open,
    })
}

/// The secrets in the words of commands; what is in quotes may be a command itself.
fn commands(text: &str, start: usize, all: &mut Vec<Found>) {
    let mut line = Line::default();
    // What a command prints, which the next one may read as a secret.
    let mut printed: Vec<Range<usize>> = Vec::new();
    let mut read: Vec<&str> = Vec::new();
    let report = |printed: &mut Vec<Range<usize>>, read: &[&str], all: &mut Vec<Found>| {
        if reads_a_secret(read) {
            let hidden = printed.drain(..).filter(|range| is_printed(&text[range.clone()]));
            let name = || Some("PASSWORD".to_owned());
            all.extend(hidden.map(|range| (start + range.start..start + range.end, name())));
        }
    };
    for Word { range, sign } in words(text) {
        let inner = unquoted(text, range);
        let word = &text[inner.clone()];
        if let Some(sign) = sign {
            report(&mut printed, &read, all);
            let prints = matches!(line.program(), "echo" | "printf") && sign == '|';
            printed = if prints { ranges(&read, text) } else { Vec::new() };
            read.clear();
            line.end();
        }
        read.push(word);
        if line.may_begin(word) {
            line.begin(word);
        } else if let Some((hidden, name)) = line.read(word) {
            let at = start + inner.start;
            all.push((at + hidden.start..at + hidden.end, Some(name)));
            continue;
        }
        if word.len() < text.len() && word.contains(char::is_whitespace) {
            commands(word, start + inner.start, all);
        }
    }
    report(&mut printed, &read, all);
}

/// Where words of a text are, but the first.
fn ranges(words: &[&str], text: &str) -> Vec<Range<usize>> {
    let place = |word: &&str| {
        let at = word.as_ptr().addr() - text.as_ptr().addr();
        at..at + word.len()
    };
    words.iter().skip(1).map(place).collect()
}

/// A word, and the sign by which the command before it ended.
struct Word {
    range: Range<usize>,
    sign: Option<char>,
}

fn words(text: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let (mut begun, mut quote, mut sign, mut escaped) = (None, None, None, false);
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let is_sign = ";&|()\n".contains(c);
        match c {
            _ if at == text.len() => {}
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => continue,
            '"' | '\'' => quote = Some(c),
            _ => {}
        }
        if at < text.len() && (quote.is_some() || !(is_sign || c.is_whitespace())) {
            begun.get_or_insert(at);
        } else {
            let ended = begun.take().map(|begun| Word { range: begun..at, sign: sign.take() });
            all.extend(ended);
            sign = if is_sign { Some(c) } else { sign };
        }
    }
    all
}

/// A word without the quotes around all of it.
fn unquoted(text: &str, range: Range<usize>) -> Range<usize> {
    let word = &text[range.clone()];
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) if word.len() > 1 && word[1..].find(quote) == Some(word.len() - 2) => {
            range.start + 1..range.end - 1
        }
        _ => range,
    }
}
