//! Values that a text of others must not show, and the same text without them.

use std::collections::BTreeSet;

use model::guessable::is_guessable;

/// How long a value is that hides a part of a text, in bytes: shorter ones would blacken all else.
const LEAST: usize = 4;
/// What stands for a value.
const MASK: &str = "(masked)";

/// The values. They are never printed: `Debug` does not exist for them.
#[derive(Default)]
pub(in crate::docker) struct Hidden {
    /// Hidden wherever they stand, also within words.
    values: Vec<String>,
    /// Hidden where they stand as whole words.
    words: Vec<String>,
}

impl Hidden {
    /// Secrets, which are hidden wherever they stand.
    pub(in crate::docker) fn of(values: BTreeSet<String>) -> Self {
        let values = values.into_iter().filter(|value| value.len() >= LEAST).collect();
        Self { values, words: Vec::new() }
    }

    /// And values that nothing says to be secret: as whole words, unless they could be guessed.
    pub(in crate::docker) fn and_words(self, words: impl IntoIterator<Item = String>) -> Self {
        let words = words.into_iter().filter(|word| !is_guessable(word)).collect();
        Self { words, ..self }
    }

    /// And other secrets.
    pub(in crate::docker) fn and(mut self, values: BTreeSet<String>) -> Self {
        self.values.extend(values.into_iter().filter(|value| value.len() >= LEAST));
        self
    }

    /// The length of the longest of them, in bytes.
    pub(in crate::docker) fn longest(&self) -> usize {
        self.values.iter().chain(&self.words).map(String::len).max().unwrap_or_default()
    }

    /// The first `most` bytes of a text without them, and whether that is not all of it. One that
    /// begins before that end is hidden as a whole, if the text holds it as a whole.
    pub(in crate::docker) fn mask(&self, text: &str, most: usize) -> (String, bool) {
        let end = text.floor_char_boundary(most);
        let mut rendered = String::with_capacity(end);
        let mut at = 0;
        for (from, to) in self.places(text) {
            if from >= end {
                break;
            }
            rendered.push_str(&text[at..from]);
            rendered.push_str(MASK);
            at = to;
        }
        rendered.push_str(text.get(at..end).unwrap_or_default());
        (rendered, end < text.len())
    }

    /// Where values stand, in order; those that overlap are one place.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        places.extend(self.values.iter().flat_map(|value| all_of(value, text)));
        let words = self.words.iter().flat_map(|word| all_of(word, text));
        places.extend(words.filter(|place| is_whole_word(text, *place)));
        places.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (from, to) in places {
            match merged.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }
}

/// Where a value stands, also where it overlaps with itself: `abab` stands twice in `ababab`.
fn all_of<'t>(value: &'t str, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text[from..].find(value)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        Some((at, at + value.len()))
    })
}

/// Whether no letter and no digit touches a place.
fn is_whole_word(text: &str, (from, to): (usize, usize)) -> bool {
    let touches = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !touches(text[..from].chars().next_back()) && !touches(text[to..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, values: &[&str], most: usize) -> (String, bool) {
        Hidden::of(values.iter().map(|value| (*value).to_owned()).collect()).mask(text, most)
    }

    fn all(text: &str, values: &[&str]) -> String {
        masked(text, values, usize::MAX).0
    }

    #[test]
    fn short_values_and_those_within_others_leave_nothing_of_a_long_one() {
        assert_eq!(
            all("bad value hunter2 in a", &["hunt", "hunter2", "a"]),
            "bad value (masked) in a"
        );
        assert_eq!(all("a hunt", &["hunt", "hunter2"]), "a (masked)");
        assert_eq!(all("nothing", &[]), "nothing");
    }

    #[test]
    fn what_is_no_secret_hides_whole_words_only_and_nothing_that_one_guesses() {
        let words = ["info", "production", "Sup3rDuper", "8080", "p0stgr3s-pw"];
        let hidden = Hidden::of(BTreeSet::new()).and_words(words.map(str::to_owned));
        let all = |text: &str| hidden.mask(text, usize::MAX).0;
        assert_eq!(
            all("level=info more information in production on 8080"),
            "level=info more information in production on 8080"
        );
        assert_eq!(all("pw=Sup3rDuper, \"p0stgr3s-pw\""), "pw=(masked), \"(masked)\"");
        assert_eq!(
            all("xSup3rDuper Sup3rDuper9 éSup3rDuper"),
            "xSup3rDuper Sup3rDuper9 éSup3rDuper"
        );
        assert_eq!(hidden.longest(), 11);
    }

    #[test]
    fn values_that_overlap_are_one_place_and_neighbours_two() {
        assert_eq!(all("xabcdefy", &["abcd", "cdef"]), "x(masked)y");
        assert_eq!(all("ababab", &["abab"]), "(masked)");
        assert_eq!(all("aaaabbbb", &["aaaa", "bbbb"]), "(masked)(masked)");
        assert_eq!(all("näme ßßß-geheim", &["ßßß-geheim"]), "näme (masked)");
    }

    #[test]
    fn a_value_at_the_end_of_what_is_shown_is_hidden_as_a_whole() {
        assert_eq!(masked("abc hunter2 xyz", &["hunter2"], 6), ("abc (masked)".to_owned(), true));
        assert_eq!(masked("abc hunter2 xyz", &["hunter2"], 4), ("abc ".to_owned(), true));
        assert_eq!(masked("äbc", &[], 1), (String::new(), true));
        assert_eq!(masked("abc", &[], 3), ("abc".to_owned(), false));
    }
}
