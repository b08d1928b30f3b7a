//! Whatever bytes a tree holds, loading them ends with a desired state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use model::desired::Entry;
use model::id::DeploymentId;
use proptest::prelude::*;
use reconcile::stack::{Options, load};
use world::Snapshot;

use crate::tree::MemoryTree;

const STACK: &[u8] = include_bytes!("compose.txt");
const ERRORS: &[u8] = include_bytes!("errors.txt");

fn load_bytes(stack: &[u8], dotenv: &[u8], root: Option<&str>) {
    let mut tree = MemoryTree::default();
    tree.bytes("shop/compose.yaml", stack);
    tree.bytes("shop/.env", dotenv);
    tree.bytes("shop/web.env", dotenv);
    tree.bytes("list/deployments.yaml", stack);
    tree.bytes("shop/web/.dockerignore", dotenv);
    tree.bytes("shop/web/Dockerfile", dotenv);
    let tree = Arc::new(tree);
    for start in ["", "shop/compose.yaml", "list"] {
        let snapshot = Snapshot {
            source: "test".into(),
            revision: "r1".into(),
            start: start.to_owned(),
            tree: tree.clone(),
        };
        let options = Options {
            passed: BTreeMap::from([("PW".to_owned(), "x".to_owned())]),
            withheld: BTreeSet::from(["HOME".to_owned()]),
            default_engine: "local".into(),
            bounds: model::bounds::Bounds::default(),
            masker: model::secret::Masker::new("test"),
            project_root: root.map(str::to_owned),
            same_files: false,
        };
        let _ = load(&snapshot, &options);
    }
}

/// The stack part of a table with some bytes replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(b"{}[]:,&*!|>'\"#%@`?- \n\t$~<\xff0a".to_vec());
    let edits = prop::collection::vec((any::<prop::sample::Index>(), byte), 0..6);
    (any::<bool>(), edits).prop_map(|(valid, edits)| {
        let table = if valid { STACK } else { ERRORS };
        let text = String::from_utf8_lossy(table);
        let stack = text.split(">>> file shop/compose.yaml\n").nth(1).unwrap_or_default();
        let mut bytes = stack.split(">>> ").next().unwrap_or_default().as_bytes().to_vec();
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn damaged_stacks_never_panic(stack in damaged(), dotenv in "[A-C=:'\"$ \n#\\\\{}!*\\[é-]{0,40}") {
        load_bytes(&stack, dotenv.as_bytes(), None);
        load_bytes(&stack, dotenv.as_bytes(), Some("/srv/site"));
    }

    #[test]
    fn arbitrary_bytes_never_panic(stack in prop::collection::vec(any::<u8>(), 0..60)) {
        load_bytes(&stack, &stack, None);
    }
}

/// Ninety-nine bombs of every kind beside one stack that is well.
#[test]
#[expect(clippy::print_stdout, reason = "how long it took is a figure, and judged by nobody")]
fn bombs_are_refused_and_what_is_beside_them_is_loaded() {
    let mut laughs = String::from("x-0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for level in 1..9 {
        let above = format!("*a{}, ", level - 1).repeat(9);
        let _ = writeln!(laughs, "x-{level}: &a{level} [{above}]");
    }
    let maps = laughs.replace('[', "{ a: [").replace(']', "] }");
    let long = format!("x-0: &a {}\nx-1: [{}]\n", "a".repeat(400_000), "*a, ".repeat(100));
    let mut tree = MemoryTree::default();
    for number in 0..99 {
        let bomb = if number == 0 { &long } else { [&laughs, &maps][number % 2] };
        let text = format!("{bomb}services: {{ web: {{ image: app }} }}\n");
        tree.bytes(&format!("bomb-{number:02}/compose.yaml"), text.as_bytes());
    }
    tree.bytes("well/compose.yaml", b"services: { web: { image: app } }\n");
    let snapshot = Snapshot {
        source: "test".into(),
        revision: "r1".into(),
        start: String::new(),
        tree: Arc::new(tree),
    };
    let options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: "local".into(),
        bounds: model::bounds::Bounds::default(),
        masker: model::secret::Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    #[expect(clippy::disallowed_methods, reason = "a figure")]
    let began = std::time::Instant::now();
    let desired = load(&snapshot, &options);
    println!("figure: 99 bombs beside one stack: {:?}", began.elapsed());
    let valid = |id: &DeploymentId| matches!(desired.deployments[id], Entry::Valid(..));
    let found: Vec<_> = desired.deployments.keys().filter(|id| valid(id)).collect();
    assert_eq!(found, [&DeploymentId::new("well")]);
    assert_eq!(desired.deployments.len(), 100);
}
