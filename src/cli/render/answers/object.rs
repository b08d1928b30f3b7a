//! One object: whose it is, what asks for it, in what it differs, and what a change of it costs.

use std::collections::BTreeMap;

use serde::Serialize;

use model::diagnostic::Diagnostic;
use model::field::Class;
use model::fields::published;
use model::id::EngineName;
use model::network::NetworkSpec;
use model::spec::ContainerSpec;
use model::tree::{DeploymentNode, NetworkNode, Ownership, ServiceNode, Tree, VolumeNode};

use super::lines::Lines;
use super::tables::Row;
use super::tree::{
    changes, check, difference, facts, network, next_words, revision, volume, withheld,
};
use super::{ages, health, of};
use crate::cli::console::STRONG;
use crate::cli::follow_up;

/// Something that a person asked about.
pub(in crate::cli) enum Object<'t> {
    /// A deployment.
    Deployment(&'t DeploymentNode),
    /// A service of it.
    Service(&'t DeploymentNode, &'t ServiceNode),
    /// A replica of that.
    Replica(Row<'t>),
    /// A network.
    Network(&'t DeploymentNode, &'t NetworkNode),
    /// A volume.
    Volume(&'t DeploymentNode, &'t VolumeNode),
    /// Something of another.
    Foreign(Foreign),
}

/// Something that is not of this installation.
pub(in crate::cli) struct Foreign {
    /// Container, network or volume.
    pub(in crate::cli) kind: &'static str,
    /// Its name.
    pub(in crate::cli) name: String,
    /// Where it is.
    pub(in crate::cli) engine: EngineName,
}

/// What a change of its fields takes.
#[derive(Debug, Default, Serialize)]
pub(in crate::cli) struct FieldCosts {
    /// These are changed in place.
    in_place: Vec<&'static str>,
    /// Likewise, but of what the stack sets no more another one takes the place: no engine lifts them.
    replace_to_lift: Vec<&'static str>,
    /// Of these, another one takes its place.
    replace: Vec<&'static str>,
    /// Likewise, and data in a volume is at stake.
    replace_with_data: Vec<&'static str>,
}

/// What a change of an object's fields takes; nothing of what has no fields.
pub(in crate::cli) fn fields_of(object: &Object<'_>) -> Option<FieldCosts> {
    let table: BTreeMap<&str, (Class, String)> = match object {
        Object::Service(..) | Object::Replica(_) => published::<ContainerSpec>(),
        Object::Network(..) => published::<NetworkSpec>(),
        Object::Deployment(_) | Object::Volume(..) | Object::Foreign(_) => return None,
    };
    let mut costs = FieldCosts::default();
    for (key, (class, _)) in table {
        match class {
            Class::InPlace { lifts } => {
                costs.in_place.push(key);
                if !lifts {
                    costs.replace_to_lift.push(key);
                }
            }
            Class::Recreate => costs.replace.push(key),
            Class::RecreateWithData => costs.replace_with_data.push(key),
        }
    }
    Some(costs)
}

/// Before what is said of an object, and before what goes on below it.
const IN: (&str, &str) = ("  ", "              ");

/// All of them.
pub(in crate::cli) fn text(objects: &[Object<'_>], tree: &Tree, installation: &str) -> String {
    let mut lines = Lines::default();
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            lines.gap();
        }
        match object {
            Object::Foreign(other) => foreign(&mut lines, other, installation),
            Object::Deployment(node) => deployment(&mut lines, node, tree),
            Object::Service(of, node) => service(&mut lines, of, node, tree),
            Object::Replica(row) => replica(&mut lines, row, tree),
            Object::Network(of, node) => {
                lines.put(("", IN.1), (STRONG, &network(node)), "");
                owner(&mut lines, of, node.owned_by, node.external);
                asked(&mut lines, of, node.at.as_ref(), tree);
                let text = "any field: it is removed and made again, and so is what is on it";
                fact(&mut lines, "a change of", text);
            }
            Object::Volume(of, node) => {
                lines.put(("", IN.1), (STRONG, &volume(node)), "");
                owner(&mut lines, of, node.owned_by, node.external);
                asked(&mut lines, of, node.at.as_ref(), tree);
                let text = "any field is withheld, and so is its removal: there is data in it";
                fact(&mut lines, "a change of", text);
            }
        }
    }
    lines.text()
}

/// A line with its title.
fn fact(lines: &mut Lines, title: &str, text: &str) {
    lines.plain((&format!("  {title:<12}"), IN.1), text);
}

fn foreign(lines: &mut Lines, other: &Foreign, installation: &str) {
    let head = format!("{} {}, engine {}", other.kind, other.name, other.engine);
    lines.put(("", IN.1), (STRONG, &head), "");
    let text = format!("foreign: not of installation {installation}, and therefore never touched");
    fact(lines, "owner", &text);
}

fn deployment(lines: &mut Lines, node: &DeploymentNode, tree: &Tree) {
    lines.put(("", IN.1), (STRONG, &format!("deployment {}", node.id)), "");
    if let Some(source) = &node.source {
        fact(lines, "owner", &format!("source {source}"));
    }
    asked(lines, node, node.at.as_ref(), tree);
    let (_, symbol) = health(node.health);
    fact(lines, "now", &format!("{symbol} {:?}, {:?}", node.health, node.sync));
    for blocked in &node.withheld {
        withheld(lines, IN, blocked);
    }
    lines.command("  more        ", &follow_up::command("status", &[node.id.as_str()]));
}

