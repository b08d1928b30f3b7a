//! The operator's logins at registries, as the docker command keeps them (`config.json`):
//! sent along with pulls, and handed to BuildKit for the images that a build names.
//!
//! The file is read anew each time, since logins expire. Programs that it names (credential
//! helpers) are not run: this program may be a controller, and what it starts would have its
//! rights.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;

use model::id::ImageRef;

/// How Docker Hub is called in the file, and by its images.
const HUB: &str = "index.docker.io";
/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// Where logins are.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    file: Option<PathBuf>,
    required: bool,
}

/// Why there are no logins.
#[derive(Debug, thiserror::Error)]
pub enum LoginsError {
    /// The file cannot be read.
    #[error("the logins at registries cannot be read from `{0}`: {1}")]
    Unreadable(String, #[source] std::io::Error),
    /// It is not what the docker command writes. Its content is not reported: it may be a
    /// password.
    #[error("`{0}` is no configuration of the docker command (line {1}, column {2})")]
    Malformed(String, usize, usize),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Entry>,
    creds_store: String,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// What is sent to one registry. `Debug` says only that there is something.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::docker) struct Login {
    pub(in crate::docker) user: String,
    pub(in crate::docker) password: String,
    identity: String,
    token: String,
}

/// What is known of one registry.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::docker) enum Known {
    /// A login.
    Login(Login),
    /// It is with this program, which is not run.
    Helper(String),
    /// Nothing.
    Nothing,
}

/// Whether there is a login for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginState {
    /// There is.
    There,
    /// It is with this program, which is not run.
    Helper(String),
    /// There is none.
    Nothing,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(masked)")
    }
}

impl Login {
    /// As the engine gets it.
    pub(in crate::docker) fn header(&self, registry: &str) -> DockerCredentials {
        let non_empty = |text: &String| (!text.is_empty()).then(|| text.clone());
        DockerCredentials {
            username: non_empty(&self.user),
            password: non_empty(&self.password),
            identitytoken: non_empty(&self.identity),
            registrytoken: non_empty(&self.token),
            serveraddress: Some(registry.to_owned()),
            ..DockerCredentials::default()
        }
    }

    /// The user and the password as BuildKit wants them: of a token, no user.
    pub(in crate::docker) fn pair(&self) -> (&str, &str) {
        if self.identity.is_empty() { (&self.user, &self.password) } else { ("", &self.identity) }
    }
}

impl Logins {
    /// Those of a file that may be absent.
    #[must_use]
    pub fn of(file: PathBuf) -> Self {
        Self { file: Some(file), required: false }
    }

    /// Those of a file that must be there.
    ///
    /// # Errors
    /// If it cannot be read now.
    pub fn required(file: PathBuf) -> Result<Self, LoginsError> {
        let logins = Self { file: Some(file), required: true };
        logins.read().map(|_| logins)
    }

    /// How an image's registry is called, and whether there is a login for it.
    pub fn state_of(&self, image: &ImageRef) -> (String, Result<LoginState, LoginsError>) {
        let registry = registry(image.as_str());
        let state = self.of_registry(registry).map(|known| match known {
            Known::Login(_) => LoginState::There,
            Known::Helper(program) => LoginState::Helper(program),
            Known::Nothing => LoginState::Nothing,
        });
        (registry.to_owned(), state)
    }

    /// What is known of an image's registry, and how that is called.
    pub(in crate::docker) fn of_image(
        &self,
        image: &ImageRef,
    ) -> Result<(String, Known), LoginsError> {
        let registry = registry(image.as_str());
        self.of_registry(registry).map(|known| (registry.to_owned(), known))
    }

    /// What is known of a registry.
    pub(in crate::docker) fn of_registry(&self, registry: &str) -> Result<Known, LoginsError> {
        Ok(self.read()?.find(registry))
    }

    /// In words for a message.
    pub(in crate::docker) fn rendered(&self) -> String {
        self.file.as_ref().map_or_else(String::new, |file| format!("`{}`", file.display()))
    }

    fn read(&self) -> Result<Config, LoginsError> {
        let Some(file) = &self.file else { return Ok(Config::default()) };
        let name = file.display().to_string();
        let unreadable = |error| LoginsError::Unreadable(name.clone(), error);
        let text = match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.required => {
                return Ok(Config::default());
            }
            Err(error) => return Err(unreadable(error)),
            Ok(about) if about.len() > LARGEST => {
                return Err(unreadable(std::io::Error::other("it is too large")));
            }
            Ok(_) => std::fs::read(file).map_err(unreadable)?,
        };
        serde_json::from_slice(&text)
            .map_err(|error| LoginsError::Malformed(name.clone(), error.line(), error.column()))
    }
}

