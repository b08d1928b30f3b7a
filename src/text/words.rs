//! Splitting a command line into words as a shell would, without running one.

/// Why a command line cannot be split.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unsplittable {
    /// A quote is not closed.
    OpenQuote(char),
    /// Something that only a shell understands stands outside quotes. Compose silently
    /// drops the rest of the line there.
    ShellOnly(char),
}

/// The words of a command line. Quotes and backslashes work as in a shell; nothing is
/// expanded.
pub(crate) fn split(line: &str) -> Result<Vec<String>, Unsplittable> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().extend(chars.next()),
            ';' | '&' | '|' | '<' | '>' => return Err(Unsplittable::ShellOnly(c)),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing quote. A backslash in double quotes keeps the next character.
fn quoted(
    quote: char,
    chars: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), Unsplittable> {
    while let Some(c) = chars.next() {
        match c {
            _ if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                Some('\n') => {}
                Some(next) => word.extend(['\\', next]),
                None => break,
            },
            _ => word.push(c),
        }
    }
    Err(Unsplittable::OpenQuote(quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (line, want) in [
            ("nginx -g 'daemon off;'", vec!["nginx", "-g", "daemon off;"]),
            ("sh -c \"echo \\\"hi\\\" && exit\"", vec!["sh", "-c", "echo \"hi\" && exit"]),
            ("  a\\ b  c\n", vec!["a b", "c"]),
            ("a '' \"\"", vec!["a", "", ""]),
            ("--x='1 2'3", vec!["--x=1 23"]),
            ("", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), want, "{line}");
        }
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        assert_eq!(split("a && b"), Err(Unsplittable::ShellOnly('&')));
        assert_eq!(split("a 'b"), Err(Unsplittable::OpenQuote('\'')));
    }
}
