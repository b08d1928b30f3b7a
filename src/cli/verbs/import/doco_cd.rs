//! doco-cd: `.doco-cd.yaml`, of which one file may hold several documents, and poll configurations
//! with or without deployments in them.

use std::path::Path;

use serde_json::{Map, Value as Json};

use reconcile::stack::STACKS;
use text::emit::{Pair, Yaml, scalar};

use super::listing::{Entry, Imported, joined, seconds, text, texts};

/// What its keys are called that have a place here; of all others a note is made.
const KNOWN: &[&str] = &[
    "name",
    "reference",
    "repository_url",
    "working_dir",
    "compose_files",
    "environment",
    "env_files",
    "profiles",
    "timeout",
    "destroy",
    "auto_discover",
    "auto_discover_opts",
    "force_image_pull",
    "paused",
];

/// Keys without a place here, and why nothing, or what else, is needed.
const NOTES: &[(&str, &str)] = &[
    ("webhook_filter", "the controller polls, and plans what a commit changes"),
    ("remove_orphans", "what leaves a stack is removed, except under `sync: heal`"),
    ("prune_images", "images stay: `docker image prune`"),
    ("force_recreate", "what does not differ is left alone"),
    ("git_depth", "history is fetched as far as it is needed"),
    ("destroy_opts", "take the entry out, and it is removed; volumes stay"),
    ("build_opts", "`build` of the stack says it"),
    ("external_secrets", "secrets are files or variables of the operator's"),
    ("reconciliation", "drift is repaired always; `sync: notify` only reports it"),
    ("deployment_hooks", "`post_start` and `pre_stop` of a service are the nearest"),
];

/// Whether this is one of its files.
pub(super) fn fits(name: &str, documents: &[Json]) -> bool {
    let keys =
        ["working_dir", "compose_files", "auto_discover", "repository_url", "webhook_filter"];
    name.starts_with(".doco-cd")
        || documents.iter().any(|one| keys.iter().any(|key| one.get(key).is_some()) || is_poll(one))
}

/// Whether this is a poll configuration: a list of repositories.
fn is_poll(document: &Json) -> bool {
    let items = document.as_array().map(Vec::as_slice).unwrap_or_default();
    !items.is_empty() && items.iter().all(|item| item.get("url").is_some())
}

/// Reads all of it; `folder` is where the file lies.
pub(super) fn read(documents: &[Json], folder: &Path) -> Imported {
    let mut imported = Imported::default();
    for document in documents {
        if is_poll(document) {
            for poll in document.as_array().into_iter().flatten() {
                self::poll(poll, folder, &mut imported);
            }
            continue;
        }
        let several = document.as_array().map(Vec::as_slice);
        for one in several.unwrap_or(std::slice::from_ref(document)) {
            if let Some(one) = one.as_object() {
                deployment(one, (None, None), folder, &mut imported);
            }
        }
    }
    imported
}

fn poll(poll: &Json, folder: &Path, imported: &mut Imported) {
    let word = |key: &str| poll.get(key).and_then(text);
    let (url, reference) = (word("url"), word("reference").unwrap_or_else(|| "main".to_owned()));
    let interval = poll.get("interval").and_then(Json::as_u64).unwrap_or(180);
    let source = imported.source(url.as_deref(), Some(&reference));
    if interval > 0 {
        source.settings.push(("poll".to_owned(), seconds(interval)));
    }
    let name = source.url.clone().unwrap_or_default();
    let inline = poll.get("deployments").and_then(Json::as_array);
    if inline.is_none_or(Vec::is_empty) {
        let file =
            word("target").map_or(".doco-cd.yaml".to_owned(), |it| format!(".doco-cd.{it}.yaml"));
        imported
            .notes
            .push(format!("what {name} deploys: import `{file}` of that repository, too"));
    }
    if word("run_once").as_deref() == Some("true") {
        imported.notes.push(format!("`run_once` of {name}: `reconciler --once` is one pass"));
    }
    for one in inline.into_iter().flatten().filter_map(Json::as_object) {
        deployment(one, (url.as_deref(), Some(&reference)), folder, imported);
    }
}