impl Config {
    fn find(&self, registry: &str) -> Known {
        let named = |key: &str| host(key) == registry;
        if let Some((_, program)) = self.cred_helpers.iter().find(|(key, _)| named(key)) {
            return Known::Helper(format!("docker-credential-{program}"));
        }
        let entry = self.auths.iter().find(|(key, _)| named(key));
        if let Some(login) = entry.and_then(|(_, entry)| entry.login()) {
            return Known::Login(login);
        }
        // With a store the file only says for which registries there is a login.
        match entry {
            Some(_) if !self.creds_store.is_empty() => {
                Known::Helper(format!("docker-credential-{}", self.creds_store))
            }
            _ => Known::Nothing,
        }
    }
}

impl Entry {
    fn login(&self) -> Option<Login> {
        let decoded = BASE64_STANDARD.decode(self.auth.trim_end_matches('\0')).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
        let (user, password) = pair.unwrap_or((&self.username, &self.password));
        let login = Login {
            user: user.to_owned(),
            password: password.trim_end_matches('\0').to_owned(),
            identity: self.identitytoken.clone(),
            token: self.registrytoken.clone(),
        };
        let says = [&login.password, &login.identity, &login.token];
        says.iter().any(|text| !text.is_empty()).then_some(login)
    }
}

/// Whether a message tells that a registry wants a login, or another one.
pub(in crate::docker) fn is_refusal(message: &str) -> bool {
    let words = ["denied", "unauthorized", "authentication", "authorization", "no basic auth"];
    let message = message.to_ascii_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// The host of an image's registry.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => host(first),
        _ => HUB,
    }
}

/// The host that a key of the file means: `https://index.docker.io/v1/`, `127.0.0.1:5000`.
pub(in crate::docker) fn host(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    match rest.split('/').next().unwrap_or_default() {
        "docker.io" | "registry-1.docker.io" => HUB,
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "auths": {
            "https://index.docker.io/v1/": { "auth": "aHViOnB3" },
            "127.0.0.1:5000": { "username": "me", "password": "a:b" },
            "tokens.example": { "auth": "PHRva2VuPjo=", "identitytoken": "t0ken" },
            "stored.example": {}
        },
        "credsStore": "pass",
        "credHelpers": { "1234.dkr.ecr.example": "ecr-login" },
        "psFormat": "table"
    }"#;

    fn known(image: &str) -> Known {
        let config: Config = serde_json::from_str(FILE).unwrap();
        config.find(registry(image))
    }

    fn login(image: &str) -> (String, String) {
        let Known::Login(login) = known(image) else { panic!("{image}: {:?}", known(image)) };
        let (user, password) = login.pair();
        (user.to_owned(), password.to_owned())
    }

    #[test]
    fn a_login_is_found_by_the_registry_of_the_image() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        for image in ["redis", "library/redis:7", "docker.io/library/redis@sha256:00"] {
            assert_eq!(login(image), pair("hub", "pw"), "{image}");
        }
        assert_eq!(login("127.0.0.1:5000/web:1"), pair("me", "a:b"));
        assert_eq!(login("tokens.example/web"), pair("", "t0ken"));
        assert_eq!(known("127.0.0.1:5001/web:1"), Known::Nothing);
        assert_eq!(known("other.example/web"), Known::Nothing);
    }

    #[test]
    fn what_a_program_keeps_is_named() {
        let helper = |name: &str| Known::Helper(format!("docker-credential-{name}"));
        assert_eq!(known("stored.example/web"), helper("pass"));
        assert_eq!(known("1234.dkr.ecr.example/web"), helper("ecr-login"));
    }

    #[test]
    fn nothing_of_a_login_is_shown() {
        assert!(!format!("{:?}", known("127.0.0.1:5000/web")).contains("a:b"));
        let error = LoginsError::Malformed("c.json".to_owned(), 1, 2).to_string();
        assert_eq!(error, "`c.json` is no configuration of the docker command (line 1, column 2)");
    }

    #[test]
    fn only_a_file_that_was_named_must_be_there() {
        let nowhere = PathBuf::from("/nowhere/config.json");
        assert_eq!(Logins::of(nowhere.clone()).of_registry("a.example").unwrap(), Known::Nothing);
        assert!(matches!(Logins::required(nowhere), Err(LoginsError::Unreadable(..))));
    }
}
