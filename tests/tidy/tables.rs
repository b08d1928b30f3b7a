//! Tables of the docs that repeat the code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[test]
fn the_published_table_of_fields_is_the_one_in_the_code() {
    use reconcile::plan::{Class, FIELDS};
    let mut table =
        String::from("| field | a difference means | compared |\n| --- | --- | --- |\n");
    for (field, class, what) in FIELDS {
        let class = match class {
            Class::InPlace => "changed in place",
            Class::Recreate => "recreated",
            Class::RecreateWithData => "recreated, data at risk",
        };
        writeln!(table, "| `{field}` | {class} | {what} |").expect("memory");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let docs = fs::read_to_string(path).expect("docs/fields.md");
    assert!(docs.contains(&table), "docs/fields.md should hold:\n{table}");
}

#[test]
fn the_published_table_of_grants_is_the_one_in_the_code() {
    let table = model::grants::published();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let docs = fs::read_to_string(path).expect("docs/security.md");
    assert!(docs.contains(&table), "docs/security.md should hold:\n{table}");
}
