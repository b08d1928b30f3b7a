//! Time spans as operators write them: `10s`, `1m30s`, `1.5h`, `2 days`.
//!
//! humantime takes `M` for months; next to Go's and Docker's `m` that is a trap
//! (`--poll 1M` would look once a month), so it is refused. A bare number has no unit
//! and is refused too.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A positive span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Duration);

/// Why a text is no span; says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SpanError {
    /// A number without a unit.
    #[error("`{0}` has no unit; write `{0}s` for seconds or `{0}m` for minutes")]
    NoUnit(String),
    /// `M`: months to humantime, minutes to its author.
    #[error("`{0}` would be months; write a lower-case `m` for minutes")]
    Months(String),
    /// Nothing.
    #[error("it must be longer than zero")]
    Zero,
    /// Anything else.
    #[error("`{0}` is not a time span; write for example `10s`, `1m30s` or `1.5h`")]
    Malformed(String),
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let text = text.trim();
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return if text.chars().all(|c| c == '0' || c == '.') {
                Err(SpanError::Zero)
            } else {
                Err(SpanError::NoUnit(text.to_owned()))
            };
        }
        if text.split(|c: char| !c.is_alphabetic()).any(|unit| unit == "M") {
            return Err(SpanError::Months(text.to_owned()));
        }
        let span = humantime::parse_duration(&normalise(text))
            .map_err(|_| SpanError::Malformed(text.to_owned()))?;
        if span.is_zero() { Err(SpanError::Zero) } else { Ok(Self(span)) }
    }
}

/// What Go writes and humantime does not read: both signs for micro, and `.5s`.
fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '\u{b5}' | '\u{3bc}' => out.push('u'),
            '.' if !before.is_ascii_digit() => out.push_str("0."),
            c => out.push(c),
        }
        before = c;
    }
    out
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> u128 {
        text.parse::<Span>().map(|span| span.0.as_millis()).expect(text)
    }

    #[test]
    fn humantime_and_go_forms_are_read() {
        assert_eq!(millis("10s"), 10_000);
        assert_eq!(millis("1m30s"), 90_000);
        assert_eq!(millis("1m 30s"), 90_000);
        assert_eq!(millis("1.5h"), 5_400_000);
        assert_eq!(millis(".5s"), 500);
        assert_eq!(millis("2500\u{b5}s"), 2);
        assert_eq!(millis("2 days"), 172_800_000);
        assert_eq!(millis("1month"), 2_630_016_000);
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_the_remedy() {
        let error = "90".parse::<Span>().expect_err("no unit");
        assert_eq!(
            error.to_string(),
            "`90` has no unit; write `90s` for seconds or `90m` for minutes"
        );
    }

    #[test]
    fn a_capital_m_is_refused() {
        assert_eq!("1M".parse::<Span>(), Err(SpanError::Months("1M".to_owned())));
        assert_eq!("1h5M".parse::<Span>(), Err(SpanError::Months("1h5M".to_owned())));
    }

    #[test]
    fn nothing_and_nonsense_are_refused() {
        assert_eq!("0".parse::<Span>(), Err(SpanError::Zero));
        assert_eq!("0s".parse::<Span>(), Err(SpanError::Zero));
        assert_eq!("".parse::<Span>(), Err(SpanError::Malformed(String::new())));
        assert_eq!("-5s".parse::<Span>(), Err(SpanError::Malformed("-5s".to_owned())));
    }
}
