//! Last stage: plans in words.

mod actions;
mod reasons;
mod text;
mod waiting;

/// A span of time in words.
fn span(span: std::time::Duration) -> String {
    humantime::format_duration(span).to_string()
}
