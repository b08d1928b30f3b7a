//! One pass through the stages for all deployments together, as often as one of them turns
//! out to be withheld because of the others.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{self, Across, Decisions, Departures, Leaving, Shared, Standing, Yield};
use super::graph::{Links, exchanges, steps};
use super::guards::{self, Draft, is_withheld};
use super::transition::{self, Transition};
use super::{check, seen};
use crate::model::action::StepId;
use crate::model::desired::{Deployment, Entry};
use crate::model::id::DeploymentId;
use crate::model::plan::{Blocked, DeploymentState, Health, Plan, Step, Sync, WaitingOn};
use crate::model::share::Peer;

/// What the stages are given, and what was found out about how deployments meet.
pub(super) struct Pass<'a> {
    shared: Shared<'a>,
    leaving: &'a Leaving<'a>,
    standings: BTreeMap<&'a DeploymentId, Standing<'a>>,
    across: Across,
    /// Deployments that are withheld as a whole because of what others do.
    refused: BTreeMap<DeploymentId, Vec<Blocked>>,
}

/// What each deployment brings into the plan.
pub(super) type Drafts<'a> = BTreeMap<&'a DeploymentId, Draft>;

/// What of the decisions may be carried out.
pub(super) fn guard<'a>(decisions: &[Decisions<'a>]) -> Drafts<'a> {
    let draft = |all: &Decisions<'a>| (&all.context.deployment.id, guards::draft(all));
    decisions.iter().map(draft).collect()
}

/// Links all steps of the pass.
pub(super) fn link(drafts: &mut Drafts<'_>, leavers: &mut Leavers<'_>) -> Links {
    let all = drafts.values_mut().map(|draft| &mut draft.steps).chain([&mut leavers.steps]);
    Links::of(all.flat_map(std::mem::take).collect())
}

/// What leaves, as steps.
pub(super) struct Leavers<'a> {
    departures: Departures<'a>,
    steps: Vec<Transition>,
    blocked: Vec<Blocked>,
}

impl<'a> Pass<'a> {
    /// Finds out which deployments may be touched.
    pub(super) fn begin(shared: Shared<'a>, leaving: &'a Leaving<'a>) -> Self {
        let valid = shared.desired.deployments.iter().filter_map(|(id, entry)| match entry {
            Entry::Valid(deployment, _) => {
                Some((id, decide::standing(shared, leaving, deployment)))
            }
            Entry::Invalid(_) => None,
        });
        let standings: BTreeMap<_, _> = valid.collect();
        let open = standings.values().filter_map(|standing| standing.open.as_ref());
        let renewed = open.flat_map(decide::renewed).collect();
        let across = Across { renewed, ..Across::default() };
        Self { shared, leaving, standings, across, refused: BTreeMap::new() }
    }

