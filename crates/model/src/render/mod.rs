//! Plans in words: the last stage of planning. It lives with the nouns that it prints.

mod actions;
pub mod machine;
mod overview;
mod reasons;
mod text;
mod waiting;

pub use overview::why;

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
