//! Values that a text of others must not show, and the same text without them.

use std::collections::BTreeSet;

/// How long a value is that hides a part of a text, in bytes: shorter ones would blacken all else.
const LEAST: usize = 4;
/// What stands for a value.
const MASK: &str = "(masked)";

/// The values.
#[derive(Default)]
pub(in crate::docker) struct Hidden {
    /// Never printed, `Debug` does not exist for it.
    values: Vec<String>,
}

impl Hidden {
    pub(in crate::docker) fn of(values: BTreeSet<String>) -> Self {
        Self { values: values.into_iter().filter(|value| value.len() >= LEAST).collect() }
    }

    /// The length of the longest of them, in bytes.
    pub(in crate::docker) fn longest(&self) -> usize {
        self.values.iter().map(String::len).max().unwrap_or_default()
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
        for value in &self.values {
            // Also where it overlaps with itself: `abab` stands twice in `ababab`.
            let mut from = 0;
            while let Some(found) = text[from..].find(value.as_str()) {
                let at = from + found;
                places.push((at, at + value.len()));
                from = at + text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
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
