//! The published lists of keys are those of the code: `docs/stack-files.md` holds them.

use super::keys::{self, Table};

const DOCS: &str = include_str!("../../../docs/stack-files.md");

fn section(table: &Table) -> String {
    let joined = |keys: Vec<String>| {
        if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
    };
    let reasons = |keys: &[(&str, &str)]| {
        joined(keys.iter().map(|(key, why)| format!("`{key}` ({why})")).collect())
    };
    let carried = joined(table.carried.iter().map(|key| format!("`{key}`")).collect());
    format!(
        "### Keys of {}\n\n- carried: {}\n- refused: {}\n- harmless, a warning: {}\n",
        table.of,
        carried,
        reasons(table.refused),
        reasons(table.harmless)
    )
}

#[test]
fn the_published_lists_are_those_of_the_code() {
    for table in keys::ALL {
        let section = section(table);
        assert!(DOCS.contains(&section), "docs/stack-files.md should hold:\n{section}");
    }
}
