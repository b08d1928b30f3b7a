//! Git repositories over SSH, on a real OpenSSH server.

use adapters::git::{Address, GitSettings, Login, Token};
use model::secret::Content;
use world::{Source as _, SourceError};

use crate::common::{forbidden, open, revision, settings};
use crate::repository::Repository;
use crate::sshd::Sshd;
use crate::temp::Temp;

struct Lab {
    repository: Repository,
    sshd: Sshd,
    cache: Temp,
}

impl Lab {
    async fn new() -> Self {
        let sshd = Sshd::start().await;
        Self { repository: Repository::new(), sshd, cache: Temp::new() }
    }

    fn settings(&self, keys: &[&str], known: &[&str]) -> GitSettings {
        let path = self.repository.bare();
        let url = format!("ssh://root@127.0.0.1:{}{}", self.sshd.port, path.display());
        let login = Login {
            ssh_keys: keys.iter().map(|name| self.sshd.key(name)).collect(),
            known_hosts: known.iter().map(|name| self.sshd.known_hosts(name)).collect(),
            ..Login::default()
        };
        GitSettings { login, ..settings(&url, &self.cache) }
    }
}

/// One test, because the server may have to be unpacked first.
#[tokio::test]
async fn ssh_logs_in_with_keys_and_to_known_hosts_only() {
    let lab = Lab::new().await;
    a_known_host_and_a_key_open_the_repository(&lab).await;
    a_locked_key_needs_its_passphrase(&lab).await;
    an_unknown_or_changed_host_key_ends_it_before_any_login(&lab).await;
    a_key_that_is_refused_is_tried_once(&lab).await;
}

async fn a_known_host_and_a_key_open_the_repository(lab: &Lab) {
    let source = open(lab.settings(&["stranger", "key"], &["host"]));
    let first = source.fetch().await.unwrap();
    let rendered = format!("git:ssh://127.0.0.1:{}", lab.sshd.port);
    assert!(first.source.as_str().starts_with(&rendered), "{}", first.source);
    let pushed = lab.repository.push("x", "y");
    assert_eq!(source.fetch().await.unwrap().revision.as_str(), pushed);
    let mut by_option = lab.settings(&["key"], &["host"]);
    let path = lab.repository.bare();
    let url = format!("ssh://127.0.0.1:{}{}", lab.sshd.port, path.display());
    by_option.address = Address::parse(&url).unwrap();
    by_option.login.user = Some("root".to_owned());
    assert_eq!(revision(&by_option).await, Ok(pushed), "the user is an option");
}

async fn a_locked_key_needs_its_passphrase(lab: &Lab) {
    let mut settings = lab.settings(&["locked"], &["host"]);
    let phrase = |text: &str| Some(Token::Value(Content::new(text.as_bytes())));
    settings.login.ssh_passphrase = phrase("wrong");
    let answer = revision(&settings).await;
    let Err(SourceError::Forbidden(text)) = &answer else { panic!("{answer:?}") };
    assert!(text.contains("passphrase"), "{text}");
    settings.login.ssh_passphrase = phrase("phrase");
    revision(&settings).await.unwrap();
}

async fn an_unknown_or_changed_host_key_ends_it_before_any_login(lab: &Lab) {
    // A key that does not exist would be an error of its own, were it asked for.
    let text = forbidden(revision(&lab.settings(&["none"], &[])).await);
    assert!(text.contains("is not known") && text.contains("SHA256:"), "{text}");
    let text = forbidden(revision(&lab.settings(&["none"], &["stranger"])).await);
    assert!(text.contains("is not the one in"), "{text}");
    revision(&lab.settings(&["key"], &["stranger", "host"])).await.unwrap();
}

async fn a_key_that_is_refused_is_tried_once(lab: &Lab) {
    let text = forbidden(revision(&lab.settings(&["stranger"], &["host"])).await);
    assert!(text.contains("refuses the credentials"), "{text}");
    let text = forbidden(revision(&lab.settings(&[], &["host"])).await);
    assert!(text.contains("wants an SSH key"), "{text}");
}
