//! Where the plan of a file was made from, as it was given: so that `apply FILE` needs no more, and
//! the commands about the file can be copied.

use std::fs;

use serde::{Deserialize, Serialize};

use model::remedy::quoted;

use super::super::options::SourceOptions;
use super::super::target::{is_url, without_login};

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
