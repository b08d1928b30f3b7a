//! What the tests of git sources share.

use std::time::Duration;

use adapters::git::{Address, GitSettings, GitSource, Reference};
use world::{Source as _, SourceError};

use crate::http::{Behaviour, Server};
use crate::repository::Repository;
use crate::temp::Temp;

pub(crate) const LIMIT: u64 = 1 << 20;
/// Longer than any test takes: a wake-up within it is not the poll's.
pub(crate) const NEVER: Duration = Duration::from_mins(10);
/// What a wake-up may take on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn settings(url: &str, cache: &Temp) -> GitSettings {
    let address = Address::parse(url).unwrap();
    GitSettings { poll: NEVER, ..GitSettings::new(address, cache.path().join("cache")) }
}

pub(crate) fn open(settings: GitSettings) -> GitSource {
    GitSource::open(settings).unwrap()
}

pub(crate) fn at(settings: &GitSettings, reference: &str) -> GitSettings {
    GitSettings { reference: Reference::parse(reference), ..settings.clone() }
}

pub(crate) async fn revision(settings: &GitSettings) -> Result<String, SourceError> {
    Ok(open(settings.clone()).fetch().await?.revision.as_str().to_owned())
}

pub(crate) fn serve(repository: &Repository) -> Server {
    Server::start(Behaviour { root: repository.root().to_owned(), ..Behaviour::default() })
}

pub(crate) fn forbidden<T>(answer: Result<T, SourceError>) -> String {
    match answer {
        Err(SourceError::Forbidden(text)) => text,
        Err(other) => panic!("not forbidden: {other:?}"),
        Ok(_) => panic!("not forbidden"),
    }
}

pub(crate) fn missing<T>(answer: Result<T, SourceError>) -> String {
    match answer {
        Err(SourceError::Missing(text)) => text,
        Err(other) => panic!("not missing: {other:?}"),
        Ok(_) => panic!("not missing"),
    }
}

pub(crate) fn invalid<T>(answer: Result<T, SourceError>) -> String {
    match answer {
        Err(SourceError::Invalid(text)) => text,
        Err(other) => panic!("not invalid: {other:?}"),
        Ok(_) => panic!("not invalid"),
    }
}
