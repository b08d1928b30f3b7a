//! One pass through the stages for all deployments together, as often as one of them turns
//! out to be withheld because of the others.

mod withholds;

use std::collections::{BTreeMap, BTreeSet};

use super::about;
use super::back;
use super::decide::{self, Across, Decisions, Leaving, Shared, Standing};
use super::graph::{Links, numbered_after, steps, without_used};
use super::guards::{self, Drafts};
use super::transition::{self, Transition};
use model::contained::contained;
use model::desired::Entry;
use model::id::{DeploymentId, EngineName, ImageRef};
use model::plan::{Blocked, DeploymentState, Health, Plan, Sync, WaitingOn};

/// What the stages are given, and what was found out about how deployments meet.
pub(super) struct Pass<'a> {
    shared: Shared<'a>,
    leaving: &'a Leaving<'a>,
    standings: BTreeMap<&'a DeploymentId, Standing<'a>>,
    across: Across,
    /// Deployments that are withheld as a whole because of other deployments.
    refused: BTreeMap<DeploymentId, Vec<Blocked>>,
}

/// What leaves, as steps.
pub(super) struct Leavers {
    steps: Vec<Transition>,
    blocked: Vec<Blocked>,
}

impl<'a> Pass<'a> {
    /// Finds out which deployments may be touched.
    pub(super) fn begin(shared: Shared<'a>, leaving: &'a Leaving<'a>) -> Self {
        let valid = shared.desired.deployments.iter().filter_map(|(id, entry)| match entry {
            Entry::Valid(deployment, _) if shared.observed.covers(id) => {
                Some((id, decide::standing(shared, leaving, deployment)))
            }
            _ => None,
        });
        let standings: BTreeMap<_, _> = valid.collect();
        Self { shared, leaving, standings, across: Across::default(), refused: BTreeMap::new() }
    }

