//! Numbers: every step after those that it needs, else in the order of ranks, and of its
//! predecessors only those that no other of them waits for anyway.

use std::collections::{BTreeMap, BTreeSet};

use super::links::Links;
use crate::plan::fact::Fact;
use crate::plan::transition::{Group, Transition};
use model::id::StepId;
use model::plan::Step;

/// The steps of a graph without circles, numbered from 1.
pub(in crate::plan) fn steps(links: Links) -> Vec<Step> {
    let order = order(&links);
    let mut number = vec![0_u32; links.steps.len()];
    for (place, step) in (1..).zip(&order) {
        number[*step as usize] = place;
    }
    let mut reduced = Reduction::new(&links, &order, &number).reduced;
    let predecessors: Vec<Vec<u32>> =
        order.iter().map(|step| reduced[*step as usize].take().unwrap_or_default()).collect();
    drop(reduced);
    let id = |step: u32| StepId(number[step as usize]);
    let (transitions, givers) = links.into_parts();
    let given = |fact: &Fact| givers.first(fact).map_or(StepId(0), id);
    let mut transitions: Vec<_> = transitions.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(order.len());
    for (step, after) in order.iter().zip(predecessors) {
        let transition = transitions[*step as usize].take().expect("BUG: a step is emitted twice");
        let mut action = transition.action;
        for placeholder in action.placeholders_mut() {
            *placeholder = given(&transition.uses[placeholder.0 as usize]);
        }
        steps.push(Step {
            id: id(*step),
            deployment: transition.place.deployment,
            engine: transition.place.engine,
            action,
            causes: transition.causes.into_iter().map(|why| why.resolve(given)).collect(),
            replica: transition.replica,
            after: after.into_iter().map(id).collect(),
            only_if: transition.when.map(|when| when.resolve(given)),
        });
    }
    steps
}

/// What is remembered although it is no step, with numbers after those of the steps.
pub(in crate::plan) fn numbered_after(steps: usize, asides: Vec<Transition>) -> Vec<Step> {
    let numbered = asides.into_iter().zip(steps + 1..);
    numbered
        .map(|(aside, number)| Step {
            id: StepId(u32::try_from(number).expect("BUG: too many steps")),
            deployment: aside.place.deployment,
            engine: aside.place.engine,
            action: aside.action,
            causes: aside.causes.into_iter().map(|why| why.resolve(|_| StepId(0))).collect(),
            replica: None,
            after: BTreeSet::new(),
            only_if: None,
        })
        .collect()
}

/// The steps, each after those that it comes after: groups that others need first, and
/// within a group by rank, unless something is needed earlier.
fn order(links: &Links) -> Vec<u32> {
    let mut order = Vec::with_capacity(links.steps.len());
    let mut seen = vec![false; links.before.len()];
    let steps = links.steps.len();
    for group in groups(links) {
        for root in group {
            let mut work = vec![(root, 0_usize)];
            while let Some((node, edge)) = work.pop() {
                let at = node as usize;
                if edge == 0 && std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                if let Some(to) = links.before[at].get(edge) {
                    work.push((node, edge + 1));
                    if !seen[*to as usize] {
                        work.push((*to, 0));
                    }
                } else if at < steps {
                    order.push(node);
                }
            }
        }
    }
    order
}

/// The steps of each group by rank; groups in such an order that those come first which
/// others need, as far as that is no circle.
fn groups(links: &Links) -> Vec<Vec<u32>> {
    let mut members: BTreeMap<&Group, Vec<u32>> = BTreeMap::new();
    for (step, transition) in (0..).zip(&links.steps) {
        members.entry(&transition.rank.group).or_default().push(step);
    }
    let mut needs: BTreeMap<&Group, BTreeSet<&Group>> = BTreeMap::new();
    let group = |step: u32| &links.steps[step as usize].rank.group;
    let is_step = |node: &&u32| (**node as usize) < links.steps.len();
    for (step, before) in (0..).zip(&links.before).take(links.steps.len()) {
        let facts = before.iter().filter(|node| !is_step(node));
        // A fact that many give is given by one group.
        let givers = facts.filter_map(|fact| links.before[*fact as usize].first());
        let others = before.iter().filter(is_step).chain(givers);
        for other in others.map(|other| group(*other)).filter(|other| *other != group(step)) {
            needs.entry(group(step)).or_default().insert(other);
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for root in members.keys() {
        let mut work = vec![(*root, false)];
        while let Some((group, done)) = work.pop() {
            if done {
                order.push(group);
            } else if seen.insert(group) {
                work.push((group, true));
                let needed = needs.get(group).into_iter().flatten().rev();
                work.extend(needed.map(|other| (*other, false)));
            }
        }
    }
    order.into_iter().filter_map(|group| members.remove(group)).collect()
}

/// Predecessors without those that others of them wait for.
struct Reduction<'l> {
    links: &'l Links,
    number: &'l [u32],
    /// Of each step, its predecessors; of each fact, its last givers.
    reduced: Vec<Option<Vec<u32>>>,
    /// In which search a step was reached last.
    reached: Vec<u32>,
    search: u32,
}

impl<'l> Reduction<'l> {
    fn new(links: &'l Links, order: &[u32], number: &'l [u32]) -> Self {
        let reduced = vec![None; links.before.len()];
        let reached = vec![0; links.steps.len()];
        let mut all = Self { links, number, reduced, reached, search: 0 };
        for step in order {
            all.settle(*step);
        }
        all
    }

    /// Finds the predecessors of a step whose own predecessors are settled.
    fn settle(&mut self, step: u32) {
        let steps = self.links.steps.len();
        let mut all = Vec::new();
        for node in &self.links.before[step as usize] {
            let at = *node as usize;
            if at < steps {
                all.push(*node);
                continue;
            }
            if self.reduced[at].is_none() {
                self.reduced[at] = Some(self.reduce(self.links.before[at].clone()));
            }
            all.extend(self.reduced[at].iter().flatten());
        }
        all.retain(|other| *other != step);
        self.reduced[step as usize] = Some(self.reduce(all));
    }

    fn reduce(&mut self, mut set: Vec<u32>) -> Vec<u32> {
        set.sort_unstable();
        set.dedup();
        if set.len() < 2 {
            set.shrink_to_fit();
            return set;
        }
        self.search += 1;
        let first = set.iter().map(|step| self.number[*step as usize]).min().unwrap_or(0);
        let mut open = set.clone();
        while let Some(step) = open.pop() {
            for before in self.reduced[step as usize].iter().flatten() {
                let reached = &mut self.reached[*before as usize];
                if self.number[*before as usize] >= first && *reached != self.search {
                    *reached = self.search;
                    open.push(*before);
                }
            }
        }
        set.retain(|step| self.reached[*step as usize] != self.search);
        set.shrink_to_fit();
        set
    }
}
