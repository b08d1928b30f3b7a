//! Plans in words: the last stage of planning. It lives with the nouns that it prints.

mod actions;
pub mod machine;
mod overview;
mod reasons;
mod text;
mod waiting;

pub use overview::{counted, why};

/// A span of time in words.
fn span(span: std::time::Duration) -> String {
    humantime::format_duration(span).to_string()
}

/// A number of things, in words.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A text of at most so many characters, without its middle if it is longer.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let long = text.chars().count();
    if long <= most {
        return text.to_owned();
    }
    let (head, tail) = (most / 2, most.saturating_sub(most / 2 + 1));
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(long - tail).collect();
    format!("{head}…{tail}")
}

/// Two texts that stand beside each other, of at most so many characters each: of long ones what
/// both begin or end with is dropped as far as it must, so that what differs stays.
fn contrasted(one: &str, other: &str, most: usize) -> (String, String) {
    /// How much of what is common stays at least.
    const CONTEXT: usize = 8;
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    if long <= most {
        return (one.into_iter().collect(), other.into_iter().collect());
    }
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let ends = one.iter().rev().zip(other.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count().min(short - head);
    // Two characters stand for what is dropped before and behind.
    let room = most.saturating_sub(2).saturating_sub(long - head - tail).max(CONTEXT);
    let before = head.min((room / 2).max(room.saturating_sub(tail)));
    let behind = tail.min(room - before);
    let part = |text: &[char]| {
        let [first, last] = [head > before, tail > behind].map(|cut| if cut { "…" } else { "" });
        let kept: String = text[head - before..text.len() - (tail - behind)].iter().collect();
        shortened(&format!("{first}{kept}{last}"), most)
    };
    (part(&one), part(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_of_two_long_values_stays() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(100), "z".repeat(100));
        for (one, other) in [
            (long("1"), long("2")),
            (long(""), long("more")),
            (long(&"1".repeat(200)), long(&"2".repeat(200))),
            (long("1"), long("1") + "end"),
            (long("1"), format!("begin{}", long("1"))),
            (long("1"), "short".to_owned()),
            ("ä".repeat(70), "ä".repeat(71)),
        ] {
            let (a, b) = contrasted(&one, &other, 60);
            assert_ne!(a, b, "{one:?} {other:?}");
            assert!(a.chars().count() <= 60 && b.chars().count() <= 60, "{a:?} {b:?}");
        }
        let context = "a".repeat(28);
        let (a, b) = contrasted(&long("1"), &long("2"), 60);
        assert!(a.starts_with(&format!("…{context}")) && a.contains("a1z"), "{a:?}");
        assert!(b.contains("a2z") && b.ends_with("z…"), "{b:?}");
        let same = ("short".to_owned(), "shore".to_owned());
        assert_eq!(contrasted("short", "shore", 60), same);
    }
}
