//! How to go on from a file that describes what runs: what a plan with it would do.

use std::collections::BTreeSet;

use model::compose_labels::ProjectFiles;
use model::id::DeploymentId;
use model::remedy::quoted;
use reconcile::stack::describe::{Described, Running};

/// The steps, a line each.
pub(super) fn steps(described: &Described, containers: &[Running], written: bool) -> Vec<String> {
    let folder = described.name.as_ref().map_or("FOLDER", DeploymentId::as_str);
    let mut lines = vec![
        format!("Keep it as {folder}/compose.yaml, then"),
        format!("  reconciler validate {folder}  checks it"),
        format!("  reconciler plan {folder}      shows what would change, and changes nothing"),
    ];
    let left_out = described.services.values().filter(|service| !service.notes.is_empty()).count();
    if left_out > 0 {
        lines.push("Read the comments in the file first: they name what it does not carry.".into());
    }
    if !described.variables.is_empty() {
        lines.extend(secrets(folder, written));
    }
    let is_in_place = |it: &&Running| {
        let project = it.composed().map(|(project, _)| project);
        project.is_some() && project == described.name.as_ref().map(DeploymentId::as_str)
    };
    let (in_place, beside): (Vec<_>, Vec<_>) = containers.iter().partition(is_in_place);
    lines.extend(adopted(&in_place, folder));
    lines.extend(foreign(&beside, folder));
    lines
        .push("From git, and for a controller, what it asks of the host has to be granted:".into());
    lines.push(format!("  reconciler grants {folder}    lists it"));
    lines
}

/// Where the values of secrets are, or come from.
fn secrets(folder: &str, written: bool) -> [String; 2] {
    if written {
        let first = format!("The values of secrets are in the file of --env-out. As {folder}/.env");
        return [first, "  they are found there; keep them out of git.".to_owned()];
    }
    [
        "Secrets are variables, which the first lines of the file name: set them, or let"
            .to_owned(),
        format!("  `--env-out {folder}/.env` write their values for you alone."),
    ]
}

/// What becomes ours as it is.
fn adopted(in_place: &[&Running], folder: &str) -> Vec<String> {
    let Some(first) = in_place.first() else { return Vec::new() };
    let files = ProjectFiles::decode(&first.view.spec.labels);
    let from = files.working_dir.unwrap_or_else(|| "unknown".to_owned());
    vec![
        format!(
            "{} of Compose's project {folder}, and taken over as they are under that id;",
            counted(in_place.len(), "container is", "containers are")
        ),
        "  what differs from the file is replaced. From another folder than the project's, and"
            .to_owned(),
        format!(
            "  from git, a plan waits for --allow {}",
            quoted(&format!("{folder}:project={from}"))
        ),
    ]
}

/// What stays beside what is made from the file.
fn foreign(beside: &[&Running], folder: &str) -> Vec<String> {
    if beside.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = beside.iter().map(|it| quoted(it.view.name.as_str())).collect();
    let names = names.join(" ");
    let specs = || beside.iter().map(|it| &it.view.spec);
    let ports = specs().flat_map(|spec| &spec.published).filter_map(|port| port.host_port.clone());
    let fixed = specs().flat_map(|spec| spec.networks.values());
    let addresses = fixed.filter_map(|how| how.ipv4.clone().or_else(|| how.ipv6.clone()));
    let held: [(&str, BTreeSet<String>); 2] =
        [("port", ports.collect()), ("address", addresses.collect())];
    let held = held.into_iter().filter(|(_, all)| !all.is_empty());
    let held: Vec<String> = held
        .map(|(word, all)| format!("{word} {}", all.into_iter().collect::<Vec<_>>().join(", ")))
        .collect();
    let why = if held.is_empty() {
        "so that two do not work on the same data".to_owned()
    } else {
        format!("they hold {}", held.join(" and "))
    };
    vec![
        format!(
            "{} of no deployment, and never touched: new ones are made beside, as",
            counted(beside.len(), "container is", "containers are")
        ),
        format!("  {folder}-SERVICE-1. Stop the old ones first: {why}."),
        format!("  docker stop {names}"),
        format!("  reconciler --once {folder}"),
        format!("  docker rm {names}    when all is well; until then `docker start` goes back"),
    ]
}

fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
