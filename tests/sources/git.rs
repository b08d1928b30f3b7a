//! Git repositories as sources, on this machine and over HTTP.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use reconciler::adapters::git::{Address, GitSettings, GitSource, Limits, Reference, Token};
use reconciler::model::secret::Content;
use reconciler::world::{Source as _, SourceError, TreeEntry, TreeError, TreeKind};

use crate::http::{Behaviour, Server};
use crate::repository::{Repository, git};
use crate::temp::Temp;

const LIMIT: u64 = 1 << 20;
/// Longer than any test takes: a wake-up within it is not the poll's.
const NEVER: Duration = Duration::from_mins(10);
/// What a wake-up may take on a loaded machine.
const SOON: Duration = Duration::from_secs(20);

fn settings(url: &str, cache: &Temp) -> GitSettings {
    let address = Address::parse(url).unwrap();
    GitSettings { poll: NEVER, ..GitSettings::new(address, cache.path().join("cache")) }
}

fn open(settings: GitSettings) -> GitSource {
    GitSource::open(settings).unwrap()
}

fn at(settings: &GitSettings, reference: &str) -> GitSettings {
    GitSettings { reference: Reference::parse(reference), ..settings.clone() }
}

async fn revision(settings: &GitSettings) -> Result<String, SourceError> {
    Ok(open(settings.clone()).fetch().await?.revision.as_str().to_owned())
}

fn serve(repository: &Repository) -> Server {
    Server::start(Behaviour { root: repository.root().to_owned(), ..Behaviour::default() })
}

/// `x-access-token:s3cret` as the header that carries it.
const GOOD: &str = "Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0";

fn token(text: &str) -> Token {
    Token::Value(Content::new(text.as_bytes()))
}

fn forbidden<T>(answer: Result<T, SourceError>) -> String {
    match answer {
        Err(SourceError::Forbidden(text)) => text,
        Err(other) => panic!("not forbidden: {other:?}"),
        Ok(_) => panic!("not forbidden"),
    }
}

fn invalid<T>(answer: Result<T, SourceError>) -> String {
    match answer {
        Err(SourceError::Invalid(text)) => text,
        Err(other) => panic!("not invalid: {other:?}"),
        Ok(_) => panic!("not invalid"),
    }
}

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
        let shown = if url == http { &http } else { &path };
        assert_eq!(snapshot.source.as_str(), format!("git:{shown}#HEAD"));
    }
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
async fn an_unchanged_head_is_looked_at_and_not_fetched() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    let source = open(settings.clone());
    let first = source.fetch().await.unwrap();
    let posts = || server.requests().iter().filter(|request| request.method == "POST").count();
    let needed = posts();
    assert!(needed > 0, "the first fetch gets a pack");
    let again = source.fetch().await.unwrap();
    assert_eq!(again.revision, first.revision);
    assert!(std::ptr::addr_eq(&raw const *again.tree, &raw const *first.tree));
    drop(source);
    open(settings).fetch().await.unwrap();
    assert_eq!(posts(), needed, "the next process finds the commit in the cache");
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
        assert!(invalid(commit("none").await).contains("no branch or tag `none`"));
        let unknown = "0123456789012345678901234567890123456789";
        assert!(invalid(commit(unknown).await).contains(unknown));
    }
}

#[tokio::test]
async fn a_commit_that_no_reference_points_at_is_found() {
    let repository = Repository::new();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.push("a", "2");
    let server = serve(&repository);
    let url = server.url("127.0.0.1", "repo.git");
    for allowed in ["false", "true"] {
        repository.git_bare(&["config", "uploadpack.allowReachableSHA1InWant", allowed]);
        let cache = Temp::new();
        let source = open(at(&settings(&url, &cache), &first));
        assert_eq!(source.fetch().await.unwrap().revision.as_str(), first, "allowed: {allowed}");
        let asked = server.requests().len();
        source.fetch().await.unwrap();
        assert_eq!(server.requests().len(), asked, "a commit never changes");
    }
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
    for path in ["none", "shop/none", "shop/link.yaml", "shop/compose.yaml/x"] {
        let source = open(GitSettings { path: path.to_owned(), ..settings.clone() });
        assert!(invalid(source.fetch().await).contains(path), "{path}");
    }
}

