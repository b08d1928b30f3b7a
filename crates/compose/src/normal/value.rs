//! One scalar as the type that it becomes: numbers, sizes, durations, permission bits.

use crate::codes::VALUE;
use crate::path::Path;
use crate::spec::Becomes;
use text::read::quote;
use text::report::Reporter;
use text::units;
use text::yaml::{Kind, Node, Scalar, SmolStr, ToSmolStr as _, Value, format_smolstr};

/// Converts a scalar, or reports what it should be.
pub(super) fn convert(becomes: Becomes, node: &mut Node, path: Path<'_>, report: &Reporter) {
    let Value::Scalar(scalar) = &node.value else { return };
    match converted(becomes, scalar) {
        Ok((kind, text)) => {
            if let Value::Scalar(scalar) = &mut node.value {
                (scalar.kind, scalar.text) = (kind, text);
            }
        }
        Err(expected) => {
            let what = format!("must be {expected}, not {}", quote(node));
            let message = format!("`{path}`: {what}");
            let example = || {
                let (_, example) = expected.split_once(" such as ")?;
                Some(format!("write for example {example}"))
            };
            let help = with_unit(becomes, node).or_else(example);
            report.refuse_as(VALUE, node.span, message, help);
        }
    }
}

/// Whether a text becomes what it should.
pub(crate) fn becomes(becomes: Becomes, text: &str) -> bool {
    let text = text.into();
    converted(becomes, &Scalar { text, kind: Kind::Text, sensitive: false }).is_ok()
}

/// The same duration with its unit, if only that is missing; Docker's own numbers are seconds.
pub(crate) fn with_unit(becomes: Becomes, node: &Node) -> Option<String> {
    let text = node.scalar().filter(|scalar| !scalar.sensitive)?.text.as_str();
    let seconds = format!("{text}s");
    let is_number = becomes == Becomes::Duration && text.starts_with(|c: char| c.is_ascii_digit());
    (is_number && nanoseconds(&seconds).is_some()).then(|| format!("write `{seconds}`"))
}

fn converted(becomes: Becomes, scalar: &Scalar) -> Result<(Kind, SmolStr), &'static str> {
    let Scalar { text, kind, .. } = scalar;
    match becomes {
        Becomes::Text => Ok((Kind::Text, text.clone())),
        Becomes::Flag => {
            let value = truth(text).ok_or("true or false")?;
            Ok((Kind::Bool, value.to_smolstr()))
        }
        Becomes::Int => Ok((Kind::Int, whole(scalar).ok_or("a whole number")?.to_smolstr())),
        Becomes::Unsigned => {
            let number = if *kind == Kind::Text { None } else { whole(scalar) };
            let number = number.filter(|number| *number >= 0).ok_or("a whole number from 0 on")?;
            Ok((Kind::Int, number.to_smolstr()))
        }
        Becomes::Float => {
            let number: f32 = text.trim_start_matches('+').parse().map_err(|_| "a number")?;
            Ok((Kind::Float, number.to_smolstr()))
        }
        Becomes::Duration => {
            let nanos = nanoseconds(text).ok_or("a duration such as `1m30s`")?;
            Ok((Kind::Text, duration(nanos).into()))
        }
        Becomes::Bytes => {
            let bytes = match kind {
                Kind::Int => text.clone(),
                Kind::Text => bytes(text).ok_or("a size such as `512m`")?.to_smolstr(),
                Kind::Float | Kind::Bool | Kind::Time => "0".into(),
            };
            Ok((Kind::Text, bytes))
        }
        Becomes::Mode => {
            let mode = match kind {
                Kind::Text => i64::from_str_radix(text, 8).ok(),
                Kind::Int => text.parse().ok(),
                Kind::Float | Kind::Bool | Kind::Time => None,
            };
            Ok((
                Kind::Text,
                format_smolstr!("0{:o}", mode.ok_or("permission bits such as `0440`")?),
            ))
        }
        Becomes::Count if text.eq_ignore_ascii_case("all") => Ok((Kind::Int, "-1".into())),
        Becomes::Count => {
            let count: i64 = text.parse().map_err(|_| "`all` or a whole number")?;
            Ok((Kind::Int, count.to_smolstr()))
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A whole number; a float is cut.
fn whole(scalar: &Scalar) -> Option<i64> {
    if scalar.kind == Kind::Float {
        let number: f64 = scalar.text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "Go cuts as well")]
        return number.is_finite().then_some(number as i64);
    }
    scalar.text.parse().ok()
}

/// A size as Docker reads it: a number, perhaps a space, a unit of powers of 1024.
fn bytes(text: &str) -> Option<i64> {
    let at = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let (number, unit) = (&text[..=at], &text[at + 1..]);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let number: f64 = number.parse().ok().filter(|number: &f64| *number >= 0.0)?;
    let unit = unit.to_ascii_lowercase();
    let mut letters = unit.chars();
    let power = match letters.next() {
        None => 0,
        Some('b') => return letters.next().is_none().then(|| cut(number)),
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some('p') => 5,
        Some(_) => return None,
    };
    matches!(letters.as_str(), "" | "b" | "ib").then(|| cut(number * 1024_f64.powi(power)))
}

#[expect(clippy::cast_possible_truncation, reason = "Go cuts as well")]
fn cut(number: f64) -> i64 {
    number as i64
}

/// Go's durations, also in days and weeks.
fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if text == "0" {
        return Some(0);
    }
    let mut total: i64 = 0;
    for (number, unit) in units::parts(text)? {
        total = total.checked_add(scaled(number, i64::try_from(unit).ok()?)?)?;
    }
    Some(if negative { -total } else { total })
}

/// A decimal number of units.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = fraction.get(..fraction.len().min(18))?;
    let power = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = i64::try_from(part * i128::from(unit) / power).ok()?;
    whole.checked_mul(unit)?.checked_add(part)
}

/// A duration as Go prints it.
fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64, digits: usize| {
        let fraction = format!("{:0digits$}", value % unit);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        format!("{}{dot}{fraction}", value / unit)
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(nanos, 1_000, 3)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(nanos, 1_000_000, 6)),
        _ => {
            let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
            let seconds = decimal(rest, 1_000_000_000, 9);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        for (text, want) in [
            ("90s", Some("1m30s")),
            ("1.5h", Some("1h30m0s")),
            ("1d", Some("24h0m0s")),
            ("1w2d", Some("216h0m0s")),
            ("500ms", Some("500ms")),
            ("1500us", Some("1.5ms")),
            ("100ns", Some("100ns")),
            ("1.5s", Some("1.5s")),
            ("0", Some("0s")),
            ("-1s", Some("-1s")),
            ("10", None),
            ("1x", None),
            ("", None),
            (".s", None),
        ] {
            assert_eq!(nanoseconds(text).map(duration).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn sizes_are_dockers() {
        for (text, want) in [
            ("512m", Some(512 << 20)),
            ("1.5GB", Some(3 << 29)),
            ("10 KiB", Some(10 << 10)),
            ("7b", Some(7)),
            ("1024", Some(1024)),
            ("1bb", None),
            ("1mm", None),
            ("-1", None),
            ("m", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
    }
}
