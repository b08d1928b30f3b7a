//! Git repositories as sources: what is found, what is read, what wakes the loop.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use adapters::git::{Address, GitSettings, Reference};
use world::{Source as _, SourceError, TreeEntry, TreeError, TreeKind};

use crate::common::{LIMIT, SOON, at, invalid, missing, open, revision, serve, settings};
use crate::repository::{Repository, git};
use crate::temp::Temp;

#[tokio::test]
async fn a_path_a_file_url_and_http_give_the_same_commit() {
    let repository = Repository::new();
    let head = repository.git(&["rev-parse", "HEAD"]);
    let server = serve(&repository);
    let path = repository.bare().to_str().unwrap().to_owned();
    let http = server.url("127.0.0.1", "repo.git");
    for url in [path.clone(), format!("file://{path}"), http.clone()] {
        let cache = Temp::new();
        let source = open(settings(&url, &cache));
        let snapshot = source.fetch().await.unwrap();
        assert_eq!(snapshot.revision.as_str(), head, "{url}");
        assert_eq!(snapshot.start, "");
        assert_eq!(snapshot.tree.host_path(), None);
        let read = snapshot.tree.read("shop/compose.yaml", LIMIT).unwrap();
        assert_eq!(read, b"services: {}\n");
        let rendered = if url == http { &http } else { &path };
        assert_eq!(snapshot.source.as_str(), format!("git:{rendered}#HEAD"));
    }
}

#[tokio::test]
async fn a_commit_says_who_wrote_it_and_what_it_is_about() {
    let repository = Repository::new();
    let author = "--author=Ann Example <ann@example.org>";
    let message = "shop: two decimals\n\nand why";
    let date = "--date=2026-02-03T04:05:06+01:00";
    repository.git(&["commit", "-q", "--allow-empty", author, date, "-m", message]);
    repository.push("shop/compose.yaml", "services: { a: {} }\n");
    let cache = Temp::new();
    let url = repository.bare().display().to_string();
    let mut settings = settings(&url, &cache);
    settings.reference = Reference::parse(&repository.git(&["rev-parse", "HEAD~1"]));
    let commit = open(settings).fetch().await.unwrap().tree.commit().unwrap();
    assert_eq!((&*commit.author, &*commit.subject), ("Ann Example", "shop: two decimals"));
    assert_eq!(commit.time.to_string(), "2026-02-03T03:05:06Z");
}

