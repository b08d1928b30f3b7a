//! The texts of `reconciler explain` (`docs/errors`): each code of the program has one, its
//! bad example gives exactly that code, and its good example is free of errors.

#[path = "stack/config.rs"]
mod config;
#[path = "stack/tree.rs"]
mod tree;
#[allow(dead_code, reason = "the golden plans use all of it")]
#[path = "plan_support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use model::desired::Entry;
use model::diagnostic::Diagnostic;
use model::plan::{Blocked, WaitingOn};
use reconcile::stack::{Options, load};
use world::Snapshot;

use self::config::{ConfigRequest, config};
use self::tree::MemoryTree;
use self::world::World;

/// The stack that examples of `deployments.yaml` deploy, unless they bring it.
const SHOP: &str = "services:\n  web:\n    image: web:1.8\n";
/// Codes that no text of a stack can give.
const WITHOUT_EXAMPLE: [&str; 5] = ["E0108", "E0217", "E0513", "E0516", "E0606"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The explanations by code.
fn explanations() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(root().join("docs/errors")).expect("docs/errors");
    files
        .map(|file| {
            let path = file.expect("an entry").path();
            let code = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (code, std::fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

/// The files of an explanation's examples of a kind.
fn example(text: &str, kind: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let fence = format!("```yaml {kind}");
    for part in text.split("\n```").collect::<Vec<_>>() {
        let Some(part) = part.strip_prefix(fence.trim_start_matches("```")) else { continue };
        let (head, body) = part.split_once('\n').unwrap_or((part, ""));
        let name = if head.trim().is_empty() { "compose.yaml" } else { head.trim() };
        files.insert(name.to_owned(), format!("{body}\n"));
    }
    files
}

/// Everything that is said about the files of one stack.
fn about_a_stack(files: &BTreeMap<String, String>, home: bool) -> Vec<Diagnostic> {
    let mut tree = MemoryTree::default();
    for (name, text) in files {
        tree.file(&format!("shop/{name}"), text, false);
    }
    let stack = ["compose.yaml", "compose.override.yaml"].into_iter();
    let stack = stack.filter(|name| files.contains_key(*name));
    let asked = ConfigRequest {
        files: stack.map(|name| format!("shop/{name}")).collect(),
        root: Some("/srv".to_owned()),
        environment: home.then(|| ("HOME".to_owned(), "/root".to_owned())).into_iter().collect(),
        all_resources: true,
        ..ConfigRequest::default()
    };
    match config(&tree, &asked) {
        Ok(config) => config.warnings,
        Err(found) => found,
    }
}

/// Everything that is said about a source.
fn about_a_source(files: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let mut tree = MemoryTree::default();
    for (name, text) in files {
        tree.file(name, text, false);
    }
    if files.contains_key("deployments.yaml") && !files.contains_key("shop/compose.yaml") {
        tree.file("shop/compose.yaml", SHOP, false);
    }
    let options = Options {
        passed: BTreeMap::new(),
        withheld: ["WITHHELD".to_owned()].into(),
        default_engine: "local".into(),
        bounds: model::bounds::Bounds::default(),
        masker: model::secret::Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    let snapshot = Snapshot {
        source: "test".into(),
        revision: "r1".into(),
        start: String::new(),
        tree: Arc::new(tree),
    };
    let desired = load(&snapshot, &options);
    let each = desired.deployments.into_values().flat_map(|entry| match entry {
        Entry::Valid(_, found) | Entry::Invalid(found) => found,
    });
    each.chain(desired.incomplete).collect()
}

/// What the plan for a source waits for, on an engine whose operator granted nothing.
fn about_the_host(files: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let mut world = World::new();
    for (name, text) in files {
        world.file(&format!("shop/{name}"), text);
    }
    world.happens("deny host");
    let plan = world.plan();
    assert!(!plan.steps.is_empty() || !plan.blocked.is_empty(), "nothing is planned: {plan}");
    let denied = |blocked: Blocked| {
        let WaitingOn::Grant { demand, code } = blocked.waiting_on else {
            return Diagnostic::error(format!("{blocked}"));
        };
        assert!(blocked.at.is_some(), "{demand} has no place");
        Diagnostic::error(demand).with_code(code)
    };
    plan.blocked.into_iter().map(denied).collect()
}

fn printed(messages: &[Diagnostic]) -> String {
    let rendered = |d: &Diagnostic| format!("\n  {:?} {:?} {}", d.code, d.at, d.message);
    messages.iter().map(rendered).collect::<Vec<_>>().concat()
}

#[test]
fn a_bad_example_gives_its_code_and_no_other_and_a_good_one_none() {
    let mut wrong = String::new();
    for (code, text) in explanations() {
        if WITHOUT_EXAMPLE.contains(&code.as_str()) {
            assert!(text.contains("Remedy: "), "{code}");
            continue;
        }
        let (bad, valid) = (example(&text, "bad"), example(&text, "good"));
        assert!(!bad.is_empty() && !valid.is_empty(), "{code} has no examples");
        // Deployments are found by the one, stacks are read by the other.
        let messages = |files| {
            if code.starts_with("E06") {
                return about_the_host(files);
            }
            if code.starts_with("E04") || code.starts_with("E05") {
                return about_a_source(files);
            }
            // What is not there cannot be shown where it is.
            about_a_stack(files, code != "E0216")
        };
        let found = messages(&bad);
        let codes: BTreeSet<&str> = found.iter().map(|d| d.code.map_or("none", |c| c.0)).collect();
        if codes != BTreeSet::from([code.as_str()]) {
            let _ = writeln!(wrong, "{code}, bad:{}", printed(&found));
        }
        let found = messages(&valid);
        if found.iter().any(|d| d.is_error() || d.code.is_some_and(|c| c.0 == code)) {
            let _ = writeln!(wrong, "{code}, good:{}", printed(&found));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// The codes that the program declares: `const NAME: Code = Code("E0501");`.
fn declared() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut text = String::new();
    for path in ["src", "crates"].iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let file = std::fs::read_to_string(path).expect("text");
        text += file.split("#[cfg(test)]").next().unwrap_or_default();
    }
    for part in text.split(": Code = Code(\"").skip(1) {
        let code = part.split('"').next().expect("a code").to_owned();
        let before = &text[..text.find(&format!(": Code = Code(\"{code}\"")).expect("it is there")];
        let name = before.rsplit(' ').next().expect("a name").to_owned();
        assert!(all.insert(code.clone(), name).is_none(), "{code} is declared twice");
    }
    for (code, name) in &all {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let uses = text.match_indices(name.as_str()).filter(|(at, name)| {
            !text[..*at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word)
        });
        // Declared, and used; an import alone would be refused by the compiler.
        assert!(uses.count() > 1, "{code} {name} is not used");
    }
    all
}

#[test]
fn each_code_of_the_program_is_explained_and_each_explanation_is_of_one() {
    let declared: BTreeSet<String> = declared().into_keys().collect();
    let explained: BTreeSet<String> = explanations().into_keys().collect();
    assert!(declared.len() > 10, "the codes are gone");
    let only = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<_>>().join(" ");
    let message = format!(
        "without a file in docs/errors: {}; without a constant in src: {}",
        only(&declared, &explained),
        only(&explained, &declared)
    );
    assert!(declared == explained, "{message}");
}

#[test]
fn the_program_lists_every_explanation_with_its_title() {
    let output = Command::new(env!("CARGO_BIN_EXE_reconciler"))
        .arg("explain")
        .env_clear()
        .output()
        .expect("the program starts");
    let listed = String::from_utf8(output.stdout).expect("text");
    let title = |(code, text): (&String, &String)| {
        let title = text.lines().next().and_then(|line| line.strip_prefix(&format!("# {code}: ")));
        format!("{code}  {}\n", title.unwrap_or_else(|| panic!("{code} has no title")))
    };
    let wanted: String = explanations().iter().map(title).collect();
    assert_eq!(listed, wanted);
}
