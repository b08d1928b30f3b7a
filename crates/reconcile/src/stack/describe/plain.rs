//! Plain fields, as their rows of the table of fields say.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Writer;
use super::process::duration;
use model::engine_defaults::EngineDefaults;
use model::field::{Chosen, Form, Row, Value};
use model::fields;
use model::share::Namespace;
use model::spec::ContainerSpec;
use text::emit::{Pair, Yaml};

/// Writes all that are set and are not what the image or the engine gives.
pub(super) fn write(writer: &mut Writer<'_>) {
    let spec = &writer.running.view.spec;
    let image = writer.running.image.as_ref();
    let mut nested: BTreeMap<&str, Vec<Pair>> = BTreeMap::new();
    for field in fields::plain::<ContainerSpec>() {
        let value = (field.compared)(spec);
        let is_default = match field.chosen {
            Chosen::ByImage => {
                let of_image = image.and_then(|image| image.text(field.key)).unwrap_or_default();
                value == Value::Text(of_image)
            }
            Chosen::ByEngine => is_engines(field.key, value, &writer.scene.around.defaults),
            Chosen::ByOperator | Chosen::Not => false,
        };
        // What only Windows has, an engine on Linux may call by its name.
        let is_nothing = field.key == "isolation" && value == Value::Text("default");
        if value.is_unset() || is_default || is_nothing {
            continue;
        }
        let written = written(writer, &field.row, value);
        match field.key.split_once('.') {
            Some((head, key)) => nested.entry(head).or_default().push(Pair::new(key, written)),
            None => writer.put(field.key, written),
        }
    }
    for (head, pairs) in nested {
        writer.put(head, Yaml::Map(pairs));
    }
}

/// Whether the engine gives this where nobody says anything.
fn is_engines(key: &str, value: Value<'_>, defaults: &EngineDefaults) -> bool {
    match (key, value) {
        ("shm_size", Value::Number(size)) => size == EngineDefaults::SHM,
        ("runtime", Value::Text(name)) => Some(name) == defaults.runtime.as_deref(),
        ("cgroup", Value::Namespace(whose)) => {
            *whose == defaults.cgroup || *whose == Namespace::Default
        }
        _ => false,
    }
}

fn written(writer: &mut Writer<'_>, row: &Row, value: Value<'_>) -> Yaml {
    match value {
        Value::Text(text) => writer.text(row.key, text),
        Value::Flag(on) => Yaml::word(on),
        Value::Switch(on) => Yaml::word(on.unwrap_or_default()),
        Value::Number(number) | Value::Optional(Some(number)) => match row.form {
            Form::Decimal { digits, .. } => Yaml::word(decimal(number, digits)),
            Form::Seconds => {
                let seconds = u64::try_from(number).unwrap_or_default();
                Yaml::text(duration(Duration::from_secs(seconds)))
            }
            Form::Bytes { .. } => size(number),
            _ => Yaml::word(number),
        },
        Value::Optional(None) => Yaml::word("null"),
        Value::List(texts) => list(writer, row, texts),
        Value::Set(texts) => list(writer, row, texts),
        Value::Texts(texts) => writer.texts(texts),
        Value::Rates(rates) => {
            let Form::Rates { member } = row.form else { return Yaml::List(Vec::new()) };
            let member = member.to_ascii_lowercase();
            let rate = |(path, rate): (&String, &i64)| {
                Yaml::map([("path", Yaml::text(path)), (&member, Yaml::word(rate))])
            };
            Yaml::List(rates.iter().map(rate).collect())
        }
        Value::Namespace(namespace) => Yaml::text(namespace.to_string()),
    }
}

fn list<'t>(
    writer: &mut Writer<'_>,
    row: &Row,
    texts: impl IntoIterator<Item = &'t String>,
) -> Yaml {
    Yaml::List(texts.into_iter().map(|text| writer.text(row.key, text)).collect())
}

/// A number of bytes in the largest unit of which it is a whole number: `256m`.
fn size(bytes: i64) -> Yaml {
    let units = [("g", 30), ("m", 20), ("k", 10)];
    let unit = units.into_iter().find(|(_, shift)| bytes > 0 && bytes % (1 << shift) == 0);
    match unit {
        Some((unit, shift)) => Yaml::text(format!("{}{unit}", bytes >> shift)),
        None => Yaml::word(bytes),
    }
}

/// A number of `10^-digits` in decimal form.
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
    fn a_size_is_written_with_a_unit_and_reads_back_the_same() {
        for (bytes, written) in [
            (268_435_456, "256m"),
            (1_610_612_736, "1536m"),
            (2_147_483_648, "2g"),
            (2_048, "2k"),
            (6_291_457, "6291457"),
            (1_000, "1000"),
            (-1, "-1"),
        ] {
            let (Yaml::Text(text) | Yaml::Word(text)) = size(bytes) else { panic!("no scalar") };
            assert_eq!(text, written);
            assert!(bytes < 0 || text::units::bytes(&text) == Some(bytes), "{text}");
        }
    }
}
