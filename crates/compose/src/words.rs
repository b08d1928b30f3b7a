//! Command lines as Compose splits them (go-shellwords): nearly a shell.

/// Splits a command line and hands out its words, of which there may be very many. Gives what
/// Compose drops: everything from the first `;`, `&`, `|`, `<` or `>` on that stands outside
/// quotes; `None` if a quote is not closed or a parenthesis stands alone.
pub(crate) fn split(line: &str, mut each: impl FnMut(&str)) -> Option<&str> {
    let mut state = State::default();
    let mut escaped = false;
    let mut dropped = "";
    for (at, c) in line.char_indices() {
        if escaped {
            state.word.push(c);
            (escaped, state.begun) = (false, true);
            continue;
        }
        match c {
            '\\' if !state.single => escaped = true,
            ' ' | '\t' | '\r' | '\n' if state.is_open() => state.word.push(c),
            ' ' | '\t' | '\r' | '\n' => state.finish_word(&mut each),
            ';' | '&' | '|' | '<' | '>' if !state.is_open() => {
                dropped = &line[at..];
                if c == '>' && state.word.starts_with(|c: char| c.is_ascii_digit()) {
                    state.begun = false;
                }
                break;
            }
            _ => state.push(c)?,
        }
    }
    let complete = !escaped && !state.is_open();
    state.finish_word(&mut each);
    complete.then_some(dropped)
}

#[expect(clippy::struct_excessive_bools, reason = "each kind of quote opens for itself")]
#[derive(Default)]
struct State {
    word: String,
    /// Whether a word has begun, perhaps an empty one.
    begun: bool,
    single: bool,
    double: bool,
    back: bool,
    dollar: bool,
}

impl State {
    fn is_open(&self) -> bool {
        self.single || self.double || self.back || self.dollar
    }

    fn finish_word(&mut self, each: &mut impl FnMut(&str)) {
        if self.begun {
            each(&self.word);
            self.word.clear();
            self.begun = false;
        }
    }

    /// Any character that is no space and no escape.
    fn push(&mut self, c: char) -> Option<()> {
        match c {
            '`' if !self.single && !self.double && !self.dollar => self.back = !self.back,
            ')' if !self.single && !self.double && !self.back => self.dollar = !self.dollar,
            '(' if !self.single && !self.double && !self.back => {
                if self.dollar || !self.word.ends_with('$') {
                    return None;
                }
                self.dollar = true;
                self.word.push('(');
                return Some(());
            }
            '"' if !self.single && !self.dollar => {
                self.begun |= self.double;
                self.double = !self.double;
                return Some(());
            }
            '\'' if !self.double && !self.dollar => {
                self.begun |= self.single;
                self.single = !self.single;
                return Some(());
            }
            _ => {}
        }
        self.begun = true;
        self.word.push(c);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(line: &str) -> String {
        let mut words = Vec::new();
        match split(line, |word| words.push(word.to_owned())) {
            None => "-".to_owned(),
            Some("") => words.join("|"),
            Some(dropped) => format!("{} ! {dropped}", words.join("|")),
        }
    }

    #[test]
    fn words_are_composes() {
        for (line, want) in [
            ("nginx -g 'daemon off;'", "nginx|-g|daemon off;"),
            ("sh -c \"echo \\\"hi\\\" && exit\"", "sh|-c|echo \"hi\" && exit"),
            ("a\\ b  c\n", "a b|c"),
            ("a '' \"\"", "a||"),
            ("--x='1 2'3", "--x=1 23"),
            ("a && b", "a ! && b"),
            ("a 2>/dev/null", "a ! >/dev/null"),
            ("a b>c", "a|b ! >c"),
            ("a 'b", "-"),
            ("a b\\", "-"),
            ("echo $(date +%s) x", "echo|$(date +%s)|x"),
            ("echo (x)", "-"),
            ("a `b c` d", "a|`b c`|d"),
            ("a\\n'b\\n'", "anb\\n"),
            ("", ""),
        ] {
            assert_eq!(rendered(line), want, "{line}");
        }
    }
}
