//! The parts of a line that must not be shown in a message: values of secret names, and the user info
//! of URLs.

use model::secret::is_sensitive_name;

/// Whether a line looks like a map entry or a list item of its own.
pub(super) fn is_entry(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("- ") || line.ends_with(':') || line.contains(": ")
}

/// A line without the comment that may end it; a `#` in quotes begins none.
pub(super) fn without_comment(line: &str) -> &str {
    let is_open = |text: &str, quote: char| text.matches(quote).count() % 2 == 1;
    let mut ends = line.match_indices(" #").map(|(at, _)| &line[..at]);
    ends.find(|text| !is_open(text, '"') && !is_open(text, '\'')).map_or(line, str::trim_end)
}

pub(super) fn indent(line: &str) -> usize {
    line.chars().take_while(|c| *c == ' ').count()
}

/// Whether what follows this name must not be shown. `secrets:` is a word of Compose:
/// what follows it are names, never values.
fn names_a_secret(name: &str) -> bool {
    (is_sensitive_name(name) && name != "secrets") || name == "content"
}

/// Where the value begins that follows a name that says secret (`DB_PASSWORD: …`,
/// `- TOKEN=…`), in characters; the line's length if it is not on the line.
pub(super) fn secret_value(line: &str) -> Option<usize> {
    let chars: Vec<char> = line.chars().collect();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let mut start = 0;
    while start < chars.len() {
        if !is_name(chars[start]) {
            start += 1;
            continue;
        }
        let end = (start..chars.len()).find(|i| !is_name(chars[*i])).unwrap_or(chars.len());
        let name: String = chars[start..end].iter().collect();
        let mut next = end;
        while chars.get(next).is_some_and(|c| matches!(c, '"' | '\'' | ' ')) {
            next += 1;
        }
        let assigns = matches!(chars.get(next), Some(':' | '='));
        if assigns && names_a_secret(&name) {
            let value = (next + 1..chars.len()).find(|i| chars[*i] != ' ');
            return Some(value.unwrap_or(chars.len()));
        }
        start = end;
    }
    None
}

/// Where the user info of a URL begins (`https://user:password@host`), in characters.
pub(super) fn user_info(line: &str) -> Option<usize> {
    line.match_indices("://").find_map(|(at, _)| {
        let rest = &line[at + 3..];
        let end = rest.find(['/', ' ', '"', '\'']).unwrap_or(rest.len());
        rest[..end].contains('@').then(|| line[..at + 3].chars().count())
    })
}