fn deployment(
    one: &Map<String, Json>,
    (url, reference): (Option<&str>, Option<&str>),
    folder: &Path,
    imported: &mut Imported,
) {
    let word = |key: &str| one.get(key).and_then(text).filter(|text| !text.is_empty());
    let is_on = |key: &str| word(key).as_deref() == Some("true");
    let name = word("name").unwrap_or_else(|| "stack".to_owned());
    if is_on("destroy") {
        imported
            .notes
            .push(format!("`{name}`, which is to be destroyed: without an entry it is removed"));
        return;
    }
    let (own_url, own_reference) = (word("repository_url"), word("reference"));
    let source =
        imported.source(own_url.as_deref().or(url), own_reference.as_deref().or(reference));
    let working = word("working_dir").unwrap_or_else(|| ".".to_owned());
    let mut entry = Entry::default();
    if let Some(timeout) = one.get("timeout").and_then(Json::as_u64) {
        entry.notes.push(format!(
            "timeout {}: `x-reconciler: {{ deadline: {0} }}` of a service",
            seconds(timeout)
        ));
    }
    let remaining = one.keys().filter(|key| !KNOWN.contains(&key.as_str()));
    for key in remaining {
        let why = NOTES.iter().find(|(known, _)| known == key).map(|(_, why)| *why);
        entry.notes.push(format!("{key}: {}", why.unwrap_or("it has no word here")));
    }
    if is_on("force_image_pull") {
        entry.notes.push("force_image_pull: `pull_policy: always` of a service says it".to_owned());
    }
    let files = one.get("compose_files").map(texts).unwrap_or_default();
    stack(&working, &files, &mut entry);
    env_files(one, &working, &mut entry);
    let profiles = one.get("profiles").map(texts).unwrap_or_default();
    if !profiles.is_empty() {
        entry.pairs.push(Pair::new("profiles", Yaml::texts(profiles)));
    }
    if is_on("paused") {
        entry.pairs.push(Pair::new("sync", Yaml::text("paused")));
    }
    let environment = one.get("environment").and_then(Json::as_object).into_iter().flatten();
    let environment = environment.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    source.variables(&mut entry, &environment.collect::<Vec<_>>());
    if !is_on("auto_discover") {
        return source.add(&name, entry);
    }
    let depth = one.get("auto_discover_opts").and_then(|it| it.get("depth")?.as_u64());
    let found = discovered(&folder.join(&working), depth.unwrap_or(u64::MAX).clamp(1, 8));
    if found.is_empty() {
        entry.notes.push(
            "auto_discover: no stack is below its folder here; without a deployments.yaml each \
             direct child folder with a stack is a deployment"
                .to_owned(),
        );
        return source.add(&name, entry);
    }
    for path in found {
        let mut one = entry.clone();
        one.pairs.retain(|pair| pair.key != "stack" && pair.key != "files");
        one.pairs.insert(0, Pair::new("stack", Yaml::text(joined(&working, &path))));
        source.add(path.rsplit('/').next().unwrap_or(&path), one);
    }
}

/// Which files, and where their paths begin.
fn stack(working: &str, files: &[String], entry: &mut Entry) {
    let usual = files.iter().all(|file| STACKS.contains(&file.as_str()));
    let Some((first, rest)) = files.split_first().filter(|_| !usual || files.len() == 1) else {
        return entry.pairs.push(Pair::new("stack", Yaml::text(joined(working, ""))));
    };
    entry.pairs.push(Pair::new("stack", Yaml::text(joined(working, first))));
    if !rest.is_empty() {
        let rest = rest.iter().map(|file| joined(working, file));
        entry.pairs.push(Pair::new("files", Yaml::texts(rest)));
    }
    if first.trim_start_matches("./").contains('/') {
        entry.pairs.push(Pair::new("project_directory", Yaml::text(joined(working, ""))));
    }
}

fn env_files(one: &Map<String, Json>, working: &str, entry: &mut Entry) {
    let files = one.get("env_files").map(texts).unwrap_or_default();
    if files.is_empty() || files == [".env"] {
        return;
    }
    for file in files.iter().filter(|file| file.starts_with("remote:")) {
        entry.notes.push(format!("{}: which of two repositories a file is in", scalar(file)));
    }
    let paths = files.iter().map(|file| joined(working, file.trim_start_matches("remote:")));
    entry.pairs.push(Pair::new("env_files", Yaml::texts(paths)));
}

/// The folders with a stack, relative to this one, in the order of their names.
fn discovered(folder: &Path, depth: u64) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new(), 0)];
    while let Some((path, name, level)) = folders.pop() {
        if level > 0 && STACKS.iter().any(|stack| path.join(stack).is_file()) {
            found.push(name.clone());
        }
        if level == depth {
            continue;
        }
        for entry in std::fs::read_dir(&path).into_iter().flatten().map_while(Result::ok) {
            let child = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !child.starts_with('.') {
                let name = if name.is_empty() { child } else { format!("{name}/{child}") };
                folders.push((entry.path(), name, level + 1));
            }
        }
    }
    found.sort();
    found
}
