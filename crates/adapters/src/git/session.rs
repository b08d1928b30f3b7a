//! One conversation with a repository's host: logging in with each credential once,
//! knowing the host by its key, and giving up when too much comes or nobody waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::PathBuf;

use git2::cert::Cert;
use git2::{CertificateCheckStatus, Cred, CredentialType, ErrorClass, ErrorCode, RemoteCallbacks};
use url::Url;

use super::address::Place;
use super::known_hosts::{HostKey, Verdict};
use super::settings::GitSettings;
use super::worker::Cancel;
use world::SourceError;

/// A longer message of a server is cut.
const MAX_MESSAGE: usize = 300;

/// A credential that was not tried yet.
enum Offer {
    Token,
    Key(PathBuf),
    Agent,
}

/// The state that the callbacks of one conversation share.
pub(super) struct Session<'a> {
    settings: &'a GitSettings,
    cancel: &'a Cancel,
    /// libgit2 asks again after bad credentials without end, so each is offered once.
    offers: RefCell<VecDeque<Offer>>,
    /// Whether the user's name was asked for.
    named: Cell<bool>,
    /// Our own reason to end the conversation: better than what libgit2 makes of it.
    refusal: RefCell<Option<SourceError>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(settings: &'a GitSettings, cancel: &'a Cancel) -> Self {
        let login = &settings.login;
        let mut offers = VecDeque::new();
        match settings.address.place {
            Place::Web(_) if login.token.is_some() || settings.address.user.is_some() => {
                offers.push_back(Offer::Token);
            }
            Place::Ssh { .. } => {
                offers.extend(login.ssh_keys.iter().cloned().map(Offer::Key));
                offers.extend(login.ssh_agent.then_some(Offer::Agent));
            }
            Place::Web(_) | Place::Local(_) => {}
        }
        Self {
            settings,
            cancel,
            offers: RefCell::new(offers),
            named: Cell::new(false),
            refusal: RefCell::new(None),
        }
    }

    /// The callbacks that libgit2 is given.
    pub(super) fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        callbacks.credentials(|url, user, allowed| {
            self.credential(url, user, allowed).map_err(|refusal| self.refuse(refusal))
        });
        callbacks.certificate_check(|certificate, _host| {
            self.host_key(certificate).map_err(|refusal| self.refuse(refusal))
        });
        callbacks.sideband_progress(|_| !self.cancel.is_set());
        callbacks.transfer_progress(|progress| {
            let received = u64::try_from(progress.received_bytes()).unwrap_or(u64::MAX);
            let limit = self.settings.limits.bytes;
            if received > limit {
                self.refuse(SourceError::Invalid(format!(
                    "{} sends more than {limit} bytes for one commit; a source holds stack \
                     files, not data (the limit can be raised)",
                    self.settings.address
                )));
            }
            received <= limit && !self.cancel.is_set()
        });
        callbacks
    }

    /// What to tell of a failed conversation.
    pub(super) fn explain(&self, error: &git2::Error) -> SourceError {
        self.refusal.borrow_mut().take().unwrap_or_else(|| self.translate(error))
    }

    /// Whether the conversation was ended by us: trying in another way is no use.
    pub(super) fn has_refused(&self) -> bool {
        self.refusal.borrow().is_some() || self.cancel.is_set()
    }

    fn refuse(&self, refusal: SourceError) -> git2::Error {
        let text = refusal.to_string();
        self.refusal.borrow_mut().get_or_insert(refusal);
        git2::Error::new(ErrorCode::User, ErrorClass::Callback, text)
    }

    fn credential(
        &self,
        url: &str,
        user: Option<&str>,
        allowed: CredentialType,
    ) -> Result<Cred, SourceError> {
        let presented = &self.settings.address;
        let failed = |error: git2::Error| self.translate(&error);
        let user = self.user(user);
        if allowed.contains(CredentialType::USERNAME) && !self.named.replace(true) {
            return Cred::username(&user).map_err(failed);
        }
        if !self.is_ours(url) {
            return Err(SourceError::Forbidden(format!(
                "{presented} redirects to another host, which gets no credentials; use that address"
            )));
        }
        while let Some(offer) = self.offers.borrow_mut().pop_front() {
            return match offer {
                Offer::Token if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) => {
                    Cred::userpass_plaintext(&user, &self.token()?).map_err(failed)
                }
                Offer::Key(path) if allowed.contains(CredentialType::SSH_KEY) => {
                    let phrase = self.settings.login.ssh_passphrase.as_ref();
                    let phrase = phrase.map(super::settings::Token::read).transpose()?;
                    Cred::ssh_key(&user, None, &path, phrase.as_deref()).map_err(failed)
                }
                Offer::Agent if allowed.contains(CredentialType::SSH_KEY) => {
                    Cred::ssh_key_from_agent(&user).map_err(failed)
                }
                _ => continue,
            };
        }
        let (place, login) = (&presented.place, &self.settings.login);
        let given = match place {
            Place::Ssh { .. } => !login.ssh_keys.is_empty() || login.ssh_agent,
            _ => login.token.is_some() || presented.user.is_some(),
        };
        Err(SourceError::Forbidden(match (given, place) {
            (true, _) => format!("{presented} refuses the credentials"),
            (false, Place::Ssh { .. }) => {
                format!("{presented} wants an SSH key, and none is given")
            }
            (false, _) => {
                format!("{presented} wants credentials (or does not exist); none are given")
            }
        }))
    }

    fn user(&self, asked: Option<&str>) -> String {
        let from_address = self.settings.address.user.as_ref();
        let from_address =
            from_address.map(|user| String::from_utf8_lossy(user.expose()).into_owned());
        let fallback = match self.settings.address.place {
            Place::Ssh { .. } => "git",
            _ => "x-access-token",
        };
        self.settings
            .login
            .user
            .clone()
            .or(from_address)
            .or_else(|| asked.map(str::to_owned))
            .unwrap_or_else(|| fallback.to_owned())
    }

    fn token(&self) -> Result<String, SourceError> {
        match (&self.settings.login.token, &self.settings.address.password) {
            (Some(token), _) => token.read(),
            (None, Some(password)) => Ok(String::from_utf8_lossy(password.expose()).into_owned()),
            // `https://TOKEN@host/…`: the user alone is the secret.
            (None, None) => Ok(String::new()),
        }
    }

    /// Whether a URL leads to the host that the operator named. An upgrade to HTTPS on
    /// the same host does.
    fn is_ours(&self, url: &str) -> bool {
        let Place::Web(own) = &self.settings.address.place else { return true };
        let Ok(url) = Url::parse(url) else { return false };
        let same = own.scheme() == url.scheme()
            && own.port_or_known_default() == url.port_or_known_default();
        own.host_str() == url.host_str() && (same || url.scheme() == "https")
    }

    /// Looks an SSH host key up; TLS certificates are libgit2's to judge.
    fn host_key(&self, certificate: &Cert<'_>) -> Result<CertificateCheckStatus, SourceError> {
        let Some(presented) = certificate.as_hostkey() else {
            return Ok(CertificateCheckStatus::CertificatePassthrough);
        };
        let refuse = |text: String| Err(SourceError::Forbidden(text));
        let (Place::Ssh { host, port, .. }, Some(key), Some(kind)) =
            (&self.settings.address.place, presented.hostkey(), presented.hostkey_type())
        else {
            return refuse(format!("{} shows no usable host key", self.settings.address));
        };
        let files = &self.settings.login.known_hosts;
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let text: String = files.iter().map(|path| read(path) + "\n").collect();
        let key = HostKey { host, port: *port, kind: kind.name(), key };
        let (name, print) = (key.name(), key.fingerprint());
        let names: Vec<String> = files.iter().map(|path| format!("`{}`", path.display())).collect();
        let place = if names.is_empty() { "known_hosts".to_owned() } else { names.join(", ") };
        match key.verify(&text) {
            Verdict::Known => Ok(CertificateCheckStatus::CertificateOk),
            Verdict::Unknown => refuse(format!(
                "the host key of {name} is not known: it shows {} {print}; if that is right, \
                 add it to {place} (`ssh-keyscan -p {port} {host}`)",
                kind.name()
            )),
            Verdict::Changed => refuse(format!(
                "the host key of {name} is not the one in {place}: it shows {} {print}; \
                 another host may answer in its place, or the host was set up anew",
                kind.name()
            )),
            Verdict::OtherTypes(kinds) => refuse(format!(
                "the host key of {name} is not known: it shows {} {print}, and {place} has {} \
                 only",
                kind.name(),
                kinds.join(", ")
            )),
            Verdict::Revoked => {
                refuse(format!("the host key of {name} is revoked in {place}: {print}"))
            }
        }
    }

    /// An error of libgit2 in our terms.
    fn translate(&self, error: &git2::Error) -> SourceError {
        let mut message: String =
            error.message().chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
        // A server may repeat what we sent.
        if let Ok(token) = self.token()
            && !token.is_empty()
        {
            message = message.replace(&token, "(masked)");
        }
        let text = format!("{}: {message}", self.settings.address);
        let has = |part: &str| message.contains(part);
        match error.code() {
            ErrorCode::Auth | ErrorCode::Certificate => SourceError::Forbidden(text),
            ErrorCode::Owner => SourceError::Forbidden(format!(
                "{text}; if that is right: git config --global --add safe.directory PATH"
            )),
            _ if has("status code: 401") || has("status code: 403") => SourceError::Forbidden(text),
            _ if has("status code: 404") => SourceError::Unreachable(format!(
                "{text} (there is no such repository, or not for these credentials)"
            )),
            _ if has("cannot redirect from") => SourceError::Forbidden(format!(
                "{text}; a redirect to another host is not followed: use that address"
            )),
            _ if has("Unsupported private key") => {
                SourceError::Forbidden(format!("{text} (or a wrong passphrase)"))
            }
            _ => SourceError::Unreachable(text),
        }
    }
}
