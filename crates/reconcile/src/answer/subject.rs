//! What is known of one deployment on one engine: what the source wants, what was applied, what is
//! there and what is withheld.

use super::Facts;
use crate::plan::{Surveyed, SurveyedNetwork};
use model::desired::{Deployment, Entry, Service};
use model::diagnostic::Diagnostic;
use model::id::{DeploymentId, EngineName, ImageRef, SourceId};
use model::ledger::{DeploymentRecord, PastRollout};
use model::observed::{EngineContents, EngineView};
use model::plan::Blocked;

/// What is known of one deployment on one engine.
pub(super) struct Subject<'f, 'a> {
    pub(super) facts: &'f Facts<'a>,
    pub(super) id: DeploymentId,
    pub(super) engine: Option<EngineName>,
    /// What the source wants here.
    pub(super) desired: Option<&'a Deployment>,
    /// What was last applied here.
    pub(super) record: Option<&'a DeploymentRecord>,
    /// The containers of it here.
    pub(super) containers: Vec<&'f Surveyed<'a>>,
    /// What the engine holds; `None` if it was not seen.
    pub(super) contents: Option<&'a EngineContents>,
    /// What is withheld of it.
    pub(super) blocked: Vec<&'a Blocked>,
}

impl<'f, 'a> Subject<'f, 'a> {
    pub(super) fn of(facts: &'f Facts<'a>, id: DeploymentId, engine: Option<EngineName>) -> Self {
        let observed = facts.known.observed;
        let here = |at: &EngineName| engine.as_ref() == Some(at);
        let entry = facts.known.wanted.and_then(|(desired, _)| desired.deployments.get(&id));
        let desired = match entry {
            Some(Entry::Valid(deployment, _)) if here(&deployment.engine) => Some(&**deployment),
            _ => None,
        };
        let record = engine.as_ref().and_then(|engine| observed.ledger.ledger.applied(engine, &id));
        let containers = facts.survey.containers.iter();
        let containers = containers.filter(|c| here(&c.engine) && c.replica.deployment == id);
        let contents = engine.as_ref().filter(|engine| facts.survey.engines.contains(*engine));
        let contents = contents.and_then(|engine| match observed.engines.get(engine)? {
            EngineView::Seen(contents) => Some(&**contents),
            EngineView::Unseen { .. } => None,
        });
        // What is withheld is said once, where the deployment is to be.
        let elsewhere = matches!(entry, Some(Entry::Valid(..))) && desired.is_none();
        let blocked = facts.known.wanted.into_iter().flat_map(|(_, plan)| &plan.blocked);
        let blocked =
            blocked.filter(|b| !elsewhere && b.deployment.as_ref() == Some(&id)).collect();
        Self {
            containers: containers.collect(),
            facts,
            id,
            engine,
            desired,
            record,
            contents,
            blocked,
        }
    }

    /// Its last rollouts.
    pub(super) fn history(&self) -> Vec<PastRollout> {
        let ledger = &self.facts.known.observed.ledger.ledger;
        let record = self.engine.as_ref().and_then(|engine| ledger.record(engine, &self.id));
        record.map(|record| record.history.clone()).unwrap_or_default()
    }

    /// Whether the source has it, on whatever engine.
    pub(super) fn is_listed(&self) -> bool {
        let wanted = self.facts.known.wanted;
        wanted.is_some_and(|(desired, _)| desired.deployments.contains_key(&self.id))
    }

    /// Whether the source that was read has it here, as far as that can be read.
    pub(super) fn is_wanted(&self) -> bool {
        let entry =
            self.facts.known.wanted.and_then(|(desired, _)| desired.deployments.get(&self.id));
        self.desired.is_some() || matches!(entry, Some(Entry::Invalid(_)))
    }

    /// The source that its networks here were made for.
    pub(super) fn source_of_network(&self) -> Option<&'f SourceId> {
        let mut networks = self.facts.survey.networks.iter();
        let own = |n: &&SurveyedNetwork<'_>| {
            n.deployment == self.id && Some(&n.engine) == self.engine.as_ref()
        };
        networks.find(own).map(|network| &network.source)
    }

    /// The first error of its stack, if that is not valid.
    pub(super) fn invalid(&self) -> Option<&'a Diagnostic> {
        let (desired, _) = self.facts.known.wanted?;
        let Some(Entry::Invalid(all)) = desired.deployments.get(&self.id) else { return None };
        let mut errors = all.iter().filter(|one| one.is_error());
        errors.clone().find(|one| one.at.is_some()).or_else(|| errors.next())
    }

    /// Why not everything of it was seen.
    pub(super) fn unseen(&self) -> Option<String> {
        let observed = self.facts.known.observed;
        let engine = self.engine.as_ref()?;
        if self.contents.is_none() {
            return Some(match observed.engines.get(engine) {
                Some(EngineView::Unseen { error }) => error.clone(),
                Some(EngineView::Seen(contents)) if contents.id.is_none() => {
                    "the engine does not tell its id".to_owned()
                }
                Some(EngineView::Seen(_)) => {
                    format!("engine `{engine}` is configured under several names")
                }
                None => format!("engine `{engine}` is not configured"),
            });
        }
        observed.ledger.record(engine, &self.id).err().map(str::to_owned)
    }

    /// The name of an image, masked if what it is made from is a secret.
    pub(super) fn image(&self, service: Option<&Service>, image: &ImageRef) -> ImageRef {
        if service.is_some_and(|service| service.sensitive.contains("image")) {
            ImageRef::new(self.facts.known.settings.masker.mask(image.as_str()))
        } else {
            image.clone()
        }
    }
}
