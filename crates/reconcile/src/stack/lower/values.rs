//! Plain fields of the stack: each is read as its row of the table of fields says.

use std::collections::BTreeMap;

use super::plain;
use compose::codes::{VALUE, WORD};
use model::field::{Field, Form, Owned, Row};
use model::host_path::cleaned;
use model::share::Namespace;
use text::read::quote;
use text::report::Reporter;
use text::units;
use text::yaml::{Entry, Node};

/// Digits behind the point that a decimal number is read with.
const NANO: u32 = 9;

/// Reads a plain field. One that cannot be read is reported, and stays as it is.
pub(super) fn read<S>(field: &Field<S>, of: &mut S, entry: &Entry, report: &Reporter) {
    if let Some(value) = value(&field.row, entry, report) {
        field.set(of, value);
    }
}

fn value(row: &Row, entry: &Entry, report: &Reporter) -> Option<Owned> {
    let key = row.key.rsplit('.').next().unwrap_or(row.key);
    let node = &entry.value;
    Some(match row.form {
        Form::Text => Owned::Text(report.text(key, node)?),
        Form::TextBut(word) => Owned::Text(report.text(key, node).filter(|text| text != word)?),
        Form::Path => Owned::Text(cleaned(report.text(key, node)?)),
        Form::Word { of, known } => Owned::Text(word(key, node, (of, known), report)?),
        Form::Flag => Owned::Flag(report.boolean(key, node)?),
        Form::Number(normal) => Owned::Number(normal(report.number(key, node)?)),
        // Compose sends no 0, and the engine takes what is negative for nothing.
        Form::Optional => Owned::Number(report.number(key, node).filter(|number| *number > 0)?),
        Form::Bytes { unlimited } => {
            let unlimited = unlimited && node.scalar().is_some_and(|scalar| scalar.text == "-1");
            Owned::Number(if unlimited { -1 } else { report.bytes(key, node)? })
        }
        Form::Decimal { digits, of } => Owned::Number(decimal(key, node, (digits, of), report)?),
        Form::Seconds => {
            let span = report.duration(key, node)?;
            // Less than one would mean "at once".
            let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
            Owned::Number(seconds.try_into().unwrap_or(i64::MAX))
        }
        Form::List => {
            let texts = report.strings(key, node).into_iter();
            Owned::List(texts.map(|(text, _)| text).collect())
        }
        Form::Set { normal, .. } => {
            let texts = report.string_list(key, node);
            Owned::List(texts.iter().map(|text| normal(text)).collect())
        }
        Form::Texts => Owned::Texts(plain::texts(entry, report)),
        Form::Labels => Owned::Texts(plain::labels(entry, report)),
        Form::Rates { member } => Owned::Rates(rates(key, node, member, report)),
        Form::Namespace(known) => Owned::Namespace(namespace(node, known, report)),
    })
}

fn word(key: &str, node: &Node, (of, known): (&str, &[&str]), report: &Reporter) -> Option<String> {
    let word = report.text(key, node).filter(|word| !word.is_empty())?;
    if !known.contains(&word.as_str()) {
        report.error(WORD, node.span, format!("{} is not {of}", quote(node)));
    }
    Some(word)
}

fn decimal(key: &str, node: &Node, (digits, of): (u32, &str), report: &Reporter) -> Option<i64> {
    let nano = node.scalar().and_then(|scalar| units::nano_cpus(&scalar.text));
    if nano.is_none() {
        let message = format!("`{key}` must be {of}, not {}", quote(node));
        report.error(VALUE, node.span, message);
    }
    nano.map(|nano| nano / 10_i64.pow(NANO - digits))
}

fn rates(key: &str, node: &Node, member: &str, report: &Reporter) -> BTreeMap<String, i64> {
    let member = member.to_ascii_lowercase();
    let rate = |item: &Node| {
        let path = report.text("path", &item.get("path")?.value)?;
        let rate = &item.get(&member)?.value;
        let rate = match member.as_str() {
            "rate" => report.bytes("rate", rate)?,
            member => report.number(member, rate)?,
        };
        Some((path, rate))
    };
    report.list(key, node).iter().filter_map(rate).collect()
}

fn namespace(node: &Node, known: &[Namespace], report: &Reporter) -> Namespace {
    let word = node.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
    let found = known.iter().find(|namespace| namespace.to_string() == word);
    if found.is_none() && !word.is_empty() {
        let words: Vec<String> = known.iter().map(|namespace| format!("`{namespace}`")).collect();
        report.error(WORD, node.span, format!("{} is not {}", quote(node), words.join(" or ")));
    }
    found.cloned().unwrap_or_default()
}