#[tokio::test]
async fn links_submodules_and_executables_are_told_apart() {
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
async fn the_right_token_opens_and_is_kept_nowhere() {
    let repository = Repository::new();
    let server = Server::start(Behaviour {
        root: repository.root().to_owned(),
        wanted: Some(GOOD.to_owned()),
        ..Behaviour::default()
    });
    let cache = Temp::new();
    let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    cache.write("token", "s3cret\n");
    for from in [token("s3cret"), Token::File(cache.path().join("token"))] {
        settings.login.token = Some(from);
        let snapshot = open(settings.clone()).fetch().await.unwrap();
        assert!(!snapshot.source.as_str().contains("s3cret"));
    }
    let url = server.url("x-access-token:s3cret@127.0.0.1", "repo.git");
    let by_url = GitSettings { address: Address::parse(&url).unwrap(), ..settings };
    revision(&by_url).await.unwrap();
    let found = std::process::Command::new("grep")
        .args(["-r", "s3cret"])
        .arg(cache.path().join("cache"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "the token is in the cache");
}

#[tokio::test]
async fn a_wrong_token_is_tried_once() {
    let repository = Repository::new();
    let server = Server::start(Behaviour {
        root: repository.root().to_owned(),
        wanted: Some("Basic bm9ib2R5".to_owned()),
        ..Behaviour::default()
    });
    let cache = Temp::new();
    let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    assert!(forbidden(revision(&settings).await).contains("none are given"));
    let before = server.requests().len();
    settings.login.token = Some(token("s3cret"));
    let text = forbidden(revision(&settings).await);
    assert!(text.contains("refuses") && !text.contains("s3cret"), "{text}");
    let tried = server.requests().split_off(before);
    assert_eq!(tried.iter().filter(|request| request.authorization.is_some()).count(), 1);
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_neither_request_nor_token() {
    let repository = Repository::new();
    let wanted = Some(GOOD.to_owned());
    let root = repository.root().to_owned();
    let thief = Server::start(Behaviour { root, wanted, ..Behaviour::default() });
    for host in ["localhost", "127.0.0.1"] {
        let server = Server::start(Behaviour {
            redirect: Some(thief.url(host, "").trim_end_matches('/').to_owned()),
            ..Behaviour::default()
        });
        let cache = Temp::new();
        let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
        settings.login.token = Some(token("s3cret"));
        let text = forbidden(revision(&settings).await);
        assert!(text.contains("redirect"), "{text}");
    }
    let got = thief.requests();
    assert!(got.iter().all(|request| request.authorization.is_none()), "{got:?}");
    assert!(got.iter().all(|request| request.method == "GET"), "{got:?}");
}

#[tokio::test]
async fn more_bytes_than_allowed_are_not_taken() {
    let repository = Repository::new();
    let noise: Vec<u8> =
        (0..400_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let server = serve(&repository);
    let cache = Temp::new();
    let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    settings.limits = Limits { bytes: 200_000, ..settings.limits };
    let source = open(settings);
    let small = source.fetch().await.unwrap();
    repository.push("data.bin", noise);
    assert!(invalid(source.fetch().await).contains("200000 bytes"));
    assert_eq!(small.tree.list("").unwrap().len(), 1, "what was fetched before is still there");
    repository.git(&["rm", "-q", "data.bin"]);
    let head = repository.push("x", "y");
    assert_eq!(source.fetch().await.unwrap().revision.as_str(), head);
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let server = Server::start(Behaviour { silent: true, ..Behaviour::default() });
    let cache = Temp::new();
    let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    settings.limits = Limits { time: Duration::from_millis(300), ..settings.limits };
    let answer = revision(&settings).await;
    assert!(matches!(answer, Err(SourceError::Unreachable(_))), "{answer:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_unreachable_and_what_is_empty_invalid() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let nobody = "http://127.0.0.1:1/repo.git".to_owned();
    for url in [server.url("127.0.0.1", "none.git"), nobody] {
        let answer = revision(&settings(&url, &cache)).await;
        assert!(matches!(answer, Err(SourceError::Unreachable(_))), "{url}: {answer:?}");
    }
    let gone = Address::parse("/none.git");
    assert!(matches!(gone, Err(SourceError::Unreachable(_))), "{gone:?}");
    git(repository.root(), &["init", "-q", "--bare", "empty.git"]);
    for url in [
        server.url("127.0.0.1", "empty.git"),
        repository.root().join("empty.git").display().to_string(),
    ] {
        assert!(invalid(revision(&settings(&url, &cache)).await).contains("no commit"), "{url}");
    }
}

#[tokio::test]
async fn a_damaged_cache_heals() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    let head = revision(&settings).await.unwrap();
    for file in files(&cache.path().join("cache")) {
        if file.extension().is_some_and(|end| end == "pack") {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            fs::write(&file, "rubbish").unwrap();
        }
    }
    assert_eq!(revision(&settings).await, Ok(head.clone()), "damaged packs");
    let source = open(settings);
    source.fetch().await.unwrap();
    fs::remove_dir_all(cache.path().join("cache")).unwrap();
    source.fetch().await.unwrap();
    let pushed = repository.push("x", "y");
    assert_eq!(source.fetch().await.unwrap().revision.as_str(), pushed, "removed while in use");
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
async fn a_push_over_http_wakes_at_the_next_poll() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let mut settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    settings.poll = Duration::from_millis(50);
    let source = open(settings);
    source.fetch().await.unwrap();
    let idle = tokio::time::timeout(Duration::from_millis(600), source.changed()).await;
    assert!(idle.is_err(), "polls that find nothing wake nobody");
    assert!(server.requests().len() > 3, "it was polled");
    repository.push("x", "y");
    tokio::time::timeout(SOON, source.changed()).await.expect("a push wakes");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
