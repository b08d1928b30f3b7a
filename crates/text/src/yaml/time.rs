//! Dates and times that are not quoted: Go's yaml.v3 reads them as such, so that they are
//! no text where Compose wants one.

use std::fmt::Write as _;

/// The date or time that a plain scalar is, as Go writes it (RFC 3339); `None` if it is
/// none.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let is_year = |b: &[u8]| b.len() > 4 && b[..4].iter().all(u8::is_ascii_digit) && b[4] == b'-';
    if !is_year(text.as_bytes()) {
        return None;
    }
    let year: u32 = text[..4].parse().ok()?;
    let (month, rest) = number(&text[5..])?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}T");
    let (zoned, rest) = match rest.chars().next() {
        None => return Some(out + "00:00:00Z"),
        Some('T' | 't') => (true, &rest[1..]),
        Some(' ') => (false, &rest[1..]),
        Some(_) => return None,
    };
    let (hour, rest) = number(rest)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    write!(out, "{hour:02}:{minute:02}:{second:02}").ok()?;
    let rest = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let digits = fraction[..end].trim_end_matches('0');
            if end == 0 {
                return None;
            }
            if !digits.is_empty() {
                write!(out, ".{}", &digits[..digits.len().min(9)]).ok()?;
            }
            &fraction[end..]
        }
    };
    match rest {
        "" if !zoned => out.push('Z'),
        "Z" if zoned => out.push('Z'),
        _ if zoned && is_offset(rest) => out.push_str(rest),
        _ => return None,
    }
    Some(out)
}

/// One or two digits, and what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn is_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes[at].is_ascii_digit();
    bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes[3] == b':'
        && [1, 2, 4, 5].into_iter().all(digit)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_gos() {
        for (text, want) in [
            ("2024-01-02", Some("2024-01-02T00:00:00Z")),
            ("2024-1-2", Some("2024-01-02T00:00:00Z")),
            ("2024-02-30", None),
            ("2024-02-29T1:2:3.500Z", Some("2024-02-29T01:02:03.5Z")),
            ("2024-01-02t10:00:00+02:00", Some("2024-01-02T10:00:00+02:00")),
            ("2024-01-02 10:00:00", Some("2024-01-02T10:00:00Z")),
            ("2024-01-02 10:00:00Z", None),
            ("2024-01-02T10:00:00", None),
            ("2024-01-02-rc", None),
            ("20240102", None),
        ] {
            assert_eq!(timestamp(text).as_deref(), want, "{text}");
        }
    }
}
