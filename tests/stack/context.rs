//! Which files of a tree a build sees.

use std::collections::BTreeMap;

use reconciler::context::{ContextError, ContextKind, digest, files};
use reconciler::model::digest::Digest;
use reconciler::model::spec::Build;

use crate::tree::MemoryTree;

fn tree() -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.file("app/Dockerfile", "FROM scratch", false);
    tree.file("app/src/main.rs", "fn main() {}", false);
    tree.file("app/run.sh", "#!/bin/sh", true);
    tree.file("app/target/debug/x", "binary", false);
    tree.link("app/src/current", "../run.sh");
    tree.link("app/absolute", "/etc/passwd");
    tree.special("app/target/socket");
    tree.file("app/.dockerignore", "target\n*\n!src\n!absolute\n", false);
    tree
}

fn names(tree: &MemoryTree, context: &str, dockerfile: &str) -> Result<Vec<String>, ContextError> {
    let build = Build {
        context: context.to_owned(),
        dockerfile: dockerfile.to_owned(),
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
        hash: Digest::of(""),
    };
    let shown = |file: reconciler::context::ContextFile| match file.kind {
        ContextKind::File { executable: true } => format!("{}*", file.path),
        ContextKind::File { executable: false } => file.path,
        ContextKind::Link { target } => format!("{} -> {target}", file.path),
    };
    Ok(files(tree, &build)?.into_iter().map(shown).collect())
}

#[test]
fn ignored_files_are_left_out_but_never_the_dockerfile() {
    assert_eq!(
        names(&tree(), "app", "Dockerfile").unwrap(),
        [
            ".dockerignore",
            "Dockerfile",
            "absolute -> /etc/passwd",
            "src/current -> ../run.sh",
            "src/main.rs"
        ],
    );
}

#[test]
fn a_dockerfile_may_have_its_own_ignore_file() {
    let mut tree = tree();
    tree.file("app/Dockerfile.dockerignore", "target\nsrc\nabsolute\n", false);
    assert_eq!(
        names(&tree, "app", "Dockerfile").unwrap(),
        [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "run.sh*"],
    );
}

#[test]
fn what_cannot_be_sent_is_an_error() {
    let mut tree = tree();
    assert!(matches!(names(&tree, "gone", "Dockerfile"), Err(ContextError::Folder { .. })));
    assert!(matches!(names(&tree, "app", "Other"), Err(ContextError::NoDockerfile(_))));
    tree.link("app/src/out", "../../secret");
    assert_eq!(
        names(&tree, "app", "Dockerfile"),
        Err(ContextError::Escapes("app/src/out".to_owned())),
    );
}

#[test]
fn the_hash_follows_names_modes_and_contents_of_what_is_sent() {
    let hash = |change: fn(&mut MemoryTree)| {
        let mut tree = tree();
        change(&mut tree);
        digest(&tree, "app", "Dockerfile").unwrap()
    };
    let base = hash(|_| {});
    assert_eq!(base, hash(|tree| tree.file("app/target/debug/x", "other", false)));
    assert_eq!(base, hash(|tree| tree.file("elsewhere", "x", false)));
    assert_ne!(base, hash(|tree| tree.file("app/src/main.rs", "other", false)));
    assert_ne!(base, hash(|tree| tree.file("app/src/main.rs", "fn main() {}", true)));
    assert_ne!(base, hash(|tree| tree.file("app/src/lib.rs", "", false)));
    assert_ne!(base, hash(|tree| tree.link("app/src/current", "main.rs")));
}
