//! What is there, for people: the tree of deployments, from what was seen, what the source wants
//! and what the plan says of it. Pure: no I/O and no clock; the time is that of the look.
//!
//! Whose something is, in what it differs and what is withheld, [`plan`](crate::plan) says;
//! nothing of that is found out anew.

mod container;
mod deployment;
mod goal;
mod places;
mod service;
mod subject;

use std::collections::BTreeMap;

use self::deployment::deployment;
pub use self::goal::{Goal, Lack, lacking};
use self::places::places;
use crate::plan::{Settings, Survey, survey};
use model::catalog::CatalogView;
use model::desired::{DesiredState, Layout};
use model::id::{Revision, SourceId};
use model::observed::{EngineView, ObservedState};
use model::overview::Overview;
use model::plan::Plan;
use model::settling::Settling;
use model::tree::{Commit, RevisionNode, SCHEMA_VERSION, Time, Tree, UnseenNode};

/// What an answer is made from.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What the source wants, and what has to be done for it; `None` if no source was read.
    pub wanted: Option<(&'a DesiredState, &'a Plan)>,
    /// What the commit that this was read from says of itself, if it was one.
    pub commit: Option<&'a Commit>,
    /// What was seen.
    pub observed: &'a ObservedState,
    /// What the operator decided.
    pub settings: &'a Settings,
}

/// What is known, in order.
struct Facts<'a> {
    known: Known<'a>,
    survey: Survey<'a>,
    overview: Option<Overview>,
}

impl Facts<'_> {
    /// A revision, with its commit if that is known.
    fn revision(&self, id: &Revision) -> RevisionNode {
        let newest = self.known.wanted.is_some_and(|(desired, _)| desired.revision == *id);
        let commit = self.known.commit.filter(|_| newest).cloned();
        RevisionNode { id: id.clone(), commit }
    }
}

/// The tree of what is known.
#[must_use]
pub fn tree(known: Known<'_>) -> Tree {
    let nothing = unread();
    let desired = known.wanted.map_or(&nothing, |(desired, _)| desired);
    let survey = survey(desired, known.observed, known.settings);
    let overview = known.wanted.map(|(_, plan)| Overview::of(plan));
    let facts = Facts { known, survey, overview };
    let deployments = places(&facts).into_iter().map(|place| deployment(&facts, place)).collect();
    let blocked = known.wanted.into_iter().flat_map(|(_, plan)| &plan.blocked);
    Tree {
        schema_version: SCHEMA_VERSION,
        at: Time(known.observed.at),
        source: known.wanted.map(|(desired, _)| desired.source.clone()),
        revision: known.wanted.map(|(desired, _)| facts.revision(&desired.revision)),
        unseen: unseen(known.observed),
        deployments,
        withheld: blocked.filter(|blocked| blocked.deployment.is_none()).cloned().collect(),
    }
}

/// The desired state of no source: labels and the ledger tell what is ours.
pub(crate) fn unread() -> DesiredState {
    DesiredState {
        source: SourceId::new(""),
        revision: Revision::new(""),
        layout: Layout::Listed,
        deployments: BTreeMap::new(),
        incomplete: Vec::new(),
        settling: Settling::default(),
        provisional: BTreeMap::new(),
        instead: BTreeMap::new(),
    }
}

/// What did not answer.
fn unseen(observed: &ObservedState) -> Vec<UnseenNode> {
    let mut all = Vec::new();
    for (name, view) in &observed.engines {
        if let EngineView::Unseen { error } = view {
            let (part, engine) = (format!("engine `{name}`"), Some(name.clone()));
            all.push(UnseenNode { part, engine, error: error.clone() });
        }
    }
    let mut other = |part: &str, error: &String| {
        all.push(UnseenNode { part: part.to_owned(), engine: None, error: error.clone() });
    };
    if let CatalogView::Unseen { error } = &observed.catalog {
        other("Consul", error);
    }
    if let Some(error) = &observed.ledger.unseen {
        other("the ledger", error);
    }
    all
}
