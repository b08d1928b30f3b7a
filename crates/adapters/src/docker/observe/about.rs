//! What an engine says of itself. It runs two programs to answer, so that it is asked once in each
//! of its starts.

use serde::{Deserialize, Serialize};

use super::inspect;
use crate::docker::Docker;
use crate::docker::wire::answer::Info;
use crate::docker::wire::transport::Engine;
use model::ability::Abilities;
use model::id::EngineId;
use model::observed::NetworkView;
use world::OutsideError;

/// The network that every start of an engine makes.
const BRIDGE: &str = "bridge";

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::docker) struct About {
    /// The id that it gives itself.
    pub(in crate::docker) id: EngineId,
    /// What it can do.
    pub(in crate::docker) abilities: Abilities,
    /// What tells this start of the engine from any other; `None` if nothing does.
    #[serde(default)]
    pub(in crate::docker) start: Option<Start>,
}

/// One start of an engine: each makes the built-in network `bridge` anew. Not so an engine with
/// live-restore, nor one without that network, of which only this connection tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::docker) struct Start(String);

impl Start {
    /// The start that made these networks.
    fn of(networks: &[NetworkView]) -> Option<Self> {
        let mut found = networks.iter().filter(|view| view.spec.name.as_str() == BRIDGE);
        found.next().map(|view| Self(view.id.to_string()))
    }
}

/// What this process knows of an engine, and since which connection.
#[derive(Clone, Debug)]
pub(in crate::docker) struct Known {
    about: About,
    connection: u64,
}

impl Docker {
    /// What the engine says of itself. It starts two programs for the answer, so that it is
    /// asked once for each of its starts, which these networks tell; what a record `remembers`
    /// of this very start counts, too.
    pub(super) async fn about(
        &self,
        remembered: &[About],
        networks: &[NetworkView],
    ) -> Result<About, OutsideError> {
        let start = Start::of(networks);
        let mut known = self.about.lock().await;
        let fits = |known: &Known| match &known.about.start {
            Some(_) => known.about.start == start,
            None => known.connection == self.transport.connection(),
        };
        let about = match &*known {
            Some(known) if fits(known) => known.about.clone(),
            before => {
                if before.is_some() {
                    self.transport.forget().await;
                }
                let same = |about: &&About| about.start.is_some() && about.start == start;
                match remembered.iter().find(same) {
                    Some(about) => about.clone(),
                    None => self.ask_about(start).await?,
                }
            }
        };
        let Engine { version: api, buildkit } = self.read(self.transport.engine()).await?;
        let connection = self.transport.connection();
        *known = Some(Known { about: about.clone(), connection });
        let abilities = Abilities { api, buildkit, ..about.abilities };
        Ok(About { abilities, ..about })
    }

    /// What the engine said of itself at the last look.
    pub(in crate::docker) async fn last_about(&self) -> Result<About, OutsideError> {
        let known = self.about.lock().await.as_ref().map(|known| known.about.clone());
        match known {
            Some(about) => Ok(about),
            None => self.about(&[], &self.networks().await?).await,
        }
    }

    async fn ask_about(&self, start: Option<Start>) -> Result<About, OutsideError> {
        let info: Info = self.decoded(&self.get("/info").await?)?;
        let id = info.id.clone().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.failed("it does not tell its id"))?;
        let start = start.filter(|_| info.live_restore_enabled != Some(true));
        Ok(About { id: EngineId::new(id), abilities: inspect::abilities(info), start })
    }
}