#[tokio::test]
async fn a_working_copy_is_read_at_its_head_and_not_on_disk() {
    let repository = Repository::new();
    fs::write(repository.work().join("shop/compose.yaml"), "not committed").unwrap();
    let cache = Temp::new();
    let snapshot =
        open(settings(repository.work().to_str().unwrap(), &cache)).fetch().await.unwrap();
    assert_eq!(snapshot.tree.read("shop/compose.yaml", LIMIT).unwrap(), b"services: {}\n");
    let inside = repository.work().join("shop");
    let answer = revision(&settings(inside.to_str().unwrap(), &cache)).await;
    assert!(matches!(answer, Err(SourceError::Unreachable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_push_and_a_forced_push_are_new_revisions() {
    let repository = Repository::new();
    let server = serve(&repository);
    for url in [server.url("127.0.0.1", "repo.git"), repository.bare().display().to_string()] {
        let cache = Temp::new();
        let source = open(settings(&url, &cache));
        let old = source.fetch().await.unwrap();
        let pushed = repository.push("shop/compose.yaml", "services: { a: {} }\n");
        let new = source.fetch().await.unwrap();
        assert_eq!(new.revision.as_str(), pushed);
        repository.git(&["commit", "-q", "--amend", "-m", "rewritten"]);
        let forced = repository.push("b/compose.yaml", "services: {}\n");
        repository.git(&["push", "-qf", "origin", "HEAD"]);
        let latest = source.fetch().await.unwrap();
        assert_eq!(latest.revision.as_str(), forced);
        assert_eq!(latest.tree.list("").unwrap().len(), 2);
        let text = new.tree.read("shop/compose.yaml", LIMIT).unwrap();
        assert_eq!(text, b"services: { a: {} }\n", "an older snapshot can still be read");
        assert_ne!(old.revision, new.revision);
        repository.git(&["rm", "-rq", "b"]);
        repository.push("shop/compose.yaml", "services: {}\n");
    }
}

#[tokio::test]
async fn branches_tags_and_commits_are_found() {
    let repository = Repository::new();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "light"]);
    repository.git(&["tag", "-a", "heavy", "-m", "annotated"]);
    let second = repository.push("a", "2");
    repository.git(&["checkout", "-q", "-b", "feature/x"]);
    let feature = repository.push("a", "3");
    let hidden = repository.commit("a", "4");
    repository.git(&["push", "-q", "origin", "HEAD:refs/hidden/x", "--tags"]);
    repository.git(&["push", "-q", "origin", "light:refs/heads/heavy"]);
    let server = serve(&repository);
    for url in [server.url("127.0.0.1", "repo.git"), repository.bare().display().to_string()] {
        let cache = Temp::new();
        let settings = settings(&url, &cache);
        let commit = async |reference: &str| revision(&at(&settings, reference)).await;
        assert_eq!(commit("").await.as_ref(), Ok(&second));
        assert_eq!(commit("main").await.as_ref(), Ok(&second));
        assert_eq!(commit("feature/x").await.as_ref(), Ok(&feature));
        assert_eq!(commit("light").await.as_ref(), Ok(&first));
        assert_eq!(commit("refs/tags/heavy").await.as_ref(), Ok(&first));
        assert_eq!(commit(&first).await.as_ref(), Ok(&first));
        assert_eq!(commit(&hidden).await.as_ref(), Ok(&hidden));
        assert!(invalid(commit("heavy").await).contains("both a branch and a tag"));
        assert!(missing(commit("none").await).contains("no branch or tag `none`"));
        let unknown = "0123456789012345678901234567890123456789";
        assert!(missing(commit(unknown).await).contains(unknown));
    }
}

#[tokio::test]
async fn a_repository_of_another_user_is_read_all_the_same() {
    let repository = Repository::new();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "-a", "v1", "-m", "annotated"]);
    repository.git(&["checkout", "-q", "-b", "feature/x"]);
    let feature = repository.push("a", "1");
    repository.git(&["push", "-q", "origin", "--tags"]);
    repository.git_bare(&["pack-refs", "--all"]);
    repository.git(&["checkout", "-q", "main"]);
    let main = repository.push("a", "2");
    let bare = repository.bare();
    // Only root can give a repository away; for others it stays their own.
    let _ = std::os::unix::fs::chown(&bare, Some(65534), Some(65534));
    let cache = Temp::new();
    let settings = settings(bare.to_str().unwrap(), &cache);
    let commit = async |reference: &str| revision(&at(&settings, reference)).await;
    assert_eq!(commit("").await.as_ref(), Ok(&main), "a loose reference wins");
    assert_eq!(commit("feature/x").await.as_ref(), Ok(&feature));
    assert_eq!(commit("v1").await.as_ref(), Ok(&first));
    assert_eq!(commit(&feature).await.as_ref(), Ok(&feature));
    assert!(missing(commit("none").await).contains("`none`"));
    let snapshot = open(settings.clone()).fetch().await.unwrap();
    assert_eq!(snapshot.tree.read("a", LIMIT).unwrap(), b"2");
}

#[tokio::test]
async fn a_folder_or_file_of_the_repository_is_where_it_starts() {
    let repository = Repository::new();
    symlink("compose.yaml", repository.work().join("shop/link.yaml")).unwrap();
    repository.push("x", "y");
    let cache = Temp::new();
    let settings = settings(repository.bare().to_str().unwrap(), &cache);
    for (path, start) in [("shop/", "shop"), ("shop/compose.yaml", "shop/compose.yaml")] {
        let source = open(GitSettings { path: path.to_owned(), ..settings.clone() });
        let snapshot = source.fetch().await.unwrap();
        assert_eq!(snapshot.start, start);
        assert!(source.id().as_str().ends_with(&format!("#HEAD:{start}")));
    }
    let at = |path: &str| open(GitSettings { path: path.to_owned(), ..settings.clone() });
    for path in ["none", "shop/none", "shop/compose.yaml/x"] {
        assert!(missing(at(path).fetch().await).contains(path), "{path}");
    }
    assert!(invalid(at("shop/link.yaml").fetch().await).contains("shop/link.yaml"));
}

