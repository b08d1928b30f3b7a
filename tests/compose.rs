//! What a stack's files must not do to us, and how it is said: limits against hostile
//! files, the bounds of the tree, and messages with place, cause and remedy.

#[path = "stack/config.rs"]
mod config;
#[path = "stack/tree.rs"]
mod tree;

use std::fmt::Write as _;

use model::diagnostic::Diagnostic;

use self::config::{Config, ConfigRequest, config};
use self::tree::MemoryTree;

fn load(tree: &MemoryTree) -> Result<Config, Vec<Diagnostic>> {
    let request = ConfigRequest {
        files: vec!["shop/compose.yaml".to_owned()],
        root: Some("/srv/site".to_owned()),
        ..ConfigRequest::default()
    };
    config(tree, &request)
}

fn files(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.file(&format!("shop/{path}"), text, false);
    }
    tree
}

/// `code line:column+length message` of every message.
fn printed(tree: &MemoryTree) -> Vec<String> {
    let found = match load(tree) {
        Ok(config) => config.warnings,
        Err(found) => found,
    };
    let one = |d: &Diagnostic| {
        let code = d.code.map(|code| code.to_string()).unwrap_or_default();
        let at = d.at.as_ref().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
        format!("{code} {}+{} {}", at.unwrap_or_default(), d.length, d.message)
    };
    found.iter().map(one).collect()
}

/// The codes of the errors.
fn codes(tree: &MemoryTree) -> Vec<&'static str> {
    let found = load(tree).err().expect("it should be refused");
    let codes = found.iter().filter(|d| d.is_error()).filter_map(|d| d.code);
    codes.map(|code| code.0).collect()
}

const LIMIT: &str = "E0108";

#[test]
fn aliases_expand_only_so_far() {
    let mut laughs = String::from("x-a: &a0 [ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for level in 1..9 {
        let above = format!("*a{}, ", level - 1).repeat(9);
        writeln!(laughs, "x-{level}: &a{level} [{}]", above.trim_end_matches(", "))
            .expect("memory");
    }
    laughs += "services: {web: {image: app}}\n";
    assert_eq!(codes(&files(&[("compose.yaml", &laughs)])), [LIMIT]);
    // Few nodes, many bytes.
    let long = format!("x-a: &a {}\nx-b: [{}]\n", "a".repeat(400_000), "*a, ".repeat(100));
    assert_eq!(codes(&files(&[("compose.yaml", &long)])), [LIMIT]);
    let deep = format!("x-a: {}{}\n", "[".repeat(200), "]".repeat(200));
    assert_eq!(codes(&files(&[("compose.yaml", &deep)])), [LIMIT]);
}

#[test]
fn includes_are_so_deep_and_so_many() {
    let chain = |length: usize, twice: bool| {
        let mut tree =
            files(&[("compose.yaml", "include: [0.yaml]\nservices: {web: {image: app}}\n")]);
        for n in 0..length {
            let next = format!("{}.yaml", n + 1);
            let include = if twice { format!("{next}, {next}") } else { next };
            tree.file(&format!("shop/{n}.yaml"), &format!("include: [{include}]\n"), false);
        }
        tree.file(&format!("shop/{length}.yaml"), "services: {last: {image: last}}\n", false);
        tree
    };
    assert!(load(&chain(15, false)).is_ok());
    assert_eq!(codes(&chain(25, false)), [LIMIT]);
    assert!(codes(&chain(15, true)).contains(&LIMIT), "a tree of 32,768 files");
}

#[test]
fn the_files_of_a_stack_have_only_so_many_bytes() {
    let comment = format!("# {}\nservices: {{}}\n", "x".repeat(1_000_000));
    let mut tree = MemoryTree::default();
    let mut main = String::from("include:\n");
    for n in 0..20 {
        writeln!(main, "  - {n}.yaml").expect("memory");
        tree.file(&format!("shop/{n}.yaml"), &comment, false);
    }
    tree.file("shop/compose.yaml", &main, false);
    assert!(codes(&tree).contains(&LIMIT));
    let huge = format!("# {}\nservices: {{}}\n", "x".repeat(1 << 20));
    assert_eq!(codes(&files(&[("compose.yaml", &huge)])), ["E0101"]);
}

