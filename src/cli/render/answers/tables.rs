//! Containers, deployments and services in columns.

use std::collections::BTreeSet;

use clap::builder::styling::Style;

use model::id::EngineName;
use model::plan::Health;
use model::printable::one_line;
use model::render::shortened;
use model::tree::{DeploymentNode, PortNode, ReplicaNode, ServiceNode, Tree};

use super::{ages, health, none, of, sync};
use crate::cli::console::{FAINT, STRONG, WARN};
use crate::cli::render::columns;

/// A column that can be narrower has at least so many characters.
const NARROW: usize = 14;

/// A replica, and what it belongs to.
pub(in crate::cli) struct Row<'t> {
    pub(in crate::cli) deployment: &'t DeploymentNode,
    pub(in crate::cli) service: &'t ServiceNode,
    pub(in crate::cli) replica: &'t ReplicaNode,
}

/// The replicas to be listed: `all` includes those that ended, and may.
pub(in crate::cli) fn each(tree: &Tree, all: bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for deployment in &tree.deployments {
        for service in deployment.services.iter().flatten() {
            for replica in service.replicas.iter().flatten() {
                let ended = replica.container.as_ref().is_some_and(|container| {
                    use model::observed::Status::{Created, Dead, Exited, Removing};
                    matches!(container.status, Created | Dead | Exited | Removing)
                });
                if all || !ended || replica.health != Health::Healthy {
                    rows.push(Row { deployment, service, replica });
                }
            }
        }
    }
    rows
}

/// `ps`, for a terminal of so many columns; `None` for a program, which needs cells whole.
pub(in crate::cli) fn ps(tree: &Tree, all: bool, columns: Option<usize>) -> String {
    let rows = each(tree, all);
    if rows.is_empty() {
        return none(tree, "containers");
    }
    let several = several_engines(tree);
    let deployments: BTreeSet<_> = rows.iter().map(|row| &row.deployment.id).collect();
    let mut table = Table::new(&["NAME", "IMAGE", "SERVICE", "STATUS", "PORTS"]);
    table.add_if(deployments.len() > 1, "DEPLOYMENT");
    table.add_if(several, "ENGINE");
    for row in &rows {
        let (style, symbol) = health(row.replica.health);
        let container = row.replica.container.as_ref();
        let image = container.map(|container| container.image.to_string());
        let image = image.or_else(|| row.service.image.as_ref().map(ToString::to_string));
        let status = match container {
            Some(container) => container.words(ages(tree)),
            None => "missing".to_owned(),
        };
        let mut cells = vec![
            (Style::new(), row.replica.name.to_string()),
            (Style::new(), image.unwrap_or_default()),
            (Style::new(), row.service.name.to_string()),
            (style, format!("{symbol} {status}")),
            (FAINT, ports_text(container.into_iter().flat_map(|c| &c.ports))),
        ];
        table.fill(&mut cells, row.deployment);
        table.rows.push(cells);
    }
    table.text(&["PORTS", "IMAGE"], columns)
}

/// `stack ls`; likewise.
pub(in crate::cli) fn stacks(tree: &Tree, columns: Option<usize>) -> String {
    if tree.deployments.is_empty() {
        return none(tree, "deployments");
    }
    let sources: BTreeSet<_> = tree.deployments.iter().filter_map(|n| n.source.as_ref()).collect();
    let mut table = Table::new(&["NAME", "SERVICES", "REPLICAS", "SYNC", "HEALTH", "REVISION"]);
    table.add_if(several_engines(tree), "ENGINE");
    table.add_if(sources.len() > 1, "SOURCE");
    for node in &tree.deployments {
        let (style, symbol) = health(node.health);
        let revision = node.revision.as_ref().map_or("?", |revision| revision.id.short());
        let services = node.services.as_ref().map_or("?".to_owned(), |all| all.len().to_string());
        let replicas = of(sum(node, |s| s.running), sum(node, |s| s.wanted));
        let mut cells = vec![
            (STRONG, node.id.to_string()),
            (Style::new(), services),
            (Style::new(), replicas),
            (sync(node.sync), format!("{:?}", node.sync)),
            (style, format!("{symbol} {:?}", node.health)),
            (FAINT, revision.to_owned()),
        ];
        table.fill(&mut cells, node);
        table.rows.push(cells);
    }
    table.text(&["SOURCE"], columns)
}

