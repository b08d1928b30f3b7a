//! Points in time as operators write them: how long ago (`10m`), or when (`2026-11-30T20:15:00Z`).

use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use model::time::Timestamp;

use super::span::{Span, SpanError};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

/// Why a text is none; says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MomentError {
    /// A span with something wrong.
    #[error(transparent)]
    Span(SpanError),
    /// Anything else.
    #[error(
        "`{0}` is neither a time span nor a time; write for example `10m`, `2026-11-30`, \
         `2026-11-30T20:15:00Z`, `2026-11-30T21:15:00+01:00` or the seconds since 1970"
    )]
    Malformed(String),
}

impl Moment {
    /// When that is.
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => {
                let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
                Timestamp(now.0.saturating_sub(nanos))
            }
            Self::At(at) => at,
        }
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let text = text.trim();
        let malformed = || MomentError::Malformed(text.to_owned());
        // As with Docker, a number alone is a time. Such a small one is meant as a span.
        if text.len() >= 9 && text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            let seconds: f64 = text.parse().map_err(|_| malformed())?;
            let span = Duration::try_from_secs_f64(seconds).map_err(|_| malformed())?;
            return Ok(Self::At(Timestamp(0).plus(span)));
        }
        if text.get(4..5) == Some("-") && text.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
            return date(text).map(Self::At).ok_or_else(malformed);
        }
        match text.parse::<Span>() {
            Ok(Span(span)) => Ok(Self::Ago(span)),
            Err(SpanError::Zero) if !text.is_empty() => Ok(Self::Ago(Duration::ZERO)),
            Err(SpanError::Malformed(_)) => Err(malformed()),
            Err(error) => Err(MomentError::Span(error)),
        }
    }
}

/// A day, or a time of a day, at Greenwich unless it has a zone.
fn date(text: &str) -> Option<Timestamp> {
    let (local, east) = zone(text);
    let local = local.replacen(' ', "T", 1);
    let local = match local.len() {
        10 => format!("{local}T00:00:00Z"),
        16 => format!("{local}:00Z"),
        _ => format!("{local}Z"),
    };
    let at = humantime::parse_rfc3339(&local).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let nanos = i128::try_from(at.as_nanos()).ok()? - i128::from(east?) * 1_000_000_000;
    // What is later than any clock says is so late, and no less a date.
    (nanos >= 0).then(|| Timestamp(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// A time without its zone, and how many seconds that is ahead of Greenwich; `None` if it is none.
fn zone(text: &str) -> (&str, Option<i64>) {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return (local, Some(0));
    }
    // A date has dashes itself.
    let Some(at) = text.get(10..).and_then(|time| time.find(['+', '-'])).map(|at| at + 10) else {
        return (text, Some(0));
    };
    let (local, offset) = text.split_at(at);
    let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let east = match digits.len() {
        2 => number(0..2).map(|hours| hours * 3600),
        4 => number(0..2).zip(number(2..4)).map(|(hours, minutes)| hours * 3600 + minutes * 60),
        _ => None,
    };
    (local, east.map(|east| if offset.starts_with('-') { -east } else { east }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970, where now is the thousandth.
    fn at(text: &str) -> u64 {
        text.parse::<Moment>().expect(text).before(Timestamp::from_secs(1000)).0 / 1_000_000_000
    }

    #[test]
    fn a_span_is_so_long_ago() {
        assert_eq!((at("10s"), at("1m30s"), at("0s"), at("2h")), (990, 910, 1000, 0));
    }

    #[test]
    fn a_time_has_a_zone_or_is_that_of_greenwich() {
        assert_eq!(at("1970-01-02"), 86_400);
        assert_eq!(at("1970-01-02T00:01"), 86_460);
        for text in ["1970-01-01T02:00:05", "1970-01-01 02:00:05Z", "1970-01-01T02:00:05.9Z"] {
            assert_eq!(at(text), 7205, "{text}");
        }
        for text in
            ["1970-01-01T03:30:05+01:30", "1970-01-01T03:30:05+0130", "1970-01-01T00:00:05-02"]
        {
            assert_eq!(at(text), 7205, "{text}");
        }
        assert_eq!(at("2999-01-01"), u64::MAX / 1_000_000_000);
        assert_eq!((at("1700000000"), at("1700000000.5")), (1_700_000_000, 1_700_000_000));
    }

    #[test]
    fn what_is_neither_is_refused_with_what_to_write() {
        let error = |text: &str| text.parse::<Moment>().expect_err(text).to_string();
        for text in ["", "yesterday", "2026-13-01", "2026-11-30T25:00:00Z", "2026-11-30T20:00:00+1"]
        {
            assert!(error(text).contains("2026-11-30T20:15:00Z"), "{text}: {}", error(text));
        }
        assert!(error("90").contains("90s"));
        assert!(error("1M").contains("lower-case"));
    }
}
