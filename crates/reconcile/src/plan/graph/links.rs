//! Needs and who meets them, takers and who frees what they take.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::fact::{Fact, Resource, Who};
use crate::plan::transition::Transition;
use model::action::Action;
use model::id::{ContainerId, ContainerName, DeploymentId, EngineName};
use model::plan::{Blocked, WaitingOn};
use model::share::Peer;

/// Steps, and what links them. Nodes are the steps, by their place in the order of ranks,
/// and after them the facts.
pub(in crate::plan) struct Links {
    pub(in crate::plan) steps: Vec<Transition>,
    /// The nodes that each node comes after.
    pub(super) before: Vec<Vec<u32>>,
    /// A taker of something that another step frees first: the one that frees it, the
    /// one that takes it, and what it is.
    pub(super) handovers: Vec<(u32, u32, Resource)>,
    givers: Givers,
}

/// Which steps give which facts.
pub(super) struct Givers {
    /// What each step gives.
    facts: Vec<Vec<Fact>>,
    /// Steps and places in what they give, by fact, then by step.
    sorted: Vec<(u32, u32)>,
}

impl Givers {
    /// Takes what the steps give.
    fn of(steps: &mut [Transition]) -> Self {
        let take = |step: &mut Transition| std::mem::take(&mut step.gives);
        let facts: Vec<Vec<Fact>> = steps.iter_mut().map(take).collect();
        let all = (0..).zip(&facts).flat_map(|(step, gives)| {
            let places = 0..node(gives.len());
            places.map(move |place| (step, place))
        });
        let mut sorted: Vec<(u32, u32)> = all.collect();
        let fact = |(step, place): &(u32, u32)| &facts[*step as usize][*place as usize];
        sorted.sort_by(|a, b| fact(a).cmp(fact(b)));
        Self { facts, sorted }
    }

    fn fact(&self, (step, place): (u32, u32)) -> &Fact {
        &self.facts[step as usize][place as usize]
    }

    /// The first place of a fact in the sorted list.
    fn place(&self, fact: &Fact) -> Option<usize> {
        let place = self.sorted.partition_point(|at| self.fact(*at) < fact);
        let found = self.sorted.get(place).is_some_and(|at| self.fact(*at) == fact);
        found.then_some(place)
    }

    /// The first step that gives a fact.
    pub(super) fn first(&self, fact: &Fact) -> Option<u32> {
        self.place(fact).map(|place| self.sorted[place].0)
    }
}

/// A need that nothing in this pass or the world meets: its deployment is withheld.
pub(in crate::plan) struct Unmet {
    pub(in crate::plan) deployment: DeploymentId,
    pub(in crate::plan) blocked: Blocked,
    /// Whether the step that needs it may turn out not to be needed.
    pub(in crate::plan) is_conditional: bool,
}