#[test]
fn services_extend_one_another_only_so_far() {
    let mut chain = String::from("services:\n  s0: {image: app}\n");
    for n in 1..150 {
        writeln!(chain, "  s{n}: {{extends: s{}}}", n - 1).expect("memory");
    }
    // Read from the first on, a chain is as short as its next link.
    assert!(load(&files(&[("compose.yaml", &chain)])).is_ok());
    let mut lines: Vec<&str> = chain.lines().skip(1).collect();
    lines.reverse();
    let backwards = format!("services:\n{}\n", lines.join("\n"));
    assert_eq!(codes(&files(&[("compose.yaml", &backwards)])), [LIMIT]);
    let mut copies =
        format!("services:\n  big: {{image: app, labels: {{a: {}}}}}\n", "x".repeat(300_000));
    for n in 0..300 {
        writeln!(copies, "  s{n}: {{extends: big}}").expect("memory");
    }
    assert!(codes(&files(&[("compose.yaml", &copies)])).contains(&LIMIT));
}

#[test]
fn references_become_only_so_long() {
    let mut doubling = format!("A0={}\n", "x".repeat(100));
    for n in 1..40 {
        writeln!(doubling, "A{n}=$A{0}$A{0}", n - 1).expect("memory");
    }
    let stack = "services: {web: {image: app}}\n";
    assert_eq!(codes(&files(&[("compose.yaml", stack), (".env", &doubling)])), [LIMIT]);
    let long = format!("A={}\n", "x".repeat(600_000));
    let many = format!("services: {{web: {{image: app, command: [{}]}}}}\n", "$A, ".repeat(40));
    assert!(codes(&files(&[("compose.yaml", &many), (".env", &long)])).contains(&LIMIT));
    let once = format!("services: {{web: {{image: app, command: [{}]}}}}\n", "$A$A");
    assert_eq!(codes(&files(&[("compose.yaml", &once), (".env", &long)])), [LIMIT]);
    let nested =
        format!("services: {{web: {{image: '{}x{}'}}}}\n", "${A:-".repeat(100), "}".repeat(100));
    assert_eq!(codes(&files(&[("compose.yaml", &nested)])), [LIMIT]);
}

#[test]
fn files_come_from_the_tree_and_from_nowhere_else() {
    let extends = |path: &str| {
        let text = format!("services: {{web: {{extends: {{file: '{path}', service: web}}}}}}\n");
        let mut tree =
            files(&[("compose.yaml", &text), ("base.yaml", "services: {web: {image: app}}\n")]);
        tree.file("base.yaml", "services: {web: {image: above}}\n", false);
        tree.link("shop/link.yaml", "base.yaml");
        tree.special("shop/pipe.yaml");
        tree
    };
    for (path, code) in [
        ("../../outside.yaml", Some("E0101")),
        ("/etc/passwd", Some("E0101")),
        ("/srv/sitemap/base.yaml", Some("E0101")),
        ("~/base.yaml", Some("E0101")),
        ("link.yaml", Some("E0101")),
        ("pipe.yaml", Some("E0101")),
        ("none.yaml", Some("E0101")),
        ("https://example.org/compose.yaml", Some("E0143")),
        ("git@example.org:a/b.git", Some("E0143")),
        ("oci://example.org/a", Some("E0143")),
        ("base.yaml", None),
        ("../base.yaml", None),
        ("/srv/site/base.yaml", None),
    ] {
        let result = load(&extends(path)).err().map(|found| {
            let help = found[0].help.is_some();
            assert!(help || code == Some("E0101"), "{path}: {found:?}");
            found[0].code.map(|code| code.0)
        });
        assert_eq!(result, code.map(Some), "{path}");
    }
    for include in ["../../x.yaml", "https://example.org/x.git#main:a", "oci://example.org/x:1"] {
        let text = format!("include: ['{include}']\n");
        assert!(load(&files(&[("compose.yaml", &text)])).is_err(), "{include}");
    }
}