#[tokio::test]
async fn links_submodules_and_executables_are_distinguished() {
    let repository = Repository::new();
    let work = repository.work();
    symlink("../../../etc/passwd", work.join("shop/link")).unwrap();
    symlink("shop", work.join("alias")).unwrap();
    fs::write(work.join("shop/run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(work.join("shop/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["submodule", "--quiet", "add", "../repo.git", "module"]);
    repository.push("shop.txt", "sorts between shop and its files in git");
    let cache = Temp::new();
    let tree =
        open(settings(repository.bare().to_str().unwrap(), &cache)).fetch().await.unwrap().tree;
    let entry = |name: &str, kind| TreeEntry { name: name.to_owned(), kind };
    let file = TreeKind::File { executable: false };
    let top = [
        entry(".gitmodules", file),
        entry("alias", TreeKind::Link),
        entry("module", TreeKind::Other),
        entry("shop", TreeKind::Folder),
        entry("shop.txt", file),
    ];
    assert_eq!(tree.list("").unwrap(), top);
    let shop = [
        entry("compose.yaml", file),
        entry("link", TreeKind::Link),
        entry("run.sh", TreeKind::File { executable: true }),
    ];
    assert_eq!(tree.list("shop").unwrap(), shop);
    assert_eq!(tree.link("shop/link").unwrap(), "../../../etc/passwd");
    for path in ["shop/link", "alias/compose.yaml", "shop", "module", "shop/../shop.txt"] {
        let refused = TreeError::NotAFile(path.to_owned());
        assert_eq!(tree.read(path, LIMIT), Err(refused), "{path}");
    }
    for path in ["none", "shop/none", "module/x", "shop.txt/x"] {
        assert_eq!(tree.read(path, LIMIT), Err(TreeError::Missing(path.to_owned())), "{path}");
    }
    assert_eq!(tree.list("shop.txt"), Err(TreeError::Missing("shop.txt".to_owned())));
    let large = TreeError::TooLarge { path: "shop/run.sh".to_owned(), limit: 3 };
    assert_eq!(tree.read("shop/run.sh", 3), Err(large));
}

#[tokio::test]
async fn only_what_is_certain_not_to_exist_is_missing() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let nobody = "http://127.0.0.1:1/repo.git".to_owned();
    for url in [server.url("127.0.0.1", "none.git"), nobody] {
        let answer = revision(&settings(&url, &cache)).await;
        assert!(matches!(answer, Err(SourceError::Unreachable(_))), "{url}: {answer:?}");
    }
    assert!(missing(Address::parse("/none.git")).contains("/none.git"));
    let moved = open(settings(repository.bare().to_str().unwrap(), &cache));
    moved.fetch().await.unwrap();
    fs::rename(repository.bare(), repository.root().join("away.git")).unwrap();
    assert!(missing(moved.fetch().await).contains("does not exist"));
    git(repository.root(), &["init", "-q", "--bare", "empty.git"]);
    for url in [
        server.url("127.0.0.1", "empty.git"),
        repository.root().join("empty.git").display().to_string(),
    ] {
        assert!(missing(revision(&settings(&url, &cache)).await).contains("no commit"), "{url}");
    }
}

#[tokio::test]
async fn a_push_to_a_repository_on_this_machine_wakes_at_once() {
    let repository = Repository::new();
    let cache = Temp::new();
    let source = open(settings(repository.bare().to_str().unwrap(), &cache));
    for round in ["1", "2"] {
        let before = source.fetch().await.unwrap().revision;
        let mut woken = std::pin::pin!(tokio::time::timeout(SOON, source.changed()));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut woken).await;
        assert!(early.is_err(), "nothing was pushed");
        repository.push("round", round);
        woken.await.expect("a push wakes");
        assert_ne!(source.fetch().await.unwrap().revision, before);
    }
}

#[tokio::test]
async fn nothing_that_a_repository_brings_is_run() {
    let repository = Repository::new();
    let trace = repository.root().join("it-ran");
    let touch = format!("touch {}", trace.display());
    repository.push(".gitattributes", "* filter=evil\n");
    for folder in [repository.bare(), repository.work().join(".git")] {
        for (key, value) in [
            ("filter.evil.smudge", touch.as_str()),
            ("filter.evil.process", &touch),
            ("filter.evil.required", "true"),
            ("core.fsmonitor", &touch),
            ("uploadpack.packObjectsHook", &touch),
        ] {
            git(&folder, &["config", key, value]);
        }
        for hook in ["post-checkout", "post-update", "reference-transaction", "pre-receive"] {
            let path = folder.join("hooks").join(hook);
            fs::create_dir_all(folder.join("hooks")).unwrap();
            fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let bare = repository.bare().display().to_string();
    for url in [bare.clone(), format!("file://{bare}"), repository.work().display().to_string()] {
        let cache = Temp::new();
        let snapshot = open(settings(&url, &cache)).fetch().await.unwrap();
        let read = snapshot.tree.read("shop/compose.yaml", LIMIT).unwrap();
        assert_eq!(read, b"services: {}\n", "as it was committed");
        assert!(!trace.exists(), "{url}");
    }
}

#[tokio::test]
async fn a_local_repository_that_was_lost_is_reported_when_it_returns() {
    let repository = Repository::new();
    let cache = Temp::new();
    let source = open(settings(repository.bare().to_str().unwrap(), &cache));
    source.fetch().await.unwrap();
    let early = tokio::time::timeout(Duration::ZERO, source.returned()).await;
    assert!(early.is_err(), "it was not lost");
    let away = repository.root().join("away.git");
    fs::rename(repository.bare(), &away).unwrap();
    source.fetch().await.err().expect("it is gone");
    let mut returned = Box::pin(source.returned());
    let early = tokio::time::timeout(Duration::ZERO, &mut returned).await;
    assert!(early.is_err(), "it is not back yet");
    fs::rename(&away, repository.bare()).unwrap();
    tokio::time::timeout(SOON, returned).await.expect("its return is reported");
    source.fetch().await.unwrap();
}
