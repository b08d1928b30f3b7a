//! Where desired state comes from: a folder, a stack file or a git repository.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;

use adapters::dir::DirSource;
use adapters::git::{Address, GitSettings, GitSource, Login, Reference, Token};
use model::id::SourceId;
use model::secret::Content;
use world::{Snapshot, Source, SourceError};

use super::super::environment::Environment;
use super::super::options::SourceOptions;
use super::Refusal;
use super::roots::Roots;

/// How often a source is looked at although nothing was reported.
const POLL: Duration = Duration::from_secs(10);
/// Where fetched commits are kept if there is no home folder.
const CACHE: &str = "/var/cache/reconciler";

/// One of the two kinds.
pub(in crate::cli) enum AnySource {
    /// A folder or a stack file.
    Dir(DirSource),
    /// A git repository.
    Git(GitSource),
}

impl AnySource {
    /// Its id.
    pub(in crate::cli) fn id(&self) -> &SourceId {
        match self {
            Self::Dir(source) => source.id(),
            Self::Git(source) => source.id(),
        }
    }

    /// Whether it is a folder or file of this machine.
    pub(in crate::cli) fn is_folder(&self) -> bool {
        matches!(self, Self::Dir(_))
    }
}

impl Source for AnySource {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        match self {
            Self::Dir(source) => source.fetch().await,
            Self::Git(source) => source.fetch().await,
        }
    }

    async fn changed(&self) {
        match self {
            Self::Dir(source) => source.changed().await,
            Self::Git(source) => source.changed().await,
        }
    }

    async fn returned(&self) {
        match self {
            Self::Dir(source) => source.returned().await,
            Self::Git(source) => source.returned().await,
        }
    }
}

/// A source that also counts as changed when it becomes known where an engine's host sees it.
pub(in crate::cli) struct Placed<'a> {
    pub(in crate::cli) source: &'a AnySource,
    pub(in crate::cli) roots: &'a Roots,
}

impl Source for Placed<'_> {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        self.source.fetch().await
    }

    async fn changed(&self) {
        select(pin!(self.source.changed()), pin!(self.roots.learned())).await;
    }

    async fn returned(&self) {
        self.source.returned().await;
    }
}

/// Opens the source. Nothing is fetched yet.
pub(in crate::cli) fn source(
    options: &SourceOptions,
    environment: &Environment,
) -> Result<AnySource, Refusal> {
    let place = options.source.as_deref().unwrap_or(".");
    let address = match options.git {
        Some(true) => Address::parse(place).map(Some),
        Some(false) => Ok(None),
        None => Address::recognise(place),
    };
    match address.map_err(|error| Refusal::source(&error))? {
        Some(address) => {
            let settings = git(options, address, environment);
            GitSource::open(settings).map(AnySource::Git)
        }
        None => folder(options, place)?,
    }
    .map_err(|error| Refusal::source(&error))
}

/// A folder; settings that only a repository has are refused.
fn folder(options: &SourceOptions, place: &str) -> Result<Result<AnySource, SourceError>, Refusal> {
    let name = options.source_name.as_deref().map(SourceId::from);
    let poll = options.poll.map_or(POLL, |poll| poll.0);
    // A bare repository that is gone looks like a folder that is: the flags are not to blame.
    let source = match DirSource::new(Path::new(place), name) {
        Ok(source) => AnySource::Dir(source.rescan_every(poll)),
        Err(error) => return Ok(Err(error)),
    };
    for (flag, given) in
        [("--ref", options.reference.is_some()), ("--path", options.path.is_some())]
    {
        if given {
            return Err(Refusal::usage(
                format!("`{flag}` is for a git repository, and `{place}` is read as a folder"),
                "add `--git` to read the commits of the repository in that folder",
            ));
        }
    }
    Ok(Ok(source))
}

fn git(options: &SourceOptions, address: Address, environment: &Environment) -> GitSettings {
    let mut settings = GitSettings::new(address, cache(options, environment));
    settings.reference = Reference::parse(options.reference.as_deref().unwrap_or_default());
    settings.path = options.path.clone().unwrap_or_default();
    settings.poll = options.poll.map_or(POLL, |poll| poll.0);
    settings.name = options.source_name.as_deref().map(SourceId::from);
    settings.login = login(options, environment);
    settings
}

/// What ssh would use of the home folder, and what the operator says instead.
fn login(options: &SourceOptions, environment: &Environment) -> Login {
    let mut login = environment
        .get("HOME")
        .map_or_else(Login::default, |home| Login::from_home(Path::new(home)));
    if let Some(key) = &options.ssh_key {
        login.ssh_keys = vec![key.clone()];
        login.ssh_agent = false;
    }
    if let Some(known_hosts) = &options.known_hosts {
        login.known_hosts = vec![known_hosts.clone()];
    }
    let value = |text: &str| Token::Value(Content::new(text.as_bytes()));
    let file = options.git_token_file.clone().map(Token::File);
    login.token = file.or_else(|| environment.get("RECONCILER_GIT_TOKEN").map(value));
    login.ssh_passphrase = options.ssh_passphrase_file.clone().map(Token::File);
    login.user.clone_from(&options.git_user);
    login
}

fn cache(options: &SourceOptions, environment: &Environment) -> PathBuf {
    let home = || environment.get("HOME").map(|home| Path::new(home).join(".cache"));
    let base = environment.get("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let base = base.map_or_else(|| PathBuf::from(CACHE), |base| base.join("reconciler"));
    options.cache_dir.clone().unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_no_branch() {
        let options = SourceOptions {
            source: Some(env!("CARGO_MANIFEST_DIR").to_owned()),
            reference: Some("main".to_owned()),
            ..SourceOptions::default()
        };
        let refusal = source(&options, &Environment::default()).err().expect("refused");
        assert!(refusal.messages[0].message.contains("`--ref`"), "{refusal:?}");
        let git = SourceOptions { git: Some(true), ..options };
        assert!(source(&git, &Environment::default()).is_ok_and(|source| !source.is_folder()));
    }

    #[test]
    fn a_key_that_is_named_is_the_only_one() {
        let options =
            SourceOptions { ssh_key: Some("/keys/deploy".into()), ..SourceOptions::default() };
        let login = login(&options, &Environment::of(&[("HOME", "/home/ann")]));
        assert_eq!((login.ssh_keys, login.ssh_agent), (vec!["/keys/deploy".into()], false));
        assert_eq!(login.known_hosts[0], Path::new("/home/ann/.ssh/known_hosts"));
    }

    #[test]
    fn the_token_never_prints() {
        let environment = Environment::of(&[("RECONCILER_GIT_TOKEN", "hush")]);
        let login = login(&SourceOptions::default(), &environment);
        assert!(login.token.is_some());
        assert!(!format!("{login:?} {environment:?}").contains("hush"));
    }
}
