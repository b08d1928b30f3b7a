//! Checks of one scalar: its type, its words, its pattern, its bounds.

use std::fmt;

use super::Checker;
use crate::codes::{RANGE, WORD};
use crate::path::Path;
use crate::spec::{One, Types};
use text::read::quote;
use text::suggest::did_you_mean;
use text::yaml::{Kind, Node, Value};

impl One {
    /// Whether a node has one of the types.
    pub(crate) fn accepts(&self, node: &Node) -> bool {
        self.types.has(types_of(node))
    }
}

/// The types that a node counts as; none for lists and maps.
fn types_of(node: &Node) -> Types {
    match &node.value {
        Value::Null => Types::NULL,
        Value::Scalar(scalar) => match scalar.kind {
            Kind::Text => Types::STRING,
            Kind::Bool => Types::BOOLEAN,
            Kind::Int => Types::INTEGER.or(Types::NUMBER),
            Kind::Float if scalar.text.parse().is_ok_and(|n: f64| n.fract() == 0.0) => {
                Types::INTEGER.or(Types::NUMBER)
            }
            Kind::Float => Types::NUMBER,
            Kind::Time => Types::NONE,
        },
        Value::List(_) | Value::Map(_) => Types::NONE,
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.has(Self::NUMBER) { "a number" } else { "a whole number" };
        let words = [
            (Self::STRING, "a string"),
            (Self::INTEGER.or(Self::NUMBER), number),
            (Self::BOOLEAN, "true or false"),
            (Self::NULL, "nothing"),
        ];
        let words: Vec<_> =
            words.into_iter().filter(|(t, _)| self.has(*t)).map(|(_, word)| word).collect();
        f.write_str(&words.join(" or "))
    }
}

impl Checker<'_> {
    /// Checks the words, the pattern and the bounds of a scalar of the right type.
    pub(super) fn scalar(&self, one: &One, node: &Node, path: Path<'_>) {
        let Some(scalar) = node.scalar() else { return };
        let text = scalar.text.as_str();
        if !one.words.is_empty() && !one.words.contains(&text) {
            let words: Vec<_> = one.words.iter().map(|word| format!("`{word}`")).collect();
            let what = format!("must be one of {}, not {}", words.join(", "), quote(node));
            let help = did_you_mean(text, one.words.iter().copied());
            self.refuse(WORD, path, node.span, &what, help);
        }
        if let Some(pattern) = one.pattern.filter(|pattern| !(pattern.found_in)(text)) {
            let what = format!("must be {}, not {}", pattern.meaning, quote(node));
            let example = pattern.meaning.split_once(" such as ").map(|(_, example)| example);
            let help = example.map(|example| format!("write for example {example}"));
            self.refuse(WORD, path, node.span, &what, help);
        }
        let number = (scalar.kind != Kind::Text).then(|| text.parse::<f64>().ok()).flatten();
        if let (Some((least, most)), Some(number)) = (one.range, number) {
            #[expect(clippy::cast_precision_loss, reason = "the bounds are small, or no bounds")]
            let what = if number < least as f64 {
                format!("must be at least {least}, not {}", quote(node))
            } else if number > most as f64 {
                format!("must be at most {most}, not {}", quote(node))
            } else {
                return;
            };
            self.refuse(RANGE, path, node.span, &what, None);
        }
    }
}