impl Links {
    /// Links steps, in whichever order they come.
    pub(in crate::plan) fn of(mut steps: Vec<Transition>) -> Self {
        steps.sort_by(|a, b| a.rank.cmp(&b.rank));
        let givers = Givers::of(&mut steps);
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); steps.len()];
        // The node of the fact at each place of the sorted list.
        let mut nodes: Vec<u32> = Vec::with_capacity(givers.sorted.len());
        for (place, at) in givers.sorted.iter().enumerate() {
            if place == 0 || givers.fact(givers.sorted[place - 1]) != givers.fact(*at) {
                before.push(Vec::new());
            }
            nodes.push(node(before.len() - 1));
            before.last_mut().expect("BUG: a fact has a node").push(at.0);
        }
        for (step, transition) in numbered(&steps) {
            let required = transition.requires.iter().map(|(fact, _)| fact);
            let facts = transition.needs.iter().chain(&transition.uses).chain(required);
            let known = facts.filter_map(|fact| Some(nodes[givers.place(fact)?]));
            before[step as usize] = known.collect();
        }
        let handovers = handovers(&steps);
        for (frees, takes, _) in &handovers {
            before[*takes as usize].push(*frees);
        }
        Self { steps, before, handovers, givers }
    }

    /// The step that gives a fact.
    pub(super) fn giver(&self, fact: &Fact) -> Option<u32> {
        self.givers.first(fact)
    }

    /// All steps that give a fact.
    pub(super) fn givers_of(&self, fact: &Fact) -> impl Iterator<Item = u32> {
        let from = self.givers.place(fact).unwrap_or(self.givers.sorted.len());
        let all = self.givers.sorted[from..].iter();
        all.take_while(move |at| self.givers.fact(**at) == fact).map(|(step, _)| *step)
    }

    /// The deployments with steps that depend on an image which no step brings.
    pub(in crate::plan) fn unbrought(&self) -> BTreeSet<DeploymentId> {
        let conditional = self.steps.iter().filter_map(|s| Some((s, s.when.as_deref()?)));
        let lacking =
            conditional.filter(|(_, when)| when.facts().any(|fact| self.giver(fact).is_none()));
        lacking.map(|(step, _)| step.place.deployment.clone()).collect()
    }

    /// The deployments with steps that may turn out not to be needed.
    pub(in crate::plan) fn conditional(&self) -> BTreeSet<DeploymentId> {
        let conditional = self.steps.iter().filter(|step| step.when.is_some());
        conditional.map(|step| step.place.deployment.clone()).collect()
    }

    /// The steps, without what they give, and who gives what.
    pub(super) fn into_parts(self) -> (Vec<Transition>, Givers) {
        (self.steps, self.givers)
    }

    /// Needs that nothing meets. `bearer` says which container has a name now.
    pub(in crate::plan) fn unmet(
        &self,
        bearer: impl Fn(&EngineName, &ContainerName) -> Option<ContainerId>,
    ) -> Vec<Unmet> {
        let mut all = Vec::new();
        let taken: BTreeSet<(u32, &Resource)> =
            self.handovers.iter().map(|(_, to, what)| (*to, what)).collect();
        for (step, transition) in numbered(&self.steps) {
            let deployment = &transition.place.deployment;
            let is_conditional = transition.when.is_some();
            let mut add = |blocked| {
                all.push(Unmet { deployment: deployment.clone(), blocked, is_conditional });
            };
            for (fact, blocked) in &transition.requires {
                if self.giver(fact).is_none() {
                    add(blocked.clone());
                }
            }
            let withheld = |waiting_on| Blocked {
                deployment: Some(deployment.clone()),
                subject: transition.action.to_string(),
                waiting_on,
                at: transition.causes.iter().find_map(|why| why.at().cloned()),
            };
            for fact in transition.uses.iter().filter(|fact| self.giver(fact).is_none()) {
                let waiting_on = match fact {
                    Fact::Exists(Who::Made(_, name)) => {
                        WaitingOn::MissingPeer { peer: Peer::Container(name.clone()) }
                    }
                    other => WaitingOn::Fault { fault: format!("nothing gives {other:?}") },
                };
                add(withheld(waiting_on));
            }
            for resource in &transition.takes {
                let Resource::Name(engine, name) = resource else { continue };
                let freed = taken.contains(&(step, resource));
                if let Some(container) = bearer(engine, name).filter(|_| !freed) {
                    add(withheld(WaitingOn::FreeName { container }));
                }
            }
        }
        all
    }
}

fn numbered(steps: &[Transition]) -> impl Iterator<Item = (u32, &Transition)> {
    (0..).zip(steps)
}

fn node(place: usize) -> u32 {
    u32::try_from(place).expect("BUG: too many steps")
}

/// Which step frees what another one takes.
fn handovers(steps: &[Transition]) -> Vec<(u32, u32, Resource)> {
    let mut freed: BTreeMap<Resource, Vec<(u32, &Resource)>> = BTreeMap::new();
    for (step, transition) in numbered(steps) {
        for resource in &transition.frees {
            freed.entry(resource.key()).or_default().push((step, resource));
        }
    }
    if freed.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (step, transition) in numbered(steps) {
        // It makes room for what takes it.
        let makes_room = matches!(transition.action, Action::StopContainer { .. });
        for resource in &transition.takes {
            let all_of_it = freed.get(&resource.key()).into_iter().flatten();
            let others = all_of_it.filter(|(other, free)| {
                let own = &steps[*other as usize].replica;
                let same = *other == step || makes_room && *own == transition.replica;
                !same && free.overlaps(resource)
            });
            all.extend(others.map(|(other, _)| (*other, step, resource.clone())));
        }
    }
    all
}
