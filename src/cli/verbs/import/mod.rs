//! `import`: definitions of doco-cd, `SwarmCD` and Portainer as `deployments.yaml`. It reads files, and
//! asks nobody.

mod doco_cd;
mod listing;
mod portainer;
mod swarm_cd;

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use model::diagnostic::Diagnostic;
use model::printable::one_line;
use model::render::machine::SCHEMA_VERSION;

use super::super::bounded;
use super::super::console::{Console, Format};
use super::super::exit::Exit;
use super::super::import_args::{ImportArgs, Tool};
use super::super::setup::Refusal;
use listing::Imported;
use swarm_cd::Files;

/// No definition is larger.
const LIMIT: u64 = 4 << 20;

/// What is looked for in a folder, in this order.
const NAMES: [&str; 9] = [
    ".doco-cd.yaml",
    ".doco-cd.yml",
    "stacks.yaml",
    "stacks.yml",
    "config.yaml",
    "config.yml",
    "stacks.json",
    "poll-config.yaml",
    "poll-config.yml",
];

/// Prints what the definitions become.
pub(in crate::cli) fn import(console: Console, args: &ImportArgs) -> Result<Exit, Refusal> {
    let path = place(&args.place)?;
    let name = one_line(&path.to_string_lossy()).into_owned();
    let documents = documents(&path)?;
    let tool = args.from.or_else(|| kind(&path, &documents)).ok_or_else(|| unknown(&name))?;
    let imported = read(tool, &path, &documents)?;
    let is_empty = imported.sources.iter().all(|source| source.deployments.is_empty());
    if is_empty && imported.notes.is_empty() {
        let what = format!("`{name}` has no stacks of {}", tool.title());
        return Err(Refusal::invalid(what).with_help(FORMS));
    }
    if console.format == Format::Json {
        let mut result =
            json!({ "schema_version": SCHEMA_VERSION, "from": tool.title(), "read": name });
        if let (Json::Object(all), Json::Object(more)) = (&mut result, imported.json()) {
            all.extend(more);
        }
        console.json(&result);
        return Ok(Exit::Done);
    }
    let heading = format!("What {} has in {name}, by `reconciler import`.", tool.title());
    console.result_as_is(&imported.text(&heading));
    console.progress(&format!("{name} was read as definitions of {}.", tool.title()));
    console.progress(&match imported.sources.len() {
        0 | 1 => "Keep it as deployments.yaml at the root of the source, then".to_owned(),
        many => format!(
            "These are {many} documents: each is the deployments.yaml of its own repository, which a\n\
             comment at its top names. Keep each at the root of that one, without the others, then"
        ),
    });
    console.progress("  reconciler validate FOLDER    says what of the stacks is not carried");
    Ok(Exit::Done)
}

/// What each tool's definitions look like.
const FORMS: &str = "doco-cd: `.doco-cd.yaml`, or a list with `url`; SwarmCD: stacks with `repo` \
                     and `compose_file`; Portainer: what `GET /api/stacks` answers";

fn unknown(name: &str) -> Refusal {
    let message = format!("`{name}` is of none of the tools that are known");
    Refusal::invalid(message).with_help(format!("{FORMS}; `--from TOOL` says which it is"))
}

/// The file with the definitions.
fn place(given: &Path) -> Result<PathBuf, Refusal> {
    if !given.is_dir() {
        return Ok(given.to_owned());
    }
    let found = NAMES.iter().map(|name| given.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        let folder = one_line(&given.to_string_lossy()).into_owned();
        Refusal::invalid(format!("there are no definitions in `{folder}`"))
            .with_help(format!("`{}` are looked for; or name the file", NAMES.join("`, `")))
    })
}

/// The documents of a YAML or JSON file.
fn documents(path: &Path) -> Result<Vec<Json>, Refusal> {
    let name = one_line(&path.to_string_lossy()).into_owned();
    let unreadable = |why: &dyn std::fmt::Display| {
        Refusal::invalid(format!("`{name}` cannot be read: {why}"))
            .with_help("name a file with definitions that this user may read")
    };
    let bytes = bounded::read(path, LIMIT).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(&"it is no UTF-8"))?;
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let place = |error: &serde_yaml::Error| {
            // Its own words may quote a value.
            let at = error
                .location()
                .map(|at| format!(" at line {}, column {}", at.line(), at.column()));
            Refusal {
                exit: Exit::Invalid,
                messages: vec![
                    Diagnostic::error(format!("`{name}` is no YAML{}", at.unwrap_or_default()))
                        .with_help("an editor with a YAML mode shows what is wrong"),
                ],
            }
        };
        let mut value = serde_yaml::Value::deserialize(document).map_err(|error| place(&error))?;
        value.apply_merge().map_err(|error| place(&error))?;
        let value: Json = serde_yaml::from_value(value).map_err(|error| place(&error))?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}

/// Whose definitions these are, by their form.
fn kind(path: &Path, documents: &[Json]) -> Option<Tool> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if documents.iter().any(|one| portainer::stacks(one).is_some()) {
        Some(Tool::Portainer)
    } else if documents.iter().any(|one| swarm_cd::fits(one) || swarm_cd::fits_config(one)) {
        Some(Tool::SwarmCd)
    } else if doco_cd::fits(&name, documents) {
        Some(Tool::DocoCd)
    } else {
        None
    }
}

fn read(tool: Tool, path: &Path, documents: &[Json]) -> Result<Imported, Refusal> {
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(match tool {
        Tool::DocoCd => doco_cd::read(documents, folder),
        Tool::Portainer => {
            let stacks: Vec<_> = documents.iter().filter_map(portainer::stacks).flatten().collect();
            portainer::read(&stacks)
        }
        Tool::SwarmCd => {
            let first = documents.first().cloned().unwrap_or_default();
            let beside = |names: [&str; 2]| -> Result<Json, Refusal> {
                let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
                let read = found.map(|path| self::documents(&path)).transpose()?;
                Ok(read.and_then(|all| all.into_iter().next()).unwrap_or_default())
            };
            let is_config = swarm_cd::fits_config(&first);
            let config =
                if is_config { first.clone() } else { beside(["config.yaml", "config.yml"])? };
            let stacks = if is_config { config["stacks"].clone() } else { first };
            let repos = match beside(["repos.yaml", "repos.yml"])? {
                Json::Null => config.get("repos").cloned().unwrap_or_default(),
                repos => repos,
            };
            swarm_cd::read(&Files { stacks, repos, config })
        }
    })
}
