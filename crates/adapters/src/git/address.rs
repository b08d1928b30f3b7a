//! What an operator may write as the address of a git repository, and the forms of it
//! that may be shown: user and password are taken out first.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use super::super::unread;
use model::diagnostic::Code;
use model::secret::Content;
use world::SourceError;

/// A repository that this build of the program does not reach.
const NO_REMOTES: Code = Code("E0516");

/// Where a repository is.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) place: Place,
    /// For people and ids: without user and password.
    rendered: String,
    /// The user name that the address had, if any.
    pub(super) user: Option<Content>,
    /// The password that the address had, if any.
    pub(super) password: Option<Content>,
}

/// How to get there.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A repository on this machine.
    Local(PathBuf),
    /// Over HTTP or HTTPS; the URL has no user info.
    Web(Url),
    /// Over SSH.
    Ssh {
        /// As libgit2 takes it: with the user, never with a password.
        url: String,
        host: String,
        port: u16,
    },
}

impl Address {
    /// Reads an address of which it is known that it means a repository: a path,
    /// `file://`, `http://`, `https://`, `ssh://` or `user@host:path`.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] for any other form. The text never repeats the address,
    /// which may hold a password.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        match text.split_once("://") {
            Some(_) => Self::from_url(text),
            None => match scp(text) {
                Some((user, host, path)) if !Path::new(text).exists() => {
                    Self::from_scp(user, host, path)
                }
                _ => Self::local(Path::new(text)),
            },
        }
    }

    /// Reads a PATH or URL that may as well mean a plain folder: an address if it has the
    /// form of a URL or of `user@host:path`, or is a bare repository.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn recognise(text: &str) -> Result<Option<Self>, SourceError> {
        let path = Path::new(text);
        let far = text.contains("://") || scp(text).is_some();
        let is_git = if path.exists() { is_bare(path) } else { far };
        if is_git { Self::parse(text).map(Some) } else { Ok(None) }
    }

    /// Whether the password would cross the network in the clear.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        matches!(&self.place, Place::Web(url) if url.scheme() == "http")
    }

    /// That libgit2 was built with what this place needs.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] if it was not.
    pub(super) fn is_within_reach(&self, remotes: bool) -> Result<(), SourceError> {
        let secured = match &self.place {
            Place::Local(_) => false,
            Place::Web(url) => url.scheme() == "https",
            Place::Ssh { .. } => true,
        };
        if remotes || !secured {
            return Ok(());
        }
        Err(SourceError::Invalid(format!(
            "{self}: this program was built without https and ssh for git [{NO_REMOTES}]; build it \
             with the feature `remotes`, or use a clone on this machine"
        )))
    }

    fn from_url(text: &str) -> Result<Self, SourceError> {
        let wrong = |why: &str| SourceError::Invalid(format!("the repository's URL {why}"));
        let mut url = Url::parse(text).map_err(|error| wrong(&format!("is wrong: {error}")))?;
        let scheme = url.scheme().to_owned();
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode);
        let password = url.password().map(decode);
        let host = url.host_str().unwrap_or_default().to_owned();
        match scheme.as_str() {
            "file" => {
                let path = url.to_file_path().map_err(|()| wrong("names no local path"))?;
                return Self::local(&path);
            }
            _ if host.is_empty() => return Err(wrong("names no host")),
            _ if url.query().is_some() || url.fragment().is_some() => {
                return Err(wrong("has a `?` or `#`; branch and folder are options of their own"));
            }
            "http" | "https" | "ssh" | "git+ssh" => {}
            other => {
                return Err(wrong(&format!(
                    "begins with `{other}://`; use a path, file://, https://, http:// or ssh://"
                )));
            }
        }
        let port = url.port().unwrap_or(22);
        let cleared = url.set_password(None).is_ok();
        let ssh = url.as_str().replacen("git+ssh", "ssh", 1);
        if !cleared || url.set_username("").is_err() {
            return Err(wrong("cannot be used without its user"));
        }
        let rendered = url.as_str().trim_end_matches('/').to_owned();
        let place = if scheme.ends_with("ssh") {
            Place::Ssh { url: ssh, host: unbracketed(&host), port }
        } else {
            Place::Web(url)
        };
        Ok(Self { place, rendered, user, password })
    }

    #[expect(clippy::unnecessary_wraps, reason = "one shape for every form of address")]
    fn from_scp(user: Option<&str>, host: &str, path: &str) -> Result<Self, SourceError> {
        let login = user.map_or_else(String::new, |user| format!("{user}@"));
        Ok(Self {
            place: Place::Ssh {
                url: format!("{login}{host}:{path}"),
                host: unbracketed(host),
                port: 22,
            },
            rendered: format!("{host}:{path}"),
            user: user.map(|user| Content::new(user.as_bytes())),
            password: None,
        })
    }

    fn local(path: &Path) -> Result<Self, SourceError> {
        let utf8 = |path: &Path| path.to_str().map(str::to_owned);
        let path = path.canonicalize().map_err(|error| unread(path, &error))?;
        let rendered = utf8(&path).ok_or_else(|| {
            SourceError::Invalid(format!("the path `{}` is not UTF-8", path.display()))
        })?;
        Ok(Self { place: Place::Local(path), rendered, user: None, password: None })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.rendered)
    }
}

