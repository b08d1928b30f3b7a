//! Quantities as Compose writes them: durations, sizes, CPUs, permission bits.

use std::time::Duration;

/// A duration in Go's form (`1m30s`, `1.5h`, `500ms`), also with days and weeks, which
/// Compose accepts.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos: u128 = 0;
    for (number, unit) in parts(text)? {
        nanos = nanos.checked_add(scaled(number, unit)?)?;
    }
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

/// The numbers of a duration, each with its unit in nanoseconds; at least one.
#[must_use]
pub fn parts(text: &str) -> Option<Vec<(&str, u64)>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "w" => 604_800_000_000_000,
            _ => return None,
        };
        parts.push((number, unit));
        rest = tail;
    }
    (!parts.is_empty()).then_some(parts)
}

/// A size in bytes: a number with `b`, `k`, `m`, `g`, `t` or `p`, also as `kb` or `kib`;
/// all of them powers of 1024.
#[must_use]
pub fn bytes(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim();
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit);
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return None,
    };
    i64::try_from(scaled(number, 1 << shift)?).ok()
}

/// CPUs in billionths: `0.5` is 500,000,000.
#[must_use]
pub fn nano_cpus(text: &str) -> Option<i64> {
    i64::try_from(scaled(text.trim(), 1_000_000_000)?).ok()
}

/// A decimal number times a unit, exactly, cut to a whole number.
fn scaled(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let parse = |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<u128>() };
    let power = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let unit = u128::from(unit);
    parse(whole).ok()?.checked_mul(unit)?.checked_add(parse(fraction).ok()? * unit / power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, millis) in [
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("500ms", Some(500)),
            ("1h5m30s20ms", Some(3_930_020)),
            ("1d", Some(86_400_000)),
            ("0", Some(0)),
            ("90", None),
            ("1M", None),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("99999999999999w", None),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, want) in [
            ("512m", Some(512 << 20)),
            ("1.5g", Some(3 << 29)),
            ("64 MB", Some(64 << 20)),
            ("10KiB", Some(10 << 10)),
            ("1024", Some(1024)),
            ("12x", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
    }

    #[test]
    fn cpus_are_exact() {
        assert_eq!(nano_cpus("0.1"), Some(100_000_000));
        assert_eq!(nano_cpus("2"), Some(2_000_000_000));
        assert_eq!(nano_cpus(".5"), Some(500_000_000));
        assert_eq!(nano_cpus("a"), None);
    }
}
