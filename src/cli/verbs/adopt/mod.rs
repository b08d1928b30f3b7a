//! `adopt`: a stack file for containers that run and are of no deployment. It changes nothing.

mod check;
mod next;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use adapters::docker::Docker;
use model::id::{DeploymentId, ImageRef};
use model::labels::INSTALLATION;
use model::observed::EngineContents;
use model::printable::one_line;
use model::render::machine::SCHEMA_VERSION;
use reconcile::stack::describe::{Described, Running, Surroundings, describe};
use world::{OutsideError, Scope};

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::new_file::{self, Readers};
use super::super::setup::Refusal;
use super::super::setup::real::{default_engine, one_engine};
use super::real::block_on;

/// What is asked for.
pub(in crate::cli) struct Asked {
    /// The containers, by name or id.
    pub(in crate::cli) containers: Vec<String>,
    /// The deployment's id.
    pub(in crate::cli) name: Option<String>,
    /// Where the values of secrets are written to.
    pub(in crate::cli) env_out: Option<PathBuf>,
}

/// Prints the stack file, and how to go on.
pub(in crate::cli) fn adopt(
    console: Console,
    args: &Asked,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let name = args.name.as_deref().map(valid_id).transpose()?;
    if let Some(path) = &args.env_out {
        refuse_existing(path)?;
    }
    let docker = one_engine(layer, environment)?;
    let (containers, contents, around) =
        block_on(async { look(&docker, &args.containers).await })??;
    let name = name.or_else(|| common_project(&containers));
    let mut described = describe(&containers, &around, name.as_ref());
    let seen = check::Seen { containers: &containers, abilities: &contents.abilities };
    check::compare(&mut described, seen)?;
    let file =
        described.text(&heading(&described, &default_engine(layer).to_string()), &containers);
    let written = write_values(args.env_out.as_deref(), &described)?;
    let next = next::steps(&described, &containers, written);
    if console.format == Format::Json {
        console.json(&machine(&described, &containers, (&file, &next)));
        return Ok(Exit::Done);
    }
    console.result_as_is(&file);
    for line in next {
        console.progress(&one_line(&line));
    }
    Ok(Exit::Done)
}

fn valid_id(text: &str) -> Result<DeploymentId, Refusal> {
    if DeploymentId::is_valid(text) {
        return Ok(DeploymentId::new(text));
    }
    let help = "use lower-case letters, digits, `-` and `_`, beginning with a letter or digit";
    Err(Refusal::usage(format!("`--name {text}` cannot be the id of a deployment"), help))
}

fn refuse_existing(path: &Path) -> Result<(), Refusal> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("`--env-out {}`: there is something already", path.display());
    Err(Refusal::usage(message, "name a new file: what is there is never written over"))
}

/// The containers with their images, and what is around them.
async fn look(
    docker: &Docker,
    names: &[String],
) -> Result<(Vec<Running>, EngineContents, Surroundings), Refusal> {
    if let Some(name) = names.iter().find(|name| !can_be_a_container(name)) {
        return Err(Refusal { exit: Exit::Usage, ..absent(docker, name) });
    }
    let mut containers: Vec<Running> = Vec::new();
    for name in names {
        let found = docker.whole(name).await.map_err(|error| outside(&error))?;
        let Some((view, whole)) = found else { return Err(absent(docker, name)) };
        if view.spec.labels.contains_key(INSTALLATION) {
            return Err(is_ours(name, &view.spec.labels));
        }
        if containers.iter().any(|other| other.view.id == view.id) {
            continue;
        }
        let changed = docker.changed_files(&view.id).await.map_err(|error| outside(&error))?;
        containers.push(Running { view, image: None, named: None, whole, changed });
    }
    let references = containers
        .iter()
        .flat_map(|it| [it.view.spec.image.clone(), ImageRef::new(it.view.image_id.as_str())]);
    let scope = Scope { images: references.collect::<BTreeSet<_>>(), ..Scope::default() };
    let contents = docker.observe(&scope).await.map_err(|error| outside(&error))?;
    for it in &mut containers {
        let by_id = ImageRef::new(it.view.image_id.as_str());
        it.image = contents.images.get(&by_id).cloned();
        it.named = contents.images.get(&it.view.spec.image).cloned();
    }
    let around = Surroundings {
        networks: contents.networks.clone(),
        volumes: contents.volumes.clone(),
        defaults: docker.defaults().await.map_err(|error| outside(&error))?,
    };
    Ok((containers, contents, around))
}

