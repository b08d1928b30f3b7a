//! Portainer: stacks as its API has them (`GET /api/stacks`, or one of them).

use serde_json::{Map, Value as Json};

use text::emit::{Pair, Yaml, scalar};

use super::listing::{Entry, Imported, joined, text, texts};

/// Its numbers for kinds of stacks.
const SWARM: u64 = 1;
const KUBERNETES: u64 = 3;
/// Its number for a stack that was stopped.
const INACTIVE: u64 = 2;

/// The stacks in an answer, if it is one.
pub(super) fn stacks(document: &Json) -> Option<Vec<&Map<String, Json>>> {
    let is_stack = |it: &&Json| {
        let has = |key: &str| it.get(key).is_some();
        has("Name") && (has("EntryPoint") || has("EndpointId") || has("GitConfig"))
    };
    let items = match document {
        Json::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    let is_answer = !items.is_empty() && items.iter().all(is_stack);
    is_answer.then(|| items.into_iter().filter_map(Json::as_object).collect())
}

/// Reads all of it.
pub(super) fn read(stacks: &[&Map<String, Json>]) -> Imported {
    let mut imported = Imported::default();
    let environments: std::collections::BTreeSet<_> =
        stacks.iter().filter_map(|it| it.get("EndpointId")?.as_u64()).collect();
    for stack in stacks {
        self::stack(stack, environments.len() > 1, &mut imported);
    }
    imported
}

fn stack(stack: &Map<String, Json>, several: bool, imported: &mut Imported) {
    let word = |key: &str| stack.get(key).and_then(text).filter(|text| !text.is_empty());
    let number = |key: &str| stack.get(key).and_then(Json::as_u64);
    let name = word("Name").unwrap_or_else(|| "stack".to_owned());
    if number("Type") == Some(KUBERNETES) {
        imported.notes.push(format!("stack {}: it is one of Kubernetes", scalar(&name)));
        return;
    }
    let mut entry = Entry::default();
    if number("Type") == Some(SWARM) {
        let about = "Swarm: its services become containers of one engine, and only some keys of \
                     `deploy` count there";
        entry.notes.push(about.to_owned());
    }
    if let Some(environment) = number("EndpointId").filter(|_| several) {
        entry.notes.push(format!(
            "environment {environment} of Portainer: `engine: NAME` says where a deployment runs"
        ));
    }
    let git = stack.get("GitConfig").filter(|git| git.is_object());
    let update = stack.get("AutoUpdate").filter(|update| update.is_object());
    let file = git.and_then(|git| text(git.get("ConfigFilePath")?)).or_else(|| word("EntryPoint"));
    let file = file.unwrap_or_else(|| "docker-compose.yml".to_owned());
    let more = stack.get("AdditionalFiles").map(texts).unwrap_or_default();
    let folder = if git.is_some() { "" } else { name.as_str() };
    entry.pairs.push(Pair::new("stack", Yaml::text(joined(folder, &file))));
    if !more.is_empty() {
        let more = more.iter().map(|file| joined(folder, file));
        entry.pairs.push(Pair::new("files", Yaml::texts(more)));
    }
    if number("Status") == Some(INACTIVE) {
        entry.pairs.push(Pair::new("sync", Yaml::text("paused")));
    }
    if git.is_none() {
        let id = number("Id").map_or("ID".to_owned(), |id| id.to_string());
        entry.notes.push(format!(
            "its file is in Portainer alone: save what `GET /api/stacks/{id}/file` answers as {}",
            joined(folder, &file)
        ));
    }
    notes(update, stack, &mut entry);
    let variables = stack.get("Env").and_then(Json::as_array).into_iter().flatten();
    let variables =
        variables.filter_map(|pair| Some((text(pair.get("name")?)?, text(pair.get("value")?)?)));
    let variables: Vec<(String, String)> = variables.collect();
    let of_git = |key: &str| git.and_then(|git| text(git.get(key)?));
    let source = imported.source(of_git("URL").as_deref(), of_git("ReferenceName").as_deref());
    if source.deployments.is_empty() {
        let login = git.and_then(|git| git.get("Authentication")).filter(|it| it.is_object());
        let user = login.and_then(|login| text(login.get("Username")?)).filter(|it| !it.is_empty());
        source.settings.extend(user.map(|name| ("git_user".to_owned(), scalar(&name))));
        source.settings.extend(login.map(|_| ("git_token_file".to_owned(), "FILE".to_owned())));
        let interval = update.and_then(|it| text(it.get("Interval")?)).filter(|it| !it.is_empty());
        source.settings.extend(interval.map(|span| ("poll".to_owned(), scalar(&span))));
    }
    source.variables(&mut entry, &variables);
    source.add(&name, entry);
}

/// What has no place here.
fn notes(update: Option<&Json>, stack: &Map<String, Json>, entry: &mut Entry) {
    let is_on = |of: Option<&Json>, key: &str| {
        of.and_then(|it| it.get(key)).is_some_and(|value| match value {
            Json::Bool(on) => *on,
            Json::String(text) => !text.is_empty(),
            _ => false,
        })
    };
    if is_on(update, "Webhook") {
        entry.notes.push("its webhook: the controller polls".to_owned());
    }
    if is_on(update, "ForcePullImage") {
        entry.notes.push("ForcePullImage: `pull_policy: always` of a service says it".to_owned());
    }
    if is_on(update, "ForceUpdate") {
        entry.notes.push("ForceUpdate: what does not differ is left alone".to_owned());
    }
    if is_on(stack.get("GitConfig"), "TLSSkipVerify") {
        entry.notes.push("TLSSkipVerify: certificates are always examined".to_owned());
    }
}
