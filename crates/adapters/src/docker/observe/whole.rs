//! What only who takes a container over asks for: all that the engine says of it, which of its
//! image's files it changed, and the engine's own defaults. No look does.

use serde::Deserialize;
use serde_json::Value as Json;

use super::{absent, inspect};
use crate::docker::Docker;
use crate::docker::wire::answer::ContainerInspect;
use crate::http::percent_encoded;
use model::engine_defaults::EngineDefaults;
use model::id::ContainerId;
use model::observed::ContainerView;
use model::share::Namespace;
use world::OutsideError;

/// What `GET /info` says of defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Defaults {
    logging_driver: Option<String>,
    default_runtime: Option<String>,
    cgroup_version: Option<String>,
}

/// A change of a file in a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    path: String,
}

impl Docker {
    /// A container by its name or the beginning of its id, and the engine's whole answer; `None` if
    /// there is none.
    ///
    /// # Errors
    /// If the engine does not answer, or says something that is no container.
    pub async fn whole(&self, name: &str) -> Result<Option<(ContainerView, Json)>, OutsideError> {
        let path = format!("/containers/{}/json", percent_encoded(name));
        let answer = self.read(absent(self.transport.get(&path))).await?;
        let Some(answer) = answer else { return Ok(None) };
        let seen: ContainerInspect<'_> = self.decoded(&answer)?;
        let view = inspect::container(seen).map_err(|error| self.failed(error))?;
        Ok(Some((view, self.decoded(&answer)?)))
    }

    /// The paths of its image that a container changed, and those that it added, in the order of
    /// the engine. What is mounted is not among them.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub async fn changed_files(&self, id: &ContainerId) -> Result<Vec<String>, OutsideError> {
        let id = percent_encoded(id.as_str());
        let answer = self.get(&format!("/containers/{id}/changes")).await?;
        let changes: Option<Vec<Change>> = self.decoded(&answer)?;
        Ok(changes.into_iter().flatten().map(|change| change.path).collect())
    }

    /// What the engine gives where nobody says anything.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub async fn defaults(&self) -> Result<EngineDefaults, OutsideError> {
        let info: Defaults = self.decoded(&self.get("/info").await?)?;
        let first = info.cgroup_version.as_deref() == Some("1");
        Ok(EngineDefaults {
            logging: info.logging_driver,
            runtime: info.default_runtime,
            cgroup: if first { Namespace::Host } else { Namespace::Private },
        })
    }
}