/// What an engine's error ends the program with.
fn outside(error: &OutsideError) -> Refusal {
    let text = error.to_string();
    let (cause, remedy) = world::remedy::cause_and_remedy(&text);
    let exit = match error {
        OutsideError::Forbidden(_) => Exit::Refused,
        OutsideError::Failed(_) => Exit::Failed,
        _ => Exit::Unreachable,
    };
    let refusal = Refusal { exit, ..Refusal::invalid(cause) };
    match remedy {
        Some(remedy) => refusal.with_help(remedy),
        None => refusal,
    }
}

/// Whether an engine could know a container by this word: what else it is would be another request.
fn can_be_a_container(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn absent(docker: &Docker, name: &str) -> Refusal {
    let message =
        format!("there is no container `{}` on engine `{}`", one_line(name), docker.name());
    Refusal::usage(message, "`docker ps --format '{{.Names}}'` lists those that run")
}

fn is_ours(name: &str, labels: &BTreeMap<String, String>) -> Refusal {
    let of =
        labels.get("reconciler.deployment").map(|id| format!(" of deployment `{}`", one_line(id)));
    let what = of.unwrap_or_else(|| " of a controller".to_owned());
    Refusal::invalid(format!("container `{}` is{what} already", one_line(name)))
        .with_help("its stack file is in the source of that deployment")
}

/// The Compose project that all containers are of.
fn common_project(containers: &[Running]) -> Option<DeploymentId> {
    let mut projects = containers.iter().map(|it| it.composed().map(|(project, _)| project));
    let first = projects.next()??;
    (DeploymentId::is_valid(first) && projects.all(|other| other == Some(first)))
        .then(|| DeploymentId::new(first))
}

/// The first lines of the file.
fn heading(described: &Described, engine: &str) -> Vec<String> {
    let mut lines = vec![
        format!("Written by `reconciler adopt` from containers of engine {engine}."),
        "What the image or the engine gives by default is left out.".to_owned(),
    ];
    let names: Vec<&str> = described.variables.keys().map(String::as_str).collect();
    if !names.is_empty() {
        lines.push(format!("Secrets, whose values are not in this file: {}.", names.join(", ")));
    }
    lines
}

/// Writes the values of secrets where they are wanted. Whether it did.
fn write_values(path: Option<&Path>, described: &Described) -> Result<bool, Refusal> {
    let Some(path) = path.filter(|_| !described.variables.is_empty()) else { return Ok(false) };
    let text = values::dotenv(&described.variables);
    let written = new_file::create(path, &text, Readers::Owner);
    written.map(|()| true).map_err(|error| {
        Refusal::invalid(format!("`{}` cannot be written: {error}", path.display()))
            .with_help("name a new file in a folder that this user may write to")
    })
}

/// The result for programs.
fn machine(
    described: &Described,
    containers: &[Running],
    (file, next): (&str, &[String]),
) -> serde_json::Value {
    let services: BTreeMap<&str, _> = described
        .services
        .iter()
        .map(|(name, service)| {
            let containers = service.containers.iter().map(|place| &containers[*place].view);
            let containers = containers.map(|view| {
                json!({ "id": view.id, "name": view.name, "image": view.spec.image.as_str() })
            });
            let containers: Vec<_> = containers.collect();
            let service = json!({ "containers": containers, "not_carried": service.notes });
            (name.as_str(), service)
        })
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "deployment": described.name,
        "file": file,
        "services": services,
        "variables": described.variables.keys().collect::<Vec<_>>(),
        "next": next,
    })
}