#[test]
fn a_message_has_its_place_cause_and_key() {
    let stack = "\
services:
  web:
    image: app:${TAG!x}
    scale: many
    user: ${WHO:?needed}
    command: $NOBODY
    init: yes
    labels: {a: 1, a: 2, 3: b}
    extends: {service: wbe}
    prots: []
  db:
    image: db
    extends: {file: base.yaml, service: db}
";
    let base = "services:\n  db:\n    tty: nope\n";
    assert_eq!(
        printed(&files(&[("compose.yaml", stack), ("base.yaml", base)])),
        [
            "E0115 shop/base.yaml:3:10+4 `services.db.tty`: `nope` is not `true` or `false`",
            "E0112 shop/compose.yaml:3:16+8 `services.web.image`: this is not a valid reference",
            "E0115 shop/compose.yaml:4:12+4 `services.web.scale`: `many` is not a whole number",
            "E0113 shop/compose.yaml:5:11+14 `services.web.user`: the variable `WHO` is required and not set: needed",
            "E0114 shop/compose.yaml:6:14+7 `services.web.command`: the variable `NOBODY` is not set: an empty text is used",
            "E0116 shop/compose.yaml:7:11+3 `services.web.init`: `yes` is read as `true`",
            "E0103 shop/compose.yaml:8:20+1 `services.web.labels.a`: the key `a` is here twice",
            "E0104 shop/compose.yaml:8:26+1 `services.web.labels.3`: a key must be text, not a number",
            "E0130 shop/compose.yaml:9:24+3 `services.web.extends`: there is no service `wbe` in shop/compose.yaml",
            "E0201 shop/compose.yaml:10:5+5 `services.web`: unknown key `prots`",
        ]
    );
}

#[test]
fn a_legacy_file_has_only_what_it_could_have() {
    let stack = "\
web:
  image: app
  build: .
  depends_on: [db]
db:
  extends: {file: base.yml, service: db}
";
    let base = "db:\n  image: db\n  links: [other]\nother: {image: other}\n";
    let printed = printed(&files(&[("compose.yaml", stack), ("base.yml", base)]));
    assert_eq!(
        printed,
        [
            "E0160 shop/compose.yaml:1:1+3 `services.web`: this has both an image and a build",
            "E0160 shop/compose.yaml:4:3+10 `web.depends_on`: a file without `services:` has no such key",
            "E0130 shop/compose.yaml:6:38+2 `services.db.extends`: a service with `links` cannot be extended",
        ]
    );
    // A file of today beside it.
    let mut tree = files(&[("compose.yaml", "web: {image: app}\n")]);
    tree.file("shop/over.yaml", "services: {web: {user: root}}\n", false);
    tree.file("shop/legacy.yaml", "web: {user: root}\n", false);
    let mut request = ConfigRequest {
        files: vec!["shop/compose.yaml".to_owned(), "shop/over.yaml".to_owned()],
        root: Some("/srv/site".to_owned()),
        ..ConfigRequest::default()
    };
    let found = config(&tree, &request).err().expect("it should be refused");
    assert_eq!(found[0].code.map(|code| code.0), Some("E0160"), "{found:?}");
    request.files[1] = "shop/legacy.yaml".to_owned();
    assert!(config(&tree, &request).is_ok_and(|config| config.json().contains("root")));
}

#[test]
fn a_cycle_is_shown_whole() {
    let stack = "services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n";
    let printed = printed(&files(&[("compose.yaml", stack)])).join("\n");
    assert!(printed.contains("a (shop/compose.yaml) → b (shop/compose.yaml) → c"), "{printed}");
    let tree =
        files(&[("compose.yaml", "include: [a.yaml]\n"), ("a.yaml", "include: [compose.yaml]\n")]);
    let printed = self::printed(&tree).join("\n");
    assert!(printed.contains("shop/compose.yaml → shop/a.yaml → shop/compose.yaml"), "{printed}");
}

#[test]
fn nothing_of_an_env_file_is_shown() {
    let stack = "services:\n  web:\n    image: app\n    scale: ${PASSWORD}\n    user: $PASSWORD$\n";
    let tree = files(&[("compose.yaml", stack), (".env", "PASSWORD=hunter2\nB!=hunter2\n")]);
    let found = load(&tree).err().expect("it should be refused");
    assert_eq!(found.iter().filter(|d| d.is_error()).count(), 2, "{found:?}");
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn paths_in_a_circle_begin_at_the_machines_root() {
    let at = |file: &str, service: &str| {
        format!("{{ extends: {{ file: {file}, service: {service} }} }}")
    };
    let tree = files(&[
        ("compose.yaml", &format!("services:\n  a: {}\n", at("other.yaml", "b"))),
        ("other.yaml", &format!("services:\n  b: {}\n", at("compose.yaml", "a"))),
    ]);
    let request = ConfigRequest {
        files: vec!["shop/compose.yaml".to_owned()],
        root: Some("/".to_owned()),
        ..ConfigRequest::default()
    };
    let found = config(&tree, &request).err().expect("a circle");
    let reported = found.iter().any(|d| d.message.contains("b (/shop/other.yaml) → a"));
    assert!(reported, "{found:?}");
    let unrooted = printed(&tree);
    assert!(unrooted.iter().any(|d| d.contains("b (shop/other.yaml) → a")), "{unrooted:?}");
}
