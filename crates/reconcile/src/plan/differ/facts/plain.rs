//! Plain fields as facts, as their rows of the table of fields say.

use super::{Facts, map, text};
use model::field::{Form, Row, Value};

/// Writes the value of a field.
pub(in crate::plan) fn write(row: &Row, value: Value<'_>, facts: &mut Facts) {
    match value {
        Value::Text(value) => text(facts, row.key, value),
        Value::Flag(on) => flag(facts, row.key, on),
        Value::Switch(on) => flag(facts, row.key, on == Some(true)),
        Value::Number(0) | Value::Optional(None) => {}
        Value::Number(number) | Value::Optional(Some(number)) => {
            facts.insert(row.key.to_owned(), number_text(row.form, number));
        }
        Value::List(texts) => text(facts, row.key, &texts.join(" ")),
        Value::Set(texts) => {
            let Form::Set { word, .. } = row.form else { return };
            map(facts, row.key, texts.iter().map(|text| (text, word)));
        }
        Value::Texts(texts) => map(facts, row.key, texts),
        Value::Rates(rates) => map(facts, row.key, rates),
        Value::Namespace(namespace) => text(facts, row.key, &namespace.to_string()),
    }
}

fn flag(facts: &mut Facts, path: &str, value: bool) {
    if value {
        facts.insert(path.to_owned(), "true".to_owned());
    }
}

fn number_text(form: Form, number: i64) -> String {
    match form {
        Form::Decimal { digits, .. } => decimal(number, digits),
        Form::Seconds => format!("{number}s"),
        _ => number.to_string(),
    }
}

/// A number of `10^-digits` in decimal form, without trailing zeros.
fn decimal(value: i64, digits: u32) -> String {
    let one = 10_i64.pow(digits);
    let width = digits as usize;
    let text = format!("{}.{:0width$}", value / one, value % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_trailing_zeros() {
        assert_eq!(decimal(1_500_000_000, 9), "1.5");
        assert_eq!(decimal(2_000_000_000, 9), "2");
        assert_eq!(decimal(1, 9), "0.000000001");
        assert_eq!(decimal(1250, 2), "12.5");
    }
}
