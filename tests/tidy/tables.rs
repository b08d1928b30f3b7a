//! Tables of the docs that repeat the code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::layers;
use super::source::{code, display, rust_files};
use model::field::Class;
use model::fields::{self, Fields};
use model::spec::{ContainerSpec, NetworkSpec, VolumeSpec};

fn table_of<S: Fields>() -> String {
    let mut table =
        String::from("| field | a difference means | compared |\n| --- | --- | --- |\n");
    for (field, (class, what)) in fields::published::<S>() {
        let class = match class {
            Class::InPlace { lifts: true } => "changed in place",
            Class::InPlace { lifts: false } => {
                "changed in place; recreated where the stack sets it no more"
            }
            Class::Recreate => "recreated",
            Class::RecreateWithData => "recreated, data at risk",
        };
        writeln!(table, "| `{field}` | {class} | {what} |").expect("memory");
    }
    table
}

#[test]
fn the_published_tables_of_fields_are_those_in_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let docs = fs::read_to_string(path).expect("docs/fields.md");
    for table in [table_of::<ContainerSpec>(), table_of::<NetworkSpec>(), table_of::<VolumeSpec>()]
    {
        assert!(docs.contains(&format!("\n\n{table}")), "docs/fields.md should hold:\n{table}");
    }
}

#[test]
fn the_published_table_of_grants_is_the_one_in_the_code() {
    let table = model::grants::published();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let docs = fs::read_to_string(path).expect("docs/security.md");
    assert!(docs.contains(&table), "docs/security.md should hold:\n{table}");
}

/// Files in which rows stand.
const ROWS: &[&str] = &["crates/model/src/container", "crates/model/src/network.rs"];

/// Members of the engine's API that are also those of other calls or of other objects, or that the
/// host policy reads by hand, with the file that names them.
const NAMED: &[(&str, &[&str])] = &[
    ("crates/adapters/src/docker/act/holder.rs", &["Labels"]),
    ("crates/adapters/src/docker/act/hook.rs", &["Tty"]),
    ("crates/adapters/src/docker/form.rs", &["Labels"]),
    (
        "crates/adapters/src/docker/guard/container.rs",
        &["CgroupnsMode", "Driver", "Labels", "Options", "Privileged", "UTSMode", "UsernsMode"],
    ),
    ("crates/adapters/src/docker/guard/joins.rs", &["Labels"]),
    (
        "crates/adapters/src/docker/guard/others.rs",
        &["Driver", "DriverOpts", "Privileged", "User", "WorkingDir"],
    ),
    ("crates/adapters/src/docker/guard/request.rs", &["Labels"]),
    ("crates/adapters/src/docker/wire/answer.rs", &["Labels"]),
    ("crates/adapters/src/docker/wire/evaluate.rs", &["Labels"]),
    ("crates/model/src/reach.rs", &["Isolation", "OomScoreAdj"]),
];

fn members_of<S: Fields>() -> impl Iterator<Item = &'static str> {
    fields::plain::<S>().flat_map(|field| [field.member, field.answered])
}

#[test]
fn a_plain_field_is_named_in_its_row_alone() {
    let members = members_of::<ContainerSpec>().chain(members_of::<NetworkSpec>());
    let members: BTreeSet<_> = members.chain(members_of::<VolumeSpec>()).collect();
    let mut wrong = Vec::new();
    for folder in
        ["crates/model/src", "crates/reconcile/src", "crates/sim/src", "crates/adapters/src"]
    {
        for path in rust_files(folder).iter().filter(|path| !display(path).contains("/tests")) {
            let (file, code) = (display(path), code(path));
            if ROWS.iter().any(|rows| file.starts_with(rows)) {
                continue;
            }
            let known =
                NAMED.iter().find(|(name, _)| *name == file).map_or(&[][..], |(_, all)| all);
            let named = members.iter().filter(|member| code.contains(&format!("\"{member}\"")));
            let others = named.filter(|member| !known.contains(member));
            wrong.extend(others.map(|member| format!("{file} names {member}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The names in the first column of a table of ARCHITECTURE.md.
fn first_column(text: &str, head: &str) -> Vec<String> {
    let table = text.split_once(&format!("| {head} |")).expect("the table").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(1).expect("a column").split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect()
}

#[test]
fn architecture_names_stages_wings_and_files_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (head, order) in [("stage", layers::STAGES), ("wing", layers::WINGS)] {
        let places: Vec<_> = first_column(&text, head)
            .iter()
            .map(|name| order.iter().position(|known| known == name).expect(name))
            .collect();
        assert!(places.is_sorted(), "the table of the {head}s is in another order than the code");
    }
    let table = text.split_once("## Where to look").expect("the section").1;
    let table = table.split_once("\n## ").expect("another section").0;
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names = names.filter(|name| name.contains('/') && !name.contains(['…', '*', '<']));
    let missing: Vec<_> = names
        .filter(|name| {
            let (first, rest) = name.split_once('/').expect("a slash");
            let inside = match first {
                "src" => root.join(name),
                "plan" | "stack" | "control" => root.join("crates/reconcile/src").join(name),
                krate => root.join("crates").join(krate).join("src").join(rest),
            };
            !inside.exists()
        })
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}");
}
