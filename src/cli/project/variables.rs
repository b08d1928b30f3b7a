//! Which variables a tree refers to: `config --variables`.

use std::collections::BTreeMap;

use serde::Serialize;

use text::yaml::{Node, Value};

/// A variable that is referred to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cli) struct Variable {
    /// Its name.
    pub(in crate::cli) name: String,
    /// What stands for it when it is not set.
    pub(in crate::cli) default_value: String,
    /// What stands for it when it is set.
    pub(in crate::cli) presence_value: String,
    /// Whether it must be set.
    pub(in crate::cli) required: bool,
}

/// The variables below a node, by name. Of several references the last one counts.
pub(in crate::cli) fn variables(node: &Node) -> BTreeMap<String, Variable> {
    let mut found = BTreeMap::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Node, found: &mut BTreeMap<String, Variable>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => references(&scalar.text, found),
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| collect(&entry.value, found)),
    }
}

fn references(text: &str, found: &mut BTreeMap<String, Variable>) {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(braced) = rest.strip_prefix('{') {
            let Some(end) = closing(braced) else { return };
            reference(&braced[..end], found);
            rest = &braced[end + 1..];
        } else {
            let end = name_end(rest);
            if end > 0 {
                reference(&rest[..end], found);
            }
            rest = &rest[end..];
        }
    }
}

/// Where the brace closes, nested ones left out.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn reference(inner: &str, found: &mut BTreeMap<String, Variable>) {
    let (name, rest) = inner.split_at(name_end(inner));
    if name.is_empty() {
        return;
    }
    let mut variable = Variable { name: name.to_owned(), ..Variable::default() };
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (operator, word) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
    match operator {
        "?" => variable.required = true,
        "-" => word.clone_into(&mut variable.default_value),
        "+" => word.clone_into(&mut variable.presence_value),
        _ => {}
    }
    found.insert(name.to_owned(), variable);
    if matches!(operator, "-" | "+") {
        references(word, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_with_their_defaults() {
        let mut found = BTreeMap::new();
        references("$A-${B:-x${C:?why}}$$D ${E+y}${F}", &mut found);
        let rendered: Vec<String> = found
            .values()
            .map(|v| format!("{} {} {} {}", v.name, v.default_value, v.presence_value, v.required))
            .collect();
        assert_eq!(
            rendered,
            ["A   false", "B x${C:?why}  false", "C   true", "E  y false", "F   false"]
        );
    }
}
