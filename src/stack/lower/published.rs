//! The published lists of keys are those of the code: `docs/stack-files.md` holds them.

use super::keys::{self, Table};

const DOCS: &str = include_str!("../../../docs/stack-files.md");

fn section(table: &Table) -> String {
    let list = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
    };
    format!(
        "### Keys of {}\n\n- carried: {}\n- refused, not carried yet: {}\n- harmless, a warning: {}\n",
        table.of,
        list(table.carried),
        list(table.refused),
        list(table.harmless)
    )
}

#[test]
fn the_published_lists_are_those_of_the_code() {
    for table in keys::ALL {
        let section = section(table);
        assert!(DOCS.contains(&section), "docs/stack-files.md should hold:\n{section}");
    }
}
