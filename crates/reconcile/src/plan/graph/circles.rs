//! Circles: containers that exchange what each of them needs. They are cut where it costs
//! least, by an old container that stops earlier than it would.

use super::links::Links;
use crate::plan::fact::{Fact, Resource};
use crate::plan::transition::Group;
use model::id::{DeploymentId, ReplicaId};

/// A circle of steps.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plan) struct Exchange {
    /// Old containers on it that hold what another step takes.
    pub(in crate::plan) yields: Vec<Holder>,
    /// Some of the steps on it, in words.
    pub(in crate::plan) steps: String,
    /// The deployments on it.
    pub(in crate::plan) deployments: Vec<DeploymentId>,
}

/// An old container that holds what another step takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct Holder {
    /// Whose it is.
    pub(in crate::plan) replica: ReplicaId,
    /// Why it has to go first.
    pub(in crate::plan) why: String,
    /// What holds when its taker is made.
    pub(in crate::plan) ready: Vec<Fact>,
}

/// All circles of the steps.
pub(in crate::plan) fn exchanges(links: &Links) -> Vec<Exchange> {
    let circles = components(&links.before).into_iter().filter(|circle| circle.len() > 1);
    circles.map(|circle| exchange(links, &circle)).collect()
}

fn exchange(links: &Links, circle: &[u32]) -> Exchange {
    let is_on = |node: &u32| circle.binary_search(node).is_ok();
    let mut yields = Vec::new();
    for (frees, takes, resource) in &links.handovers {
        if !is_on(frees) || !is_on(takes) || matches!(resource, Resource::Name(..)) {
            continue;
        }
        let [from, to] = [frees, takes].map(|step| &links.steps[*step as usize]);
        // What leaves has no successor to yield to.
        let stays = matches!(from.rank.group, Group::Wanted(_));
        if let (Some(replica), Some(taker), true) = (&from.replica, &to.replica, stays) {
            let why = format!("{} goes to {}", resource.rendered(), taker.container_name());
            let made = to.needs.iter().chain(&from.needs);
            let made = made.filter(|fact| matches!(fact, Fact::Ready(_)));
            let made = made.filter(|fact| !links.givers_of(fact).any(|step| is_on(&step)));
            let ready = made.cloned().collect();
            yields.push(Holder { replica: replica.clone(), why, ready });
        }
    }
    yields.sort();
    yields.dedup_by(|a, b| a.replica == b.replica);
    let steps = || circle.iter().filter_map(|node| links.steps.get(*node as usize));
    let mut deployments: Vec<_> = steps().map(|step| step.place.deployment.clone()).collect();
    deployments.sort();
    deployments.dedup();
    let words: Vec<_> = steps().take(8).map(|step| step.action.to_string()).collect();
    Exchange { yields, steps: words.join(", "), deployments }
}

/// The strongly connected components, each sorted (Tarjan's algorithm, without recursion).
fn components(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    const NEW: u32 = u32::MAX;
    let mut index = vec![NEW; edges.len()];
    let mut low = vec![0_u32; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let (mut stack, mut found) = (Vec::new(), Vec::new());
    let mut next = 0_u32;
    let nodes = u32::try_from(edges.len()).expect("BUG: too many steps");
    for root in 0..nodes {
        if index[root as usize] != NEW {
            continue;
        }
        let mut work = vec![(root, 0_usize)];
        while let Some((node, edge)) = work.pop() {
            let at = node as usize;
            if edge == 0 {
                index[at] = next;
                low[at] = next;
                next += 1;
                stack.push(node);
                on_stack[at] = true;
            }
            if let Some(to) = edges[at].get(edge) {
                work.push((node, edge + 1));
                if index[*to as usize] == NEW {
                    work.push((*to, 0));
                } else if on_stack[*to as usize] {
                    low[at] = low[at].min(index[*to as usize]);
                }
                continue;
            }
            if low[at] == index[at] {
                let start = stack.iter().rposition(|other| *other == node).unwrap_or(0);
                let mut component = stack.split_off(start);
                for other in &component {
                    on_stack[*other as usize] = false;
                }
                component.sort_unstable();
                found.push(component);
            }
            if let Some((parent, _)) = work.last() {
                low[*parent as usize] = low[*parent as usize].min(low[at]);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_and_lines_are_none() {
        let edges = [vec![1], vec![2], vec![0], vec![2], vec![3], vec![]];
        let mut found = components(&edges);
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![3], vec![4], vec![5]]);
    }
}
