//! Plans in words: the last stage of planning. It lives with the nouns that it prints.

mod actions;
mod reasons;
mod text;
mod waiting;

/// A span of time in words.
fn span(span: std::time::Duration) -> String {
    humantime::format_duration(span).to_string()
}

/// A number of things, in words.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