    /// Decides about every open deployment, until no decision changes another one by
    /// its effect on shared containers.
    pub(super) fn decide(&mut self) -> Vec<Decisions<'a>> {
        let resting = guards::resting(self.shared, self.leaving, self.open());
        self.across.renewed = self.open().flat_map(|c| decide::renewed(&c, &resting)).collect();
        self.across.renewing = self.renewing(&resting);
        self.across.resting = resting;
        let mut decisions = self.decided();
        if !self.open().any(|context| guards::shares_across(&context)) {
            return decisions;
        }
        for _ in 0..=decisions.len() {
            let mut next = self.across.given(self.leaving);
            for decisions in &decisions {
                guards::share(decisions, &mut next);
            }
            if next == self.across {
                break;
            }
            self.across = next;
            decisions = self.decided();
        }
        decisions
    }

    /// Images that are pulled anew although they are there, for deployments that may do so.
    fn renewing(
        &self,
        resting: &BTreeSet<DeploymentId>,
    ) -> BTreeMap<(EngineName, ImageRef), BTreeSet<DeploymentId>> {
        let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for context in self.open().filter(|context| !resting.contains(&context.deployment.id)) {
            for image in decide::refreshed(&context) {
                let at = (context.deployment.engine.clone(), image.clone());
                all.entry(at).or_default().insert(context.deployment.id.clone());
            }
        }
        all
    }

    /// One decision after the other; a bug in one withholds that one.
    fn decided(&mut self) -> Vec<Decisions<'a>> {
        let contexts: Vec<_> = self.open().collect();
        let mut all = Vec::with_capacity(contexts.len());
        for context in contexts {
            match contained(|| decide::decide(context, &self.across)) {
                Ok(decisions) => all.push(decisions),
                Err(fault) => self.fault(&context.deployment.id, fault),
            }
        }
        all
    }

    /// The decisions that may be carried out.
    pub(super) fn guard(&mut self, decisions: &[Decisions<'a>]) -> Drafts<'a> {
        let mut drafts = Drafts::new();
        for decisions in decisions {
            let id = &decisions.context.deployment.id;
            match contained(|| guards::draft(decisions)) {
                Ok(draft) => drop(drafts.insert(id, draft)),
                Err(fault) => self.fault(id, fault),
            }
        }
        drafts
    }

    /// What is decided about all deployments that are known, also where nothing may be done.
    pub(super) fn decided_of_all(&self) -> Vec<Decisions<'a>> {
        let known = self.standings.values().filter_map(|standing| standing.known);
        known.filter_map(|c| contained(|| decide::decide(c, &self.across)).ok()).collect()
    }

    fn open(&self) -> impl Iterator<Item = super::context::Context<'a>> {
        let open = self.standings.iter().filter(|(id, _)| !self.refused.contains_key(**id));
        open.filter_map(|(_, standing)| standing.open)
    }

    /// What leaves.
    pub(super) fn depart(&self, drafts: &Drafts<'a>) -> Leavers {
        let is_withheld = |id: &DeploymentId| self.is_withheld(id, drafts);
        let departures = self.leaving.departures(self.shared, is_withheld);
        let (mut steps, mut blocked) = (Vec::new(), departures.blocked);
        for gone in &departures.gone {
            let (of_it, withheld) = transition::departures(self.shared, gone);
            steps.extend(of_it);
            blocked.extend(withheld);
        }
        if !self.leaving.is_withheld() {
            let mut rest = decide::remembered(self.shared, self.leaving);
            rest.retain(|(id, _)| !is_withheld(id));
            steps.extend(rest.into_iter().map(|(id, engine)| transition::forgotten(id, engine)));
        }
        let left = |id: &&DeploymentId| !self.shared.desired.deployments.contains_key(*id);
        blocked.extend(self.refused.keys().filter(left).flat_map(|id| self.refused[id].clone()));
        Leavers { steps, blocked }
    }

    /// Whether nothing at all is done for a deployment, on any engine.
    fn is_withheld(&self, id: &DeploymentId, drafts: &Drafts<'a>) -> bool {
        self.refused.contains_key(id)
            || matches!(self.shared.desired.deployments.get(id), Some(Entry::Invalid(_)))
            || self.standings.get(id).is_some_and(|s| guards::is_withheld(&s.blocked))
            || drafts.get(id).is_some_and(|draft| guards::is_withheld(&draft.blocked))
    }

    /// Links all steps of the pass, but those of deployments that it withholds: each round
    /// withholds one more, so that the rounds end.
    pub(super) fn link(&self, drafts: &mut Drafts<'_>, leavers: &mut Leavers) -> Links {
        let all = drafts.values_mut().map(|draft| &mut draft.steps).chain([&mut leavers.steps]);
        let open = |step: &Transition| !self.refused.contains_key(&step.place.deployment);
        let (steps, used) = without_used(all.flat_map(std::mem::take).filter(open).collect());
        leavers.blocked.extend(used);
        Links::of(steps)
    }

    fn fault(&mut self, id: &DeploymentId, fault: String) {
        let blocked = Blocked {
            deployment: Some(id.clone()),
            subject: format!("apply {id}"),
            waiting_on: WaitingOn::Fault { fault },
            at: None,
        };
        self.refused.entry(id.clone()).or_default().push(blocked);
    }

    /// The plan.
    pub(super) fn plan(&self, links: Links, mut drafts: Drafts<'a>, leavers: Leavers) -> Plan {
        let desired = self.shared.desired;
        let mut plan = Plan::empty(desired.source.clone(), desired.revision.clone());
        plan.steps = steps(links);
        plan.blocked = guards::twice_named(self.shared);
        let mut asides = Vec::new();
        for (id, entry) in &desired.deployments {
            let failed = back::withheld(desired, id).filter(|_| self.shared.observed.covers(id));
            let mut state = match (entry, self.standings.get(id)) {
                (Entry::Valid(..), Some(standing)) => {
                    plan.left_alone.extend(standing.left_alone.iter().cloned());
                    plan.forgotten.extend(standing.forgotten.iter().cloned());
                    plan.blocked.extend(standing.blocked.iter().cloned());
                    plan.blocked.extend(self.refused.get(id).into_iter().flatten().cloned());
                    match drafts.remove(id) {
                        Some(draft) => {
                            let state =
                                DeploymentState { sync: draft.sync(), ..standing.state.clone() };
                            plan.blocked.extend(draft.blocked);
                            plan.adopted.extend(draft.adopted);
                            asides.extend(draft.aside);
                            state
                        }
                        None => standing.state.clone(),
                    }
                }
                (Entry::Invalid(diagnostics), _) if self.shared.observed.covers(id) => {
                    plan.blocked.push(Blocked {
                        deployment: Some(id.clone()),
                        subject: format!("apply {id}"),
                        waiting_on: WaitingOn::ValidStack,
                        at: diagnostics.iter().find_map(|diagnostic| diagnostic.at.clone()),
                    });
                    DeploymentState { sync: Sync::Unknown, health: Health::Unknown }
                }
                _ => continue,
            };
            if let Some(failed) = failed {
                plan.blocked.push(failed);
                state.sync = Sync::OutOfSync;
            }
            plan.deployments.insert(id.clone(), state);
        }
        plan.blocked.extend(leavers.blocked);
        let ledger = &self.shared.observed.ledger.ledger;
        about::add(&mut plan, (desired, ledger), |id| self.standings.get(id)?.open);
        plan.adoptions = numbered_after(plan.steps.len(), asides);
        plan
    }
}
