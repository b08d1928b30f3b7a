//! Where the plan of a file was made from, as it was given: so that `apply FILE` needs no more, and
//! the commands about the file can be copied.

use std::fmt::Write as _;
use std::fs;

use serde::{Deserialize, Serialize};

use model::remedy::quoted;

use super::super::options::SourceOptions;
use super::super::target::{is_url, without_login};
use super::PlanFile;

/// The source of a plan as it was named. It holds no login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Place {
    /// The folder or stack file with its whole path, or the URL without what may be a secret.
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    git: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether a login was left out of the URL, so that it has to be given again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lacks_login: bool,
}

impl Place {
    /// What these settings name.
    pub(in crate::cli) fn of(options: &SourceOptions) -> Self {
        let given = options.source.as_deref().unwrap_or(".");
        let whole = fs::canonicalize(given).ok().filter(|_| !is_url(given));
        let source = match whole.as_deref().and_then(std::path::Path::to_str) {
            Some(whole) => whole.to_owned(),
            None => without_login(given),
        };
        Self {
            lacks_login: is_url(given) && source != given,
            source,
            git: options.git,
            reference: options.reference.clone(),
            path: options.path.clone(),
            name: options.source_name.clone(),
        }
    }

    /// Lets settings that name no source name this one; it stays unnamed if its login is needed.
    pub(in crate::cli) fn fill(&self, options: &mut SourceOptions) {
        if options.source.is_some() || self.lacks_login {
            return;
        }
        let Self { source, git, reference, path, name, lacks_login: _ } = self.clone();
        options.source = Some(source);
        options.git = options.git.or(git);
        options.reference = options.reference.take().or(reference);
        options.path = options.path.take().or(path);
        options.source_name = options.source_name.take().or(name);
    }

    /// As words of a command line.
    pub(super) fn words(&self) -> String {
        let mut all = vec![quoted(&self.source)];
        if let Some(git) = self.git {
            all.push(if git { "--git".to_owned() } else { "--git=false".to_owned() });
        }
        let named =
            [("--ref", &self.reference), ("--path", &self.path), ("--source-name", &self.name)];
        for (option, value) in named {
            all.extend(value.iter().flat_map(|value| [option.to_owned(), quoted(value)]));
        }
        all.join(" ")
    }
}

/// The installation that is meant where none is named.
const DEFAULT_INSTALLATION: &str = "default";

impl PlanFile {
    /// The same, which remembers from where it was made.
    pub(in crate::cli) fn made_from(self, place: Place) -> Self {
        let file = Self { place: Some(place), ..self };
        Self { digest: Some(file.digest_of_rest()), ..file }
    }

    /// Lets settings that name no source name that of the plan.
    pub(in crate::cli) fn fill(&self, options: &mut SourceOptions) {
        if let Some(place) = &self.place {
            place.fill(options);
        }
    }

    /// The command line that applies this file; `None` if it is no file.
    pub(in crate::cli) fn applying(&self) -> Option<String> {
        (!self.name.is_empty())
            .then(|| format!("reconciler apply {} {}", quoted(&self.name), self.words()))
    }

    /// The command line that makes this file anew; `None` if it is no file.
    pub(in crate::cli) fn anew(&self) -> Option<String> {
        (!self.name.is_empty())
            .then(|| format!("reconciler plan --out {} {}", quoted(&self.name), self.words()))
    }

    /// What names its source and its installation.
    fn words(&self) -> String {
        let id = self.source.as_str();
        let mut words = match &self.place {
            Some(place) => place.words(),
            None => match id.strip_prefix("dir:") {
                Some(folder) => quoted(folder),
                None => format!("PATH|URL --source-name {}", quoted(id)),
            },
        };
        if self.installation.as_str() != DEFAULT_INSTALLATION {
            let _ = write!(words, " --installation {}", quoted(self.installation.as_str()));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> SourceOptions {
        SourceOptions { source: Some(source.to_owned()), ..SourceOptions::default() }
    }

    #[test]
    fn a_folder_is_found_again_from_elsewhere() {
        let place = Place::of(&SourceOptions { source_name: Some("a b".into()), ..named(".") });
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(place.words(), format!("{} --source-name 'a b'", here.display()));
        let mut options = SourceOptions::default();
        place.fill(&mut options);
        assert_eq!(options.source.as_deref(), here.to_str());
        assert_eq!(options.source_name.as_deref(), Some("a b"));
        // What is given counts.
        let mut options = named("/other");
        place.fill(&mut options);
        assert_eq!((options.source.as_deref(), options.source_name), (Some("/other"), None));
    }

    #[test]
    fn a_login_is_not_remembered() {
        let place = Place::of(&named("https://u:hush@h.example/x.git"));
        let text = serde_json::to_string(&place).expect("JSON");
        assert!(!text.contains("hush"), "{text}");
        let mut options = SourceOptions::default();
        place.fill(&mut options);
        assert_eq!(options.source, None);
    }
}
