//! Git repositories over HTTP: what is sent, what is kept, what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adapters::git::{Address, GitSettings, Limits, Token};
use model::secret::Content;
use world::{Source as _, SourceError};

use crate::common::{LIMIT, SOON, at, forbidden, invalid, open, revision, serve, settings};
use crate::http::{Behaviour, Server};
use crate::repository::Repository;
use crate::temp::Temp;

/// `x-access-token:s3cret` as the header that carries it.
const GOOD: &str = "Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0";

fn token(text: &str) -> Token {
    Token::Value(Content::new(text.as_bytes()))
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

/// The packs in a cache, writable.
fn packs(cache: &Temp) -> Vec<PathBuf> {
    let mut found = files(&cache.path().join("cache"));
    found.retain(|file| file.extension().is_some_and(|end| end == "pack"));
    for file in &found {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    found
}

#[tokio::test]
async fn a_damaged_cache_heals() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    let head = revision(&settings).await.unwrap();
    for pack in packs(&cache) {
        fs::write(pack, "rubbish").unwrap();
    }
    assert_eq!(revision(&settings).await, Ok(head), "damaged packs");
    let source = open(settings);
    source.fetch().await.unwrap();
    fs::remove_dir_all(cache.path().join("cache")).unwrap();
    source.fetch().await.unwrap();
    let pushed = repository.push("x", "y");
    assert_eq!(source.fetch().await.unwrap().revision.as_str(), pushed, "removed while in use");
}

#[tokio::test]
async fn a_damaged_object_is_an_error_once_and_then_fetched_anew() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    let head = revision(&settings).await.unwrap();
    let size = fs::metadata(&packs(&cache)[0]).unwrap().len();
    for at in (12..size).step_by(9) {
        for pack in packs(&cache) {
            let mut bytes = fs::read(&pack).unwrap();
            let at = usize::try_from(at).unwrap();
            bytes[at] ^= 0x55;
            fs::write(&pack, bytes).unwrap();
        }
        let source = open(settings.clone());
        let mut texts = Vec::new();
        for _ in 0..2 {
            let snapshot = source.fetch().await.unwrap();
            assert_eq!(snapshot.revision.as_str(), head);
            texts.push(snapshot.tree.read("shop/compose.yaml", LIMIT));
        }
        assert_eq!(texts[1], Ok(b"services: {}\n".to_vec()), "byte {at}: {texts:?}");
    }
}

#[tokio::test]
async fn an_outage_costs_nothing_of_the_cache() {
    let repository = Repository::new();
    let server = serve(&repository);
    let cache = Temp::new();
    let settings = settings(&server.url("127.0.0.1", "repo.git"), &cache);
    let source = open(settings);
    source.fetch().await.unwrap();
    let kept = packs(&cache);
    fs::rename(repository.bare(), repository.root().join("away.git")).unwrap();
    assert!(matches!(source.fetch().await, Err(SourceError::Unreachable(_))));
    drop(server);
    assert!(matches!(source.fetch().await, Err(SourceError::Unreachable(_))));
    assert_eq!(packs(&cache), kept);
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

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