/// `service ls`; likewise.
pub(in crate::cli) fn services(tree: &Tree, columns: Option<usize>) -> String {
    let mut table = Table::new(&["NAME", "REPLICAS", "HEALTH", "IMAGE", "PORTS"]);
    table.add_if(several_engines(tree), "ENGINE");
    for node in &tree.deployments {
        for service in node.services.iter().flatten() {
            let (style, symbol) = health(service.health);
            let image = service.image.as_ref().map(ToString::to_string).unwrap_or_default();
            let is_short = service.running != service.wanted;
            let mut cells = vec![
                (STRONG, format!("{}/{}", node.id, service.name)),
                (if is_short { WARN } else { Style::new() }, of(service.running, service.wanted)),
                (style, format!("{symbol} {:?}", service.health)),
                (Style::new(), image),
                (FAINT, ports_text(&ports(service))),
            ];
            table.fill(&mut cells, node);
            table.rows.push(cells);
        }
    }
    if table.rows.len() == 1 {
        return none(tree, "services");
    }
    table.text(&["PORTS", "IMAGE"], columns)
}

/// The sum of what is known of all services; `None` if it is not known of one.
pub(in crate::cli) fn sum(
    node: &DeploymentNode,
    of: impl Fn(&ServiceNode) -> Option<u32>,
) -> Option<u32> {
    node.services.as_ref()?.iter().map(of).sum()
}

/// The ports of all replicas of a service.
pub(in crate::cli) fn ports(service: &ServiceNode) -> BTreeSet<PortNode> {
    let containers = service.replicas.iter().flatten().filter_map(|r| r.container.as_ref());
    containers.flat_map(|container| &container.ports).cloned().collect()
}

fn ports_text<'p>(ports: impl IntoIterator<Item = &'p PortNode>) -> String {
    ports.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether deployments are on more than one engine.
pub(super) fn several_engines(tree: &Tree) -> bool {
    let engines: BTreeSet<Option<&EngineName>> =
        tree.deployments.iter().map(|node| node.engine.as_ref()).collect();
    engines.len() > 1
}

/// Rows below a line of titles.
struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    fn new(titles: &[&'static str]) -> Self {
        let mut table = Self { titles: Vec::new(), rows: vec![Vec::new()] };
        for title in titles {
            table.add_if(true, title);
        }
        table
    }

    fn add_if(&mut self, is_wanted: bool, title: &'static str) {
        if is_wanted {
            self.titles.push(title);
            self.rows[0].push((STRONG, title.to_owned()));
        }
    }

    /// The cells of the columns that only some tables have.
    fn fill(&self, cells: &mut Vec<(Style, String)>, node: &DeploymentNode) {
        for title in self.titles.iter().skip(cells.len()) {
            let text = match *title {
                "DEPLOYMENT" => Some(node.id.to_string()),
                "ENGINE" => node.engine.as_ref().map(ToString::to_string),
                "SOURCE" => node.source.as_ref().map(ToString::to_string),
                _ => None,
            };
            cells.push((Style::new(), text.unwrap_or_else(|| "?".to_owned())));
        }
    }

    /// The text. Of columns that are too wide together, these lose the middle of their cells.
    fn text(mut self, narrower: &[&str], most: Option<usize>) -> String {
        for (_, cell) in self.rows.iter_mut().flatten() {
            *cell = one_line(cell).into_owned();
        }
        let width = |rows: &[Vec<(Style, String)>], column: usize| {
            rows.iter().map(|row| row[column].1.chars().count()).max().unwrap_or_default()
        };
        for name in narrower.iter().filter(|_| most.is_some()) {
            let all: usize = (0..self.titles.len()).map(|at| width(&self.rows, at) + 2).sum();
            let surplus = all.saturating_sub(2 + most.unwrap_or(usize::MAX - 2));
            let Some(column) = self.titles.iter().position(|title| title == name) else { continue };
            let most = width(&self.rows, column).saturating_sub(surplus).max(NARROW);
            for row in &mut self.rows {
                row[column].1 = shortened(&row[column].1, most);
            }
        }
        columns(&self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_for_the_terminal_loses_the_middle_of_cells() {
        let text = |columns: Option<usize>| {
            let plain = |text: String| (Style::new(), text);
            let mut table = Table::new(&["NAME", "IMAGE", "PORTS"]);
            let image = format!("registry.example/{}:1", "i".repeat(40));
            let ports = "80->80/tcp, ".repeat(9);
            table.rows.push(["n".repeat(60), image, ports].map(plain).to_vec());
            anstream::adapter::strip_str(&table.text(&["PORTS", "IMAGE"], columns)).to_string()
        };
        let cut = text(Some(100));
        assert!(cut.lines().all(|line| line.chars().count() <= 100), "{cut}");
        assert!(
            cut.contains(&"n".repeat(60)) && cut.contains("regis") && cut.contains('…'),
            "{cut}"
        );
        // A program gets all of it.
        let whole = text(None);
        assert!(whole.contains(&"i".repeat(40)) && !whole.contains('…'), "{whole}");
    }
}
