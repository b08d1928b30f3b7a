//! `SwarmCD`: stacks by name, each in a repository by name; `repos.yaml` and `config.yaml` stand
//! beside `stacks.yaml`, or all is in `config.yaml`.

use serde_json::{Map, Value as Json};

use text::emit::{Pair, Yaml, scalar};

use super::listing::{Entry, Imported, joined, seconds, text, texts};

/// Keys of a stack that have a place here, or a note of their own.
const KNOWN: &[&str] = &["repo", "branch", "tag", "compose_file", "values_file", "sops_files"];

/// Its three files.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// `stacks.yaml`, or `stacks` of `config.yaml`.
    pub(super) stacks: Json,
    /// `repos.yaml`, or `repos` of `config.yaml`.
    pub(super) repos: Json,
    /// `config.yaml`.
    pub(super) config: Json,
}

/// Whether this is a list of its stacks.
pub(super) fn fits(document: &Json) -> bool {
    let stacks = document.as_object().filter(|stacks| !stacks.is_empty());
    let is_stack = |it: &Json| it.get("repo").is_some() && it.get("compose_file").is_some();
    stacks.is_some_and(|stacks| stacks.values().all(is_stack))
}

/// Whether this is its configuration with stacks in it.
pub(super) fn fits_config(document: &Json) -> bool {
    document.get("stacks").is_some_and(fits)
}

/// Reads all of it.
pub(super) fn read(files: &Files) -> Imported {
    let mut imported = Imported::default();
    imported.notes.push(
        "Swarm: its services become containers of one engine; stack-files.md of the docs says \
         which keys of `deploy` count there"
            .to_owned(),
    );
    let interval = files.config.get("update_interval").and_then(Json::as_u64).unwrap_or(120);
    for (name, stack) in files.stacks.as_object().into_iter().flatten() {
        if let Some(stack) = stack.as_object() {
            self::stack(name, stack, files, &mut imported);
        }
    }
    for source in &mut imported.sources {
        source.settings.push(("poll".to_owned(), seconds(interval)));
    }
    for key in files.config.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !["update_interval", "repos_path", "repos", "stacks"].contains(&key.as_str()) {
            imported.notes.push(format!("{key} of config.yaml: it has no word here"));
        }
    }
    imported
}

fn stack(name: &str, stack: &Map<String, Json>, files: &Files, imported: &mut Imported) {
    let word = |key: &str| stack.get(key).and_then(text).filter(|text| !text.is_empty());
    let repo = word("repo").unwrap_or_default();
    let known = files.repos.get(&repo);
    let url = known.and_then(|it| text(it.get("url")?)).unwrap_or_else(|| repo.clone());
    let reference = word("tag").or_else(|| word("branch")).unwrap_or_else(|| "main".to_owned());
    let mut entry = Entry::default();
    if known.is_none() {
        entry.notes.push(format!("the address of repository {}: repos.yaml has it", scalar(&repo)));
    }
    let file = word("compose_file").unwrap_or_default();
    entry.pairs.push(Pair::new("stack", Yaml::text(joined("", &file))));
    if let Some(values) = word("values_file") {
        entry.notes.push(format!(
            "values_file {}: the stack is a template of Go; write `${{NAME}}` in it, and \
             `variables` here",
            scalar(&values)
        ));
    }
    let sealed = stack.get("sops_files").map(texts).unwrap_or_default();
    if !sealed.is_empty() || word("sops_secrets_discovery").as_deref() == Some("true") {
        let names = sealed.iter().map(|file| scalar(file)).collect::<Vec<_>>().join(", ");
        entry.notes.push(
            format!("files sealed by SOPS {names}: nothing here opens them")
                .replace("SOPS :", "SOPS:"),
        );
    }
    let is_unknown =
        |key: &&String| !KNOWN.contains(&key.as_str()) && key.as_str() != "sops_secrets_discovery";
    for key in stack.keys().filter(is_unknown) {
        entry.notes.push(format!("{key}: it has no word here"));
    }
    let source = imported.source(Some(&url), Some(&reference));
    if source.deployments.is_empty() {
        source.settings.extend(login(known));
    }
    source.add(name, entry);
}

/// The settings of a repository's login, without its password.
fn login(repo: Option<&Json>) -> Vec<(String, String)> {
    let word = |key: &str| repo.and_then(|repo| text(repo.get(key)?));
    let user = word("username").map(|name| ("git_user".to_owned(), scalar(&name)));
    let file = word("password_file").or_else(|| word("password").map(|_| "FILE".to_owned()));
    let file = file.map(|file| ("git_token_file".to_owned(), scalar(&file)));
    user.into_iter().chain(file).collect()
}