    /// Decides about every open deployment, until none has to be decided otherwise because
    /// of what another one's containers become.
    pub(super) fn decide(&mut self) -> Vec<Decisions<'a>> {
        let mut decisions: Vec<Decisions<'a>> =
            self.open().map(|c| decide::decide(c, &self.across)).collect();
        if !self.open().any(|context| shares_across(context.deployment)) {
            return decisions;
        }
        for _ in 0..=decisions.len() {
            let mut told = Across {
                renewed: self.across.renewed.clone(),
                yields: self.across.yields.clone(),
                ..Across::default()
            };
            for decisions in &decisions {
                guards::tell(decisions, &mut told);
            }
            if told == self.across {
                break;
            }
            self.across = told;
            decisions = self.open().map(|c| decide::decide(c, &self.across)).collect();
        }
        decisions
    }

    fn open(&self) -> impl Iterator<Item = super::context::Context<'a>> {
        let open = self.standings.iter().filter(|(id, _)| !self.refused.contains_key(**id));
        open.filter_map(|(_, standing)| standing.open)
    }

    /// What leaves.
    pub(super) fn depart(&self, drafts: &Drafts<'a>) -> Leavers<'a> {
        let withheld = |id: &DeploymentId| {
            let standing = self.standings.get(id).is_some_and(|s| is_withheld(&s.blocked));
            let invalid =
                matches!(self.shared.desired.deployments.get(id), Some(Entry::Invalid(_)));
            let draft = drafts.get(id).is_some_and(|draft| is_withheld(&draft.blocked));
            standing || invalid || draft || self.refused.contains_key(id)
        };
        let departures = self.leaving.departures(self.shared, withheld);
        let (mut steps, mut blocked) = (Vec::new(), departures.blocked.clone());
        for gone in &departures.gone {
            if !self.refused.contains_key(&gone.deployment) {
                let (of_it, withheld) = transition::departures(self.shared, gone);
                steps.extend(of_it);
                blocked.extend(withheld);
            }
        }
        if !self.leaving.is_withheld() {
            let rest = decide::remembered(self.shared, self.leaving).into_iter();
            steps.extend(rest.map(|(id, engine)| transition::forgotten(id, engine)));
        }
        Leavers { departures, steps, blocked }
    }

    /// Withholds deployments whose needs nothing meets. Returns whether there are any.
    pub(super) fn refuses(&mut self, links: &Links) -> bool {
        let engines = self.shared.engines;
        let unmet = links.unmet(|engine, name| engines.get(engine)?.bearer(name).cloned());
        let found = !unmet.is_empty();
        for unmet in unmet {
            let refused = self.refused.entry(unmet.deployment).or_default();
            if !refused.contains(&unmet.blocked) {
                refused.push(unmet.blocked);
            }
        }
        found
    }

    /// Lets an old container stop earlier for each circle of steps. Returns whether there
    /// are any.
    pub(super) fn yields(&mut self, links: &Links) -> bool {
        let exchanges = exchanges(links);
        let found = !exchanges.is_empty();
        for exchange in exchanges {
            let given = |replica| self.across.yields.get(replica);
            let is_early = |yields: &Yield| yields.early.is_some();
            let may = exchange.yields.iter().filter(|h| !given(&h.replica).is_some_and(is_early));
            match may.min_by_key(|holder| given(&holder.replica).is_some()) {
                Some(holder) => {
                    let early = given(&holder.replica).map(|_| holder.ready.clone());
                    let yields = Yield { why: holder.why.clone(), early };
                    self.across.yields.insert(holder.replica.clone(), yields);
                }
                None => {
                    for id in &exchange.deployments {
                        let steps = &exchange.steps;
                        self.fault(id, format!("these steps wait for each other: {steps}"));
                    }
                }
            }
        }
        found
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
    pub(super) fn plan(&self, links: Links, drafts: Drafts<'a>, leavers: Leavers<'a>) -> Plan {
        let desired = self.shared.desired;
        let mut plan = Plan {
            source: desired.source.clone(),
            revision: desired.revision.clone(),
            steps: steps(links),
            blocked: self.twice_named(),
            adopted: Vec::new(),
            adoptions: Vec::new(),
            left_alone: Vec::new(),
            forgotten: Vec::new(),
            deployments: BTreeMap::new(),
        };
        let mut asides = Vec::new();
        let mut drafts = drafts;
        for (id, entry) in &desired.deployments {
            let state = match (entry, self.standings.get(id)) {
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
                (Entry::Invalid(diagnostics), _) => {
                    plan.blocked.push(Blocked {
                        deployment: Some(id.clone()),
                        subject: format!("apply {id}"),
                        waiting_on: WaitingOn::ValidStack,
                        at: diagnostics.iter().find_map(|diagnostic| diagnostic.at.clone()),
                    });
                    DeploymentState { sync: Sync::Unknown, health: Health::Unknown }
                }
                (Entry::Valid(..), None) => continue,
            };
            plan.deployments.insert(id.clone(), state);
        }
        plan.blocked.extend(leavers.blocked);
        let _ = leavers.departures;
        plan.adoptions = numbered_after(plan.steps.len(), asides);
        plan
    }

    /// Engines that were seen under several names.
    fn twice_named(&self) -> Vec<Blocked> {
        let engines = self.shared.observed.engines.keys();
        let same: BTreeSet<_> =
            engines.map(|engine| seen::same(engine, self.shared.observed)).collect();
        let same = same.into_iter().filter(|engines| !engines.is_empty());
        same.map(|engines| Blocked {
            deployment: None,
            subject: "change anything on an engine of several names".to_owned(),
            waiting_on: WaitingOn::OneName { engines },
            at: None,
        })
        .collect()
    }

    /// Withholds deployments whose steps have faults. Returns whether there are any.
    pub(super) fn is_faulty(&mut self, plan: &Plan) -> bool {
        let faults = check(plan);
        for fault in &faults {
            let deployment = plan.step(fault.step()).map(|step| step.deployment.clone());
            if let Some(id) = deployment {
                self.fault(&id, fault.to_string());
            }
        }
        !faults.is_empty()
    }
}

/// Whether a deployment shares with containers that it names by themselves.
fn shares_across(deployment: &Deployment) -> bool {
    let services = deployment.services.values();
    let mut peers = services.flat_map(|service| service.spec.peers());
    peers.any(|peer| matches!(peer, Peer::Container(_)))
}

/// What is remembered although it is no step, with numbers after those of the steps.
fn numbered_after(steps: usize, asides: Vec<Transition>) -> Vec<Step> {
    let numbered = asides.into_iter().zip(steps + 1..);
    numbered
        .map(|(aside, number)| Step {
            id: StepId(u32::try_from(number).expect("BUG: too many steps")),
            deployment: aside.place.deployment,
            engine: aside.place.engine,
            action: aside.action,
            causes: aside.causes.into_iter().map(|why| why.resolve(|_| StepId(0))).collect(),
            after: BTreeSet::new(),
        })
        .collect()
}
