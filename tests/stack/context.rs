//! Which files of a tree a build sees.

use context::{ContextError, ContextKind, build_hash, digest, files, instructions};
use model::build::{Build, BuildSecret, Dockerfile, NamedContext, SshAgent};
use model::digest::Digest;
use model::secret::Content;

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
    let build = Build::of(context, Dockerfile::Within(dockerfile.to_owned()));
    let rendered = |file: context::ContextFile| match file.kind {
        ContextKind::File { executable: true } => format!("{}*", file.path),
        ContextKind::File { executable: false } => file.path,
        ContextKind::Link { target } => format!("{} -> {target}", file.path),
    };
    Ok(files(tree, &build)?.into_iter().map(rendered).collect())
}

#[test]
fn ignored_files_are_left_out_and_the_dockerfile_is_read_all_the_same() {
    let left = ["absolute -> /etc/passwd", "src/current -> ../run.sh", "src/main.rs"];
    assert_eq!(names(&tree(), "app", "Dockerfile").unwrap(), left);
    let build = Build::of("app", Dockerfile::Within("Dockerfile".to_owned()));
    assert_eq!(instructions(&tree(), &build).unwrap(), b"FROM scratch");
}

#[test]
fn a_dockerfile_may_be_outside_of_its_context_or_no_file_at_all() {
    let mut tree = tree();
    tree.file("docker/web", "FROM web", false);
    tree.file("docker/web.dockerignore", "*\n!run.sh\n", false);
    let outside = Build::of("app", Dockerfile::Outside("docker/web".to_owned()));
    assert_eq!(instructions(&tree, &outside).unwrap(), b"FROM web");
    let rendered: Vec<String> =
        files(&tree, &outside).unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(rendered, ["run.sh"]);
    let missing = Dockerfile::Outside("docker/none".to_owned());
    let error = instructions(&tree, &Build::of("app", missing.clone())).unwrap_err();
    assert_eq!(error, ContextError::NoDockerfile("docker/none".to_owned()));
    assert_eq!(digest(&tree, "app", &missing), Err(error));

    let inline = Build::of("docker", Dockerfile::Inline("FROM scratch\n".to_owned()));
    assert_eq!(instructions(&tree, &inline).unwrap(), b"FROM scratch\n");
    assert_eq!(files(&tree, &inline).unwrap().len(), 2);
}

#[test]
fn whatever_decides_the_image_is_in_the_hash_and_nothing_else() {
    type Change = fn(&mut Build);
    let secret = |from: &str, value: &str| BuildSecret {
        from: from.to_owned(),
        content: Content::new(value.as_bytes()),
    };
    let hash = |change: &dyn Fn(&mut Build)| {
        let mut build = Build::of("app", Dockerfile::Within("Dockerfile".to_owned()));
        build.args.insert("A".to_owned(), "1".to_owned());
        build.secrets.insert("s".to_owned(), secret("file a", "one"));
        change(&mut build);
        build_hash(&Digest::of("files"), &build)
    };
    let base = hash(&|_| {});
    let same: [Change; 5] = [
        |build| build.context = "elsewhere".to_owned(),
        |build| build.no_cache = true,
        |build| build.pull = true,
        |build| build.cache_from.push("x".to_owned()),
        |build| build.inline_cache = true,
    ];
    for (index, change) in same.iter().enumerate() {
        assert_eq!(hash(change), base, "{index}");
    }
    assert_eq!(hash(&|b| drop(b.secrets.insert("s".to_owned(), secret("file a", "two")))), base);
    assert_ne!(hash(&|b| drop(b.secrets.insert("s".to_owned(), secret("file b", "one")))), base);
    let other: [Change; 12] = [
        |build| drop(build.args.insert("A".to_owned(), "2".to_owned())),
        |build| build.dockerfile = Dockerfile::Within("Other".to_owned()),
        |build| build.dockerfile = Dockerfile::Inline("FROM scratch".to_owned()),
        |build| build.target = Some("x".to_owned()),
        |build| drop(build.labels.insert("a".to_owned(), "b".to_owned())),
        |build| build.tags.push("x:1".into()),
        |build| drop(build.contexts.insert("c".to_owned(), NamedContext::Image("x:1".into()))),
        |build| drop(build.ssh.insert("default".to_owned(), SshAgent::Operators)),
        |build| build.network = Some("none".to_owned()),
        |build| build.extra_hosts.push("a:10.0.0.1".to_owned()),
        |build| build.shm_size = Some(1),
        |build| build.platform = Some("linux/arm64".to_owned()),
    ];
    let mut seen = vec![base];
    for (index, change) in other.iter().enumerate() {
        let hash = hash(change);
        assert!(!seen.contains(&hash), "{index}");
        seen.push(hash);
    }
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
    let tree = tree();
    assert!(matches!(names(&tree, "gone", "Dockerfile"), Err(ContextError::Folder { .. })));
    assert!(matches!(names(&tree, "app", "Other"), Err(ContextError::NoDockerfile(_))));
}

#[test]
fn a_link_that_leads_out_is_sent_as_a_link() {
    let mut tree = tree();
    tree.link("app/src/out", "../../secret");
    let names = names(&tree, "app", "Dockerfile").unwrap();
    assert!(names.contains(&"src/out -> ../../secret".to_owned()), "{names:?}");
}

#[test]
fn the_hash_follows_names_modes_and_contents_of_what_is_sent() {
    let hash = |change: fn(&mut MemoryTree)| {
        let mut tree = tree();
        change(&mut tree);
        digest(&tree, "app", &Dockerfile::Within("Dockerfile".to_owned())).unwrap()
    };
    let base = hash(|_| {});
    assert_eq!(base, hash(|tree| tree.file("app/target/debug/x", "other", false)));
    assert_eq!(base, hash(|tree| tree.file("elsewhere", "x", false)));
    assert_ne!(base, hash(|tree| tree.file("app/src/main.rs", "other", false)));
    assert_ne!(base, hash(|tree| tree.file("app/src/main.rs", "fn main() {}", true)));
    assert_ne!(base, hash(|tree| tree.file("app/src/lib.rs", "", false)));
    assert_ne!(base, hash(|tree| tree.link("app/src/current", "main.rs")));
}