/// The parts of `[user@]host:path`: git's rule is that no slash comes before the colon.
fn scp(text: &str) -> Option<(Option<&str>, &str, &str)> {
    let (left, path) = match text.find("]:") {
        Some(end) => (&text[..=end], &text[end + 2..]),
        None => text.split_once(':')?,
    };
    let (user, host) = match left.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, left),
    };
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-[]:".contains(c))
    };
    let fits = plain(host) && user.is_none_or(plain) && !path.is_empty();
    fits.then_some((user, host, path))
}

/// A folder that is laid out as a bare repository.
fn is_bare(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

fn unbracketed(host: &str) -> String {
    host.trim_matches(['[', ']']).to_owned()
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Content {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Content::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(text: &str) -> (String, String, u16) {
        match Address::parse(text).unwrap().place {
            Place::Ssh { url, host, port } => (url, host, port),
            _ => panic!("{text} is not ssh"),
        }
    }

    #[test]
    fn a_password_is_taken_out_and_never_shown() {
        let address = Address::parse("https://me:p%40ss@git.example.org/a/b.git").unwrap();
        assert_eq!(address.to_string(), "https://git.example.org/a/b.git");
        assert_eq!(format!("{address:?}"), "Address(https://git.example.org/a/b.git)");
        assert_eq!(address.password.unwrap().expose(), b"p@ss");
        assert_eq!(address.user.unwrap().expose(), b"me");
        let Place::Web(url) = address.place else { panic!("not on the web") };
        assert_eq!(url.as_str(), "https://git.example.org/a/b.git");
        for wrong in ["https://me:s3cret@", "https://me:s3cret@host/x#y", "foo://me:s3cret@h/x"] {
            let error = Address::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn ssh_keeps_its_user_for_the_connection_alone() {
        let address = Address::parse("ssh://git:pw@git.example.org:2222/a.git").unwrap();
        assert_eq!(address.to_string(), "ssh://git.example.org:2222/a.git");
        let host = "git.example.org".to_owned();
        assert_eq!(
            ssh("ssh://git:pw@git.example.org:2222/a.git"),
            ("ssh://git@git.example.org:2222/a.git".to_owned(), host.clone(), 2222)
        );
        assert_eq!(
            ssh("git@git.example.org:a/b.git"),
            ("git@git.example.org:a/b.git".to_owned(), host, 22)
        );
        let scp = Address::parse("git@git.example.org:a/b.git").unwrap();
        assert_eq!(scp.to_string(), "git.example.org:a/b.git");
        assert_eq!(ssh("ssh://[::1]:22/a").1, "::1");
    }

    #[test]
    fn a_build_without_remotes_says_so_of_https_and_ssh_alone() {
        let reach = |text: &str, remotes| Address::parse(text).unwrap().is_within_reach(remotes);
        for secured in ["https://me:s3cret@h/a", "ssh://git@h/a", "git@h:a"] {
            assert_eq!(reach(secured, true), Ok(()), "{secured}");
            let Err(SourceError::Invalid(text)) = reach(secured, false) else {
                panic!("{secured}")
            };
            assert!(text.contains("E0516") && text.contains("`remotes`"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
        for near in ["http://h/a", "/tmp"] {
            assert_eq!(reach(near, false), Ok(()), "{near}");
        }
    }

    #[test]
    fn a_plain_folder_is_not_taken_for_a_repository() {
        for folder in [".", "/tmp", "desired-state", "./a:b", "/srv/a:b"] {
            assert_eq!(Address::recognise(folder), Ok(None), "{folder}");
        }
        for git in ["https://h/a", "http://h/a", "ssh://h/a", "git@h:a", "h.example:a.git"] {
            assert!(Address::recognise(git).unwrap().is_some(), "{git}");
        }
        for wrong in ["git://h/a", "ftp://h/a", "ssh:///a", "ext::sh -c x://y"] {
            assert!(matches!(Address::recognise(wrong), Err(SourceError::Invalid(_))), "{wrong}");
        }
    }
}
