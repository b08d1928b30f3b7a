//! What an unquoted scalar means, and how Go prints it: Compose turns `VERSION: 3.10`
//! into `3.1`, and a file must mean the same here.

use std::fmt::{Display, LowerExp};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use smol_str::ToSmolStr as _;

use super::{Kind, Scalar, SmolStr, Value, time};

/// Resolves a plain scalar by the rules of Go's yaml.v3.
pub(crate) fn resolve(text: &str) -> Value {
    let (kind, text) = match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => (Kind::Bool, "true".into()),
        "false" | "False" | "FALSE" => (Kind::Bool, "false".into()),
        ".nan" | ".NaN" | ".NAN" => (Kind::Float, "NaN".into()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => (Kind::Float, "+Inf".into()),
        "-.inf" | "-.Inf" | "-.INF" => (Kind::Float, "-Inf".into()),
        _ => number(text)
            .or_else(|| Some((Kind::Time, time::timestamp(text)?.into())))
            .unwrap_or_else(|| (Kind::Text, text.into())),
    };
    Value::Scalar(Scalar { text, kind, sensitive: false })
}

/// Whether a plain scalar is text.
#[must_use]
pub fn is_text(plain: &str) -> bool {
    matches!(resolve(plain), Value::Scalar(Scalar { kind: Kind::Text, .. }))
}

/// A scalar with a tag of YAML itself, such as `!!str`, whatever its style. Tags that Go's
/// yaml.v3 does not know say nothing: what has one is text.
pub(crate) fn tagged(text: &str, tag: &str) -> Result<Value, String> {
    let wanted = match tag {
        "int" => Kind::Int,
        "float" => Kind::Float,
        "bool" => Kind::Bool,
        "timestamp" => Kind::Time,
        "null" if matches!(resolve(text), Value::Null) => return Ok(Value::Null),
        "null" => return Err("this is not what its tag `!!null` says".to_owned()),
        "binary" => return binary(text).map(self::text),
        _ => return Ok(self::text(text)),
    };
    match resolve(text) {
        Value::Scalar(scalar) if scalar.kind == wanted => Ok(Value::Scalar(scalar)),
        Value::Scalar(scalar) if (scalar.kind, wanted) == (Kind::Int, Kind::Float) => {
            Ok(Value::Scalar(Scalar { kind: Kind::Float, ..scalar }))
        }
        _ => Err(format!("this is not what its tag `!!{tag}` says")),
    }
}

/// The text that base64 stands for; line breaks in it do not count.
fn binary(encoded: &str) -> Result<String, String> {
    let encoded: String = encoded.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = BASE64.decode(encoded).map_err(|_| "its tag `!!binary` wants base64".to_owned())?;
    String::from_utf8(bytes)
        .map_err(|_| "what its tag `!!binary` brings is not UTF-8 text".to_owned())
}

/// Base64 as Go reads it: bits that are left over do not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A scalar that is text whatever it looks like.
pub(crate) fn text(text: impl Into<SmolStr>) -> Value {
    Value::Scalar(Scalar { text: text.into(), kind: Kind::Text, sensitive: false })
}

fn number(text: &str) -> Option<(Kind, SmolStr)> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    // What begins with a dot is a float as Go itself writes it, without `_`.
    let plain = if text.starts_with('.') { text.to_owned() } else { text.replace('_', "") };
    if let Some(value) = integer(&plain) {
        return Some((Kind::Int, value.to_smolstr()));
    }
    // Go reads no number that is beyond a float: that stays text.
    let value = is_float(&plain).then(|| plain.parse::<f64>().ok())??;
    value.is_finite().then(|| (Kind::Float, go_float(value).into()))
}

/// An integer as `strconv.ParseInt(text, 0, 64)` and its unsigned sister read it: a
/// leading zero means octal.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -value } else { value };
    // Unsigned numbers have no sign, not even a plus.
    let most = if text.starts_with('+') { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=most).contains(&value).then_some(value)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// A float as Go's `fmt.Sprint` prints it: the shortest digits that read back, with an
/// exponent below 1e-4 and from 1e6 on (`%g`).
pub fn go_float<F: LowerExp + Display + Into<f64> + Copy>(value: F) -> String {
    let number: f64 = value.into();
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        match resolve(text) {
            Value::Scalar(scalar) => format!("{:?} {}", scalar.kind, scalar.text),
            _ => "null".to_owned(),
        }
    }

    #[test]
    fn scalars_are_what_compose_makes_of_them() {
        for (text, want) in [
            ("1.10", "Float 1.1"),
            ("1e3", "Float 1000"),
            ("012", "Int 10"),
            ("0x10", "Int 16"),
            ("1_000", "Int 1000"),
            ("100000000.0", "Float 1e+08"),
            ("0.00001", "Float 1e-05"),
            ("1234567.5", "Float 1.2345675e+06"),
            ("yes", "Text yes"),
            ("22:22", "Text 22:22"),
            ("08", "Float 8"),
            ("1.2.3", "Text 1.2.3"),
            ("12e4567", "Text 12e4567"),
            ("-1e400", "Text -1e400"),
            ("1_e999", "Text 1_e999"),
            ("._5", "Text ._5"),
            ("-._5", "Float -0.5"),
            ("1e-400", "Float 0"),
            ("+9223372036854775808", "Float 9.223372036854776e+18"),
            ("9223372036854775808", "Int 9223372036854775808"),
            ("-", "Text -"),
            ("-1", "Int -1"),
            ("~", "null"),
            ("2024-01-02", "Time 2024-01-02T00:00:00Z"),
            ("2024-01-02-rc", "Text 2024-01-02-rc"),
            ("TRUE", "Bool true"),
        ] {
            assert_eq!(rendered(text), want, "{text}");
        }
    }
}
