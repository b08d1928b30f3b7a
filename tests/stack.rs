//! Table tests of the stack loader: each file in `tests/stack/` holds the files of a
//! tree, the options, and the desired state or the messages that must come of them.
//!
//! `UPDATE_EXPECT=1 cargo test --test stack` rewrites what is expected; read the diff.

#[path = "stack/bounds.rs"]
mod bounds;
#[path = "stack/context.rs"]
mod context;
#[path = "stack/hashes.rs"]
mod hashes;
#[path = "stack/kept.rs"]
mod kept;
#[path = "stack/render.rs"]
mod render;
#[path = "stack/reservations.rs"]
mod reservations;
#[path = "stack/robust.rs"]
mod robust;
#[path = "stack/tree.rs"]
mod tree;
#[path = "stack/up.rs"]
mod up;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reconcile::stack::{Options, load};
use world::Snapshot;

use self::tree::MemoryTree;

/// A table file, taken apart.
struct Case {
    input: String,
    expected: String,
    snapshot: Snapshot,
    options: Options,
}

fn parse(text: &str) -> Case {
    let (input, expected) = text.split_once(">>> expect\n").unwrap_or((text, ""));
    let mut tree = MemoryTree::default();
    let mut options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: "local".into(),
        bounds: model::bounds::Bounds::default(),
        masker: model::secret::Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    let mut start = String::new();
    for part in input.split(">>> ").skip(1) {
        let (head, body) = part.split_once('\n').unwrap_or((part, ""));
        let (word, rest) = head.split_once(' ').unwrap_or((head, ""));
        match word {
            "file" => tree.file(rest, body, false),
            "program" => tree.file(rest, body, true),
            "link" => {
                let (path, target) = rest.split_once(' ').expect("path and target");
                tree.link(path, target);
            }
            "special" => tree.special(rest),
            "passed" => {
                let (name, value) = rest.split_once('=').expect("NAME=value");
                options.passed.insert(name.to_owned(), value.to_owned());
            }
            "withheld" => {
                options.withheld.insert(rest.to_owned());
            }
            "root" => options.project_root = Some(rest.to_owned()),
            "start" => rest.clone_into(&mut start),
            _ => panic!("unknown directive `{head}`"),
        }
    }
    let snapshot =
        Snapshot { source: "test".into(), revision: "r1".into(), start, tree: Arc::new(tree) };
    Case { input: input.to_owned(), expected: expected.to_owned(), snapshot, options }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stack");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of tables")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_table_gives_what_it_says() {
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let mut wrong = String::new();
    let paths = cases();
    assert!(paths.len() >= 2, "the tables are gone");
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a table");
        let case = parse(&text);
        let got = render::desired(&load(&case.snapshot, &case.options));
        if got == case.expected {
            continue;
        }
        if update {
            let text = format!("{}>>> expect\n{got}", case.input);
            std::fs::write(&path, text).expect("the table is writable");
        } else {
            let _ =
                write!(wrong, "{}\n--- wanted\n{}--- got\n{got}", path.display(), case.expected);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn loading_twice_gives_the_same() {
    for path in cases() {
        let case = parse(&std::fs::read_to_string(&path).expect("a table"));
        let (a, b) = (load(&case.snapshot, &case.options), load(&case.snapshot, &case.options));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{}", path.display());
    }
}
