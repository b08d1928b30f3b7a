//! The values of secrets as an env file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `NAME='value'`, a line each.
pub(super) fn dotenv(variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        let _ = writeln!(text, "{name}={}", quoted(value));
    }
    text
}

fn quoted(value: &str) -> String {
    if !value.contains(['\'', '\n', '\r']) && !value.ends_with('\\') {
        return format!("'{value}'");
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '\\' | '"' | '$' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out + "\""
}