fn service(lines: &mut Lines, of_it: &DeploymentNode, node: &ServiceNode, tree: &Tree) {
    let engine = engine(of_it);
    let head = format!("service {} of deployment {}{engine}", node.name, of_it.id);
    lines.put(("", IN.1), (STRONG, &head), "");
    if let Some(source) = &of_it.source {
        fact(lines, "owner", &format!("deployment {}, source {source}", of_it.id));
    }
    asked(lines, of_it, node.at.as_ref(), tree);
    let (_, symbol) = health(node.health);
    let running = of(node.running, node.wanted);
    fact(lines, "now", &format!("{symbol} {:?}, {running} running", node.health));
    for blocked in &node.withheld {
        withheld(lines, IN, blocked);
    }
    for one in node.replicas.iter().flatten() {
        let state = one.container.as_ref();
        let state = state.map_or("missing".to_owned(), |view| view.words(ages(tree)));
        fact(lines, "replica", &format!("{} {state}", one.name));
        changes(lines, IN.1, one);
    }
    costs(lines, &Object::Service(of_it, node));
}

fn replica(lines: &mut Lines, row: &Row<'_>, tree: &Tree) {
    let (node, of_it) = (row.replica, row.deployment);
    let head = format!(
        "container {}: replica {} of service {} of deployment {}{}",
        node.name,
        node.slot,
        row.service.name,
        of_it.id,
        engine(of_it)
    );
    lines.put(("", IN.1), (STRONG, &head), "");
    if let Some(container) = &node.container {
        owner(lines, of_it, Some(container.owned_by), false);
    }
    asked(lines, of_it, row.service.at.as_ref(), tree);
    let (_, symbol) = health(node.health);
    match &node.container {
        Some(container) => {
            fact(lines, "now", &format!("{symbol} {}", container.words(ages(tree))));
            check(lines, IN.1, container);
            for text in facts(container) {
                fact(lines, "", &text);
            }
        }
        None => fact(lines, "now", &format!("{symbol} missing")),
    }
    match &node.drift {
        Some(drift) if drift.is_empty() => fact(lines, "differs", "in nothing"),
        None if node.container.is_some() => fact(lines, "differs", "not compared"),
        _ => {}
    }
    for drift in node.drift.iter().flatten() {
        fact(lines, "differs", &difference(drift));
    }
    if let Some(next) = &node.next {
        fact(lines, "next pass", &next_words(next));
    }
    costs(lines, &Object::Replica(Row { deployment: of_it, service: row.service, replica: node }));
}

fn engine(node: &DeploymentNode) -> String {
    node.engine.as_ref().map(|engine| format!(", engine {engine}")).unwrap_or_default()
}

/// Whose it is, and what says so.
fn owner(lines: &mut Lines, of_it: &DeploymentNode, by: Option<Ownership>, external: bool) {
    let source = of_it.source.as_ref().map(|source| format!(", source {source}"));
    let (id, source) = (&of_it.id, source.unwrap_or_default());
    let text = match by {
        Some(by) => format!("deployment {id}, {}{source}", by.words()),
        None if external => {
            format!("none of deployment {id}, which calls it external: it is never touched")
        }
        None => format!("deployment {id}, once it is made{source}"),
    };
    fact(lines, "owner", &text);
}

/// What asks for it, and at which revision.
fn asked(
    lines: &mut Lines,
    of_it: &DeploymentNode,
    at: Option<&model::diagnostic::Loc>,
    tree: &Tree,
) {
    let newest = tree.revision.as_ref().map(|one| revision(one, ages(tree)));
    match (at, newest) {
        (Some(at), newest) => {
            let newest = newest.map(|text| format!(", {text}")).unwrap_or_default();
            fact(lines, "asked for", &format!("at {at}{newest}"));
        }
        (None, Some(_)) => match &of_it.invalid {
            Some(error) => fact(lines, "asked for", &invalid(error)),
            None => fact(lines, "asked for", "by nothing in the source"),
        },
        (None, None) => fact(lines, "asked for", "unknown: no source was read"),
    }
    if let Some(applied) = &of_it.revision {
        let text = format!("last changed with {}", revision(applied, ages(tree)));
        fact(lines, "applied", &text);
    }
}

/// That the stack which would say so is not valid, and the first reason.
fn invalid(error: &Diagnostic) -> String {
    let at = error.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
    let code = error.code.map(|code| format!("{code}: ")).unwrap_or_default();
    format!("unknown: its stack file is not valid{at}: {code}{}", error.message)
}

/// What a change of its fields takes.
fn costs(lines: &mut Lines, object: &Object<'_>) {
    let Some(costs) = fields_of(object) else { return };
    fact(lines, "a change of", &format!("≈ in place: {}", costs.in_place.join(", ")));
    let lifted = costs.replace_to_lift.join(", ");
    if !lifted.is_empty() {
        fact(lines, "", &format!("~ replaces it where the stack sets it no more: {lifted}"));
    }
    let data = costs.replace_with_data.join(", ");
    fact(lines, "", &format!("~ replaces it, with data at stake: {data}"));
    fact(lines, "", "~ replaces it: every other field");
    fact(lines, "", "↻ restarts it: a dependency with `restart: true` that moved");
}
