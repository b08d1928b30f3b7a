//! What the operator says about a git source.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::Address;
use model::id::SourceId;
use model::secret::Content;
use world::SourceError;

/// A git source as the operator describes it.
#[derive(Clone, Debug)]
pub struct GitSettings {
    /// Where the repository is.
    pub address: Address,
    /// Which commit of it.
    pub reference: Reference,
    /// The folder or stack file inside the repository; `""` is all of it.
    pub path: String,
    /// How often to look for a new commit.
    pub poll: Duration,
    /// Where fetched objects are kept. A folder of its own is made in it.
    pub cache_dir: PathBuf,
    /// How to log in.
    pub login: Login,
    /// What one fetch may take.
    pub limits: Limits,
    /// The operator's name for the source.
    pub name: Option<SourceId>,
}

/// Which commit of a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The repository's `HEAD`.
    Default,
    /// The branch or tag of this name; an error if there are both.
    Named(String),
    /// The head of a branch.
    Branch(String),
    /// The commit of a tag.
    Tag(String),
    /// A full commit id.
    Commit(String),
}

/// What a fetch may take before it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes received.
    pub bytes: u64,
    /// Time from connecting to the last object.
    pub time: Duration,
}

/// How to log in to the repository's host, and how to recognise it.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The user; by default what the address says, else `x-access-token` for HTTP and
    /// `git` for SSH.
    pub user: Option<String>,
    /// The token or password for HTTP.
    pub token: Option<Token>,
    /// Private keys for SSH, tried in this order.
    pub ssh_keys: Vec<PathBuf>,
    /// The passphrase of the private keys.
    pub ssh_passphrase: Option<Token>,
    /// Whether the SSH agent is asked after the keys.
    pub ssh_agent: bool,
    /// Files with the host keys that are trusted. No other host key ever is.
    pub known_hosts: Vec<PathBuf>,
}

/// A secret, or the file that holds it.
#[derive(Clone)]
pub enum Token {
    /// The secret itself.
    Value(Content),
    /// A file with it, read again for every connection, so that it can be exchanged.
    File(PathBuf),
}

impl GitSettings {
    /// The `HEAD` of a repository, looked at every 10 s, without credentials.
    #[must_use]
    pub fn new(address: Address, cache_dir: PathBuf) -> Self {
        Self {
            address,
            reference: Reference::Default,
            path: String::new(),
            poll: Duration::from_secs(10),
            cache_dir,
            login: Login::default(),
            limits: Limits::default(),
            name: None,
        }
    }

    /// The source's id: its name, else `git:`, the address without credentials, `#`, the
    /// reference and, where not all of the repository is meant, `:` and the path.
    #[must_use]
    pub fn id(&self) -> SourceId {
        self.name.clone().unwrap_or_else(|| {
            let path = if self.path.is_empty() { "" } else { ":" };
            SourceId::new(format!("git:{}#{}{path}{}", self.address, self.reference, self.path))
        })
    }

    /// The same with a path that names entries of a tree.
    pub(super) fn checked(mut self) -> Result<Self, SourceError> {
        let path = self.path.trim_matches('/').trim_start_matches("./");
        if path.split('/').any(|name| matches!(name, "." | "..")) && path != "." {
            return Err(SourceError::Invalid(format!(
                "`{}` is not a path inside the repository",
                self.path
            )));
        }
        self.path = if path == "." { String::new() } else { path.to_owned() };
        Ok(self)
    }
}

impl Reference {
    /// Reads what an operator writes: nothing or `HEAD`, `refs/heads/…`, `refs/tags/…`, a
    /// full commit id, or the name of a branch or tag.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.is_empty() || text == "HEAD" {
            Self::Default
        } else if let Some(branch) = text.strip_prefix("refs/heads/") {
            Self::Branch(branch.to_owned())
        } else if let Some(tag) = text.strip_prefix("refs/tags/") {
            Self::Tag(tag.to_owned())
        } else if is_commit {
            Self::Commit(text.to_ascii_lowercase())
        } else {
            Self::Named(text.to_owned())
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("HEAD"),
            Self::Named(name) | Self::Branch(name) | Self::Tag(name) | Self::Commit(name) => {
                f.write_str(name)
            }
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 512 << 20, time: Duration::from_mins(1) }
    }
}

impl Login {
    /// What `ssh` would use of a home folder: its agent, the keys of the usual names that
    /// exist, and the known hosts of the user and of the machine.
    #[must_use]
    pub fn from_home(home: &Path) -> Self {
        let ssh = home.join(".ssh");
        let keys = ["id_ed25519", "id_ecdsa", "id_rsa"].map(|name| ssh.join(name));
        let known_hosts = [ssh.join("known_hosts"), PathBuf::from("/etc/ssh/ssh_known_hosts")];
        Self {
            ssh_keys: keys.into_iter().filter(|path| path.is_file()).collect(),
            ssh_agent: true,
            known_hosts: known_hosts.into(),
            ..Self::default()
        }
    }
}

impl Token {
    /// The secret, without the line end that editors put behind it.
    pub(super) fn read(&self) -> Result<String, SourceError> {
        let (bytes, origin) = match self {
            Self::Value(content) => (content.expose().to_vec(), "the token".to_owned()),
            Self::File(path) => {
                let origin = format!("the secret in `{}`", path.display());
                let bytes = std::fs::read(path).map_err(|error| {
                    SourceError::Forbidden(format!("{origin} cannot be read: {error}"))
                })?;
                (bytes, origin)
            }
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| SourceError::Forbidden(format!("{origin} is not text")))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(content) => content.fmt(f),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_url_reference_and_path_but_no_user() {
        let address = Address::parse("https://me:s3cret@h.example/a.git").unwrap();
        let mut settings = GitSettings::new(address, PathBuf::from("/cache"));
        assert_eq!(settings.id().as_str(), "git:https://h.example/a.git#HEAD");
        settings.reference = Reference::parse("refs/heads/main");
        settings.path = "./shop/".to_owned();
        settings.login.token = Some(Token::Value(Content::new(*b"t0ken")));
        let settings = settings.checked().unwrap();
        assert_eq!(settings.id().as_str(), "git:https://h.example/a.git#main:shop");
        let debug = format!("{settings:?}");
        assert!(!debug.contains("s3cret") && !debug.contains("t0ken"), "{debug}");
        let outside = GitSettings { path: "a/../../b".to_owned(), ..settings };
        assert!(matches!(outside.checked(), Err(SourceError::Invalid(_))));
    }

    #[test]
    fn references_are_distinguished_by_their_form() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(Reference::parse(""), Reference::Default);
        assert_eq!(Reference::parse("refs/tags/v1"), Reference::Tag("v1".to_owned()));
        assert_eq!(Reference::parse(commit), Reference::Commit(commit.to_owned()));
        assert_eq!(Reference::parse(&commit[1..]), Reference::Named(commit[1..].to_owned()));
    }
}
